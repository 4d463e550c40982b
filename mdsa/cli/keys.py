"""`mdsa keys`: who may use the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, facts, plain, table, write_json
from mdsa.errors import UnknownNameError

if TYPE_CHECKING:
    from mdsa.server.keys import ApiKey
    from mdsa.settings import Settings

__all__ = ["keys"]

keys = typer.Typer(no_args_is_help=True, help="Create, list and revoke the server's API keys.")


@keys.command("create")
@takes_common_options()
def create_key(
    invocation: Invocation,
    owner: Annotated[str, typer.Argument(help="Whose sessions the key gives access to.")],
    domain: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Domain the key may use (repeatable; default: all)."),
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Requests per minute (default: the server's limit).")
    ] = None,
    manages: Annotated[
        bool,
        typer.Option("--manages", help="Allow it to upload and delete documents of its domains."),
    ] = False,
) -> None:
    """Create a key and show it once; only its hash is stored.

    As soon as one key exists, the server requires a key from everyone.
    """
    from mdsa.server.keys import KeyStore

    settings = invocation.settings
    _check_domains(settings, domain or [])
    made, text = KeyStore(settings.data_dir).create(
        owner, domains=domain or None, requests_per_minute=rate, manages=manages
    )
    if invocation.as_json:
        write_json({"key": text, **_fields(made)})
        return
    console().print(plain(text))
    console(stderr=True).print(
        plain("Save it now: it is not stored and cannot be shown again.", "dim")
    )


@keys.command("list")
@takes_common_options("app_file")
def list_keys(invocation: Invocation) -> None:
    """List the keys, oldest first."""
    from mdsa.server.keys import KeyStore

    found = KeyStore(invocation.settings.data_dir).list()
    if invocation.as_json:
        write_json([_fields(key) for key in found])
        return
    out = console()
    if not found:
        out.print(plain("There are no API keys."))
        return
    rows = [
        (
            key.id,
            key.owner,
            "all" if key.domains is None else ", ".join(key.domains),
            key.requests_per_minute or "server default",
            key.created_at.astimezone().strftime("%Y-%m-%d %H:%M"),
        )
        for key in found
    ]
    columns = ["key", "owner", "domains", "per minute", "created"]
    out.print(table(columns, rows, whole=["key"]))


@keys.command("revoke")
@takes_common_options("app_file")
def revoke_key(
    invocation: Invocation,
    key_id: Annotated[str, typer.Argument(metavar="KEY", help="The key's id.")],
) -> None:
    """Delete a key by the id that `mdsa keys list` shows. Running servers refuse it at once."""
    from mdsa.server.keys import KeyStore

    gone = KeyStore(invocation.settings.data_dir).revoke(key_id)
    if invocation.as_json:
        write_json({"revoked": _fields(gone)})
        return
    console().print(facts({"revoked": plain(gone.id), "owner": plain(gone.owner)}))


def _check_domains(settings: Settings, asked: list[str]) -> None:
    """Refuse a misspelled domain now, and not at every request."""
    if not asked:
        return
    from mdsa.domains.app_file import demo_app_path, load_app

    names = [entry.config.name for entry in load_app(settings.app or demo_app_path()).domains]
    for name in asked:
        if name not in names:
            raise UnknownNameError("domain", name, names)


def _fields(key: ApiKey) -> dict[str, Any]:
    return key.model_dump(mode="json", exclude={"sha256"})
