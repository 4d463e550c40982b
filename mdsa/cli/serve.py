"""`mdsa serve`: the agent over HTTP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, write_json
from mdsa.errors import ConfigError
from mdsa.utils.loopback import is_loopback

if TYPE_CHECKING:
    from fastapi import FastAPI

    from mdsa.server.settings import ServerSettings
    from mdsa.settings import Settings

__all__ = ["serve"]


@takes_common_options()
def serve(
    invocation: Invocation,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Number of worker processes, for example one per core.")
    ] = 1,
) -> None:
    """Answer over HTTP until Ctrl-C or SIGTERM; turns in flight finish first.

    Workers share sessions, knowledge and API keys. Each loads its own models and counts its own
    turns and requests, so limits of the server and of keys apply per worker.

    Until an API key exists (`mdsa keys create`), only this machine is answered. Set limits with
    the environment variables MDSA_SERVER_…; docs/deploy.md lists them.
    """
    from mdsa.server.keys import KeyStore

    settings = invocation.settings
    locked = KeyStore(settings.data_dir).configured
    if not locked and not is_loopback(host):
        raise ConfigError(
            f"no API key is configured, and {host} can be reached from other machines; create one "
            "with `mdsa keys create OWNER`, or listen on 127.0.0.1."
        )
    from mdsa.domains.app_file import demo_app_path, load_app
    from mdsa.server.listening import open_socket
    from mdsa.server.settings import load_server_settings

    limits = load_server_settings()
    # What is wrong in it is said here in a line; a worker could only fail to start.
    load_app(settings.app or demo_app_path())
    listening = open_socket(host, port)

    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listening.getsockname()[1]}"
    if invocation.as_json:
        write_json({"url": url, "api_key_needed": locked})
    else:
        _tell(url, locked=locked, dashboard=limits.dashboard)
    if workers > 1:
        from mdsa.server.workers import Workers

        with TemporaryDirectory(prefix="mdsa-workers-") as folder:
            make_app = partial(_make_app, settings, limits, True, Path(folder))
            Workers(make_app, workers, listening, limits.drain_s).run()
        return
    from mdsa.server.process import DrainingServer

    owns_process = invocation.state.owns_process
    app = _make_app(settings, limits, owns_process)
    DrainingServer(app, drain_s=limits.drain_s, owns_process=owns_process).run(sockets=[listening])


def _make_app(
    settings: Settings,
    limits: ServerSettings,
    owns_process: bool,
    workers_folder: Path | None = None,
) -> FastAPI:
    from mdsa.cli.logs import set_up_audit_log, set_up_logs
    from mdsa.core.orchestrator import TinyBERTOrchestrator
    from mdsa.server.application import create_app

    if workers_folder is not None:
        set_up_logs(settings)
    if owns_process:
        set_up_audit_log(settings)
    return create_app(
        lambda: TinyBERTOrchestrator.from_app(settings.app, settings=settings),
        settings=limits,
        workers_folder=workers_folder,
    )


def _tell(url: str, *, locked: bool, dashboard: bool) -> None:
    notices = console(stderr=True)
    notices.print(plain(f"Serving on {url} (press Ctrl-C to stop)."))
    if dashboard:
        notices.print(plain(f"Dashboard: {url}/dashboard"))
    if not locked:
        notices.print(
            plain(
                "No API key is configured, so only this machine is answered. "
                "Create one with: mdsa keys create OWNER"
            )
        )
