"""`mdsa serve`: the agent over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, write_json
from mdsa.errors import ConfigError
from mdsa.utils.loopback import is_loopback

__all__ = ["serve"]


@takes_common_options()
def serve(
    invocation: Invocation,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM; turns in flight are answered first.

    While no API key exists (`mdsa keys create`), only this machine is answered. Limits are
    variables of the environment, MDSA_SERVER_…; see the README.
    """
    from mdsa.server.keys import KeyStore

    settings = invocation.settings
    locked = KeyStore(settings.data_dir).configured
    if not locked and not is_loopback(host):
        raise ConfigError(
            f"no API key is configured, and {host} can be reached from other machines; create one "
            "with `mdsa keys create OWNER`, or listen on 127.0.0.1."
        )
    from mdsa.server.listening import open_socket
    from mdsa.server.settings import load_server_settings

    limits = load_server_settings()
    listening = open_socket(host, port)

    from mdsa.cli.logs import set_up_audit_log
    from mdsa.core.orchestrator import TinyBERTOrchestrator
    from mdsa.server.application import create_app
    from mdsa.server.process import DrainingServer

    if invocation.state.owns_process:
        set_up_audit_log(settings)
    app = create_app(
        lambda: TinyBERTOrchestrator.from_app(settings.app, settings=settings), settings=limits
    )
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}"
    if invocation.as_json:
        write_json({"url": url, "api_key_needed": locked})
    else:
        _tell(url, locked=locked, dashboard=limits.dashboard)
    server = DrainingServer(app, drain_s=limits.drain_s, owns_process=invocation.state.owns_process)
    server.run(sockets=[listening])


def _tell(url: str, *, locked: bool, dashboard: bool) -> None:
    notices = console(stderr=True)
    notices.print(plain(f"Serving on {url} (Ctrl-C ends it)."))
    if dashboard:
        notices.print(plain(f"Dashboard: {url}/dashboard"))
    if not locked:
        notices.print(
            plain(
                "No API key is configured: only this machine is answered. "
                "Create one with: mdsa keys create OWNER"
            )
        )
