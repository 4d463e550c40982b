"""`mdsa sessions`: what was said, and getting rid of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mdsa.cli.ask import UserOption
from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, facts, plain, table, write_json

if TYPE_CHECKING:
    from mdsa.sessions import SessionBackend

__all__ = ["parse_age", "sessions"]

T = TypeVar("T")

sessions = typer.Typer(no_args_is_help=True, help="List, show, delete and prune sessions.")

_AGE = re.compile(r"(\d{1,6})\s*([smhdw])")
_WHOLE_CHARS = 40
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_age(text: str) -> timedelta:
    """Read an age such as `30d`: a number and one of s, m, h, d, w.

    Raises:
        BadParameter: it is none.
    """
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise typer.BadParameter(
            f"{text!r} is not an age; write something like 30d, 12h, 90m, 2w or 45s."
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@sessions.command("list")
@takes_common_options("app_file")
def list_sessions(
    invocation: Invocation,
    user: UserOption = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number to list.")] = 100,
) -> None:
    """List sessions, most recently used first."""
    found = _use(invocation, lambda store: store.list(user, limit=limit))
    if invocation.as_json:
        write_json([_fields(info) for info in found])
        return
    rows = [
        (info.session_id, info.user_id or "", info.turns, _when(info.updated_at), info.last_domain)
        for info in found
    ]
    out = console()
    if rows:
        # A name that no terminal shows on one line would be cut off.
        fits = all(len(info.session_id) <= _WHOLE_CHARS for info in found)
        columns = ["session", "user", "turns", "last used", "domain"]
        out.print(table(columns, rows, whole=["session"] if fits else []))
    else:
        out.print(plain("There are no sessions."))


@sessions.command("show")
@takes_common_options("app_file")
def show_session(
    invocation: Invocation,
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")],
    user: UserOption = None,
) -> None:
    """Show what was said in a session."""
    found = _use(invocation, lambda store: store.show(session, user))
    if invocation.as_json:
        write_json(_fields(found))
        return
    out = console()
    out.print(
        facts(
            {
                "session": plain(found.session_id),
                "user": plain(found.user_id or "none"),
                "turns": plain(found.turns),
                "last used": plain(_when(found.updated_at)),
            }
        )
    )
    for message in found.messages:
        speaker = message["domain"] or message["role"]
        out.print(plain(f"\n{speaker}", "bold"))
        out.print(plain(message["content"]))


@sessions.command("delete")
@takes_common_options("app_file")
def delete_session(
    invocation: Invocation,
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session's id.")],
    user: UserOption = None,
) -> None:
    """Delete a session and everything said in it."""
    _use(invocation, lambda store: store.delete(session, user))
    if invocation.as_json:
        write_json({"deleted": [session]})
    else:
        console().print(plain(f"Deleted session {session}."))


@sessions.command("prune")
@takes_common_options("app_file")
def prune_sessions(
    invocation: Invocation,
    max_age: Annotated[
        str | None,
        typer.Option(
            metavar="AGE", help="Delete sessions unused for longer than this, such as 30d or 12h."
        ),
    ] = None,
    max_sessions: Annotated[
        int | None, typer.Option(min=0, help="Keep only this many, the most recently used.")
    ] = None,
) -> None:
    """Delete old sessions, and old checkpoints of the sessions that stay."""
    age = None if max_age is None else parse_age(max_age)
    report = _use(invocation, lambda store: store.prune(max_age=age, max_sessions=max_sessions))
    if invocation.as_json:
        write_json(_fields(report))
        return
    console().print(
        facts(
            {
                "deleted": plain(", ".join(report.deleted) or "no session"),
                "kept, in use": plain(", ".join(report.busy) or "none"),
                "old checkpoints": plain(report.checkpoints_deleted),
                "bytes freed": plain(report.bytes_freed),
            }
        )
    )


def _use(invocation: Invocation, action: Callable[[SessionBackend], Awaitable[T]]) -> T:
    from mdsa.sessions import open_sessions

    async def run() -> T:
        async with open_sessions(invocation.settings) as store:
            return await action(store)

    return asyncio.run(run())


def _fields(value: Any) -> dict[str, Any]:
    return {
        name: field.isoformat() if isinstance(field, datetime) else field
        for name, field in asdict(value).items()
    }


def _when(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
