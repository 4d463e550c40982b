"""`mdsa ask` and `mdsa resume`: one turn, and the rest of a turn that waits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import (
    answer_panel,
    console,
    plain,
    result_facts,
    write_json,
)

if TYPE_CHECKING:
    from mdsa.core.result import RequestResult

__all__ = ["AllowOption", "SessionOption", "UserOption", "ask", "resume", "turn_context"]

SessionOption = Annotated[
    str | None,
    typer.Option("--session", metavar="ID", help="Session to continue (default: a new one)."),
]
UserOption = Annotated[
    str | None, typer.Option("--user", metavar="ID", help="Who is asking; owns the session.")
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow", metavar="DOMAIN", help="Domain the caller may use (repeatable; default: all)."
    ),
]


def turn_context(session: str | None, user: str | None, allow: list[str] | None) -> dict[str, Any]:
    """The context of a turn, as `process_request` takes it."""
    given = {"session_id": session, "user_id": user, "allowed_domains": allow or None}
    return {name: value for name, value in given.items() if value is not None}


@takes_common_options()
def ask(
    invocation: Invocation,
    text: Annotated[str, typer.Argument(help="The message; use - to read it from standard input.")],
    session: SessionOption = None,
    user: UserOption = None,
    allow: AllowOption = None,
) -> None:
    """Ask one question and show the answer with its sources.

    With --json, the result object is printed. A tool that changes something waits for approval:
    the result lists the pending calls; approve or decline them with `mdsa resume`.
    """
    from mdsa.cli.agent import open_agent
    from mdsa.utils import clean_message

    settings = invocation.settings
    message = clean_message(sys.stdin.read() if text == "-" else text, settings.max_message_chars)
    with open_agent(settings) as agent:
        result = agent.process_request(message, turn_context(session, user, allow))
    _show(invocation, result)


@takes_common_options()
def resume(
    invocation: Invocation,
    session: Annotated[str, typer.Argument(metavar="SESSION", help="The session to continue.")],
    approve: Annotated[
        bool | None,
        typer.Option("--approve/--decline", help="Approve or decline the pending tool calls."),
    ] = None,
    user: UserOption = None,
    allow: AllowOption = None,
) -> None:
    """Continue a session's unfinished turn.

    Give --approve or --decline if tool calls are waiting for a decision, and neither if the turn
    was cut off, for example by a crash.
    """
    from mdsa.cli.agent import open_agent

    with open_agent(invocation.settings) as agent:
        result = agent.resume(session, approve, turn_context(None, user, allow))
    _show(invocation, result)


def _show(invocation: Invocation, result: RequestResult) -> None:
    if invocation.as_json:
        write_json(result)
        return
    out = console()
    out.print(answer_panel(result))
    out.print(result_facts(result))
    out.print(plain(f"  session {result['session_id']}", "dim"))
    if result["interrupts"]:
        out.print(plain(f"to decide: mdsa resume {result['session_id']} --approve (or --decline)"))
