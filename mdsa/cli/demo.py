"""`mdsa demo`: a scripted conversation with the example shop, answered by the real graph."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdsa.cli.demo_turns import DEMO_TURNS, DemoTurn
from mdsa.cli.errors import describe_error, report_error
from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import answer_panel, console, plain, result_facts, write_json
from mdsa.errors import MdsaError

if TYPE_CHECKING:
    from mdsa.core.orchestrator import TinyBERTOrchestrator
    from mdsa.core.result import RequestResult
    from mdsa.settings import Settings

__all__ = ["demo"]

_TURN_FAILED = 1


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back, and for which message.

    Attributes:
        approved: the decision that was resumed with; None for an answer to the message itself.
    """

    question: str
    context: dict[str, Any]
    approved: bool | None
    result: RequestResult


@takes_common_options("app_file")
def demo(
    invocation: Invocation,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help="Keep sessions and knowledge in the data folder (default: discard them).",
        ),
    ] = False,
) -> None:
    """Watch a scripted conversation with the example shop.

    Every answer is computed live by the app that ships with MDSA, without a network.
    With --json, each turn is one line: the result object with its title, question and context.
    """
    started = time.perf_counter()
    first: float | None = None
    failed = turns = 0
    with ExitStack() as stack:
        settings = invocation.settings
        if not keep:
            folder = TemporaryDirectory(prefix="mdsa-demo-", ignore_cleanup_errors=True)
            settings = _inside(settings, Path(stack.enter_context(folder)))
        from mdsa.cli.agent import open_agent
        from mdsa.domains.app_file import demo_app_path

        agent = stack.enter_context(open_agent(settings, demo_app_path()))
        for turn in DEMO_TURNS:
            try:
                for answer in _answers(agent, turn):
                    turns += 1
                    first = first or time.perf_counter() - started
                    _show(invocation, turns, turn, answer)
            except MdsaError as error:
                turns += 1
                failed += 1
                _show_failure(invocation, turn, error)
        spent = time.perf_counter() - started
    closing = f"{turns} turns in {spent:.1f} s"
    if first is not None:
        closing += f", first answer after {first:.1f} s"
    if failed:
        closing += f", {failed} failed"
    console(stderr=invocation.as_json).print(plain(f"\n{closing}", "bold"))
    if failed:
        raise typer.Exit(_TURN_FAILED)


def _inside(settings: Settings, folder: Path) -> Settings:
    """The settings of a run that finds and leaves nothing but the prepared encoder in the cache."""
    return settings.model_copy(
        update={"data_dir": folder, "chroma_persist_dir": None, "intent_model_path": None}
    )


def _answers(agent: TinyBERTOrchestrator, turn: DemoTurn) -> Iterator[_Answer]:
    """The turn's result, and after an approval the result of what was approved."""
    result = agent.process_request(turn.question, turn.context)
    yield _Answer(turn.question, turn.context, None, result)
    while result["interrupts"]:
        result = agent.resume(result["session_id"], turn.approve, turn.context)
        yield _Answer(turn.question, turn.context, turn.approve, result)


def _show(invocation: Invocation, number: int, turn: DemoTurn, answer: _Answer) -> None:
    if invocation.as_json:
        head = {
            "title": turn.title,
            "question": answer.question,
            "context": answer.context,
            "approved": answer.approved,
        }
        write_json({**head, **answer.result})
        return
    out = console()
    out.print()
    if answer.approved is None:
        out.rule(plain(f"{number}. {turn.title}", "bold"), align="left")
        out.print(plain("> ", "bold cyan") + plain(answer.question))
        if turn.allowed_domains is not None:
            out.print(plain(f"  may use: {', '.join(turn.allowed_domains)}", "dim"))
    else:
        decision = "approved" if answer.approved else "declined"
        out.rule(plain(f"{number}. The person {decision}", "bold"), align="left")
    out.print(answer_panel(answer.result))
    out.print(result_facts(answer.result))


def _show_failure(invocation: Invocation, turn: DemoTurn, error: MdsaError) -> None:
    report_error(error)
    if invocation.as_json:
        head = {"title": turn.title, "question": turn.question, "context": turn.context}
        write_json({**head, "error": describe_error(error)})
