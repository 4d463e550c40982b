"""`mdsa route`: where messages would go, without answering them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from rich.console import Console

from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, facts, plain, table, write_json

if TYPE_CHECKING:
    from mdsa.graph.context import RunContext
    from mdsa.graph.state import Classification

__all__ = ["route"]


@takes_common_options()
def route(
    invocation: Invocation,
    text: Annotated[str | None, typer.Argument(help="The message.")] = None,
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl", help='Read {"text": …} lines from standard input; write one line for each.'
        ),
    ] = False,
    domains: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON list of {name, description, keywords, examples?}, instead of the app's.",
        ),
    ] = None,
    router: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Trained router, or folder or hub id of a classifier or encoder, to use instead "
            "of the default. Without --domains, a trained router's labels are the domains.",
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Confidence required to pick one domain.")
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option(help="Acceptable share of routing errors, instead of the threshold."),
    ] = None,
) -> None:
    """Show how well each domain fits a message, and what would be decided.

    Each message is judged on its own, as if it were the first of a session.
    """
    if (text is None) == (not jsonl):
        raise typer.BadParameter("give either a text or --jsonl")
    if target_error is not None and not 0 < target_error < 1:
        raise typer.BadParameter(f"--target-error is {target_error}; give a share between 0 and 1")
    judge = _judge(invocation, domains, router, threshold, target_error)
    if text is None:
        from mdsa.cli.route_lines import answer_lines

        answer_lines(_standard_input(), judge, invocation.settings.max_message_chars)
        return
    from mdsa.utils import clean_message

    (verdict,) = judge([clean_message(text, invocation.settings.max_message_chars)])
    if invocation.as_json:
        write_json(verdict)
    else:
        _show(verdict, console())


def _standard_input() -> BinaryIO:
    """Standard input through an object of our own.

    Python stops with a fatal error if a thread still reads `sys.stdin` when the process ends.
    """
    try:
        return open(sys.stdin.fileno(), "rb", closefd=False)
    except (OSError, ValueError):  # replaced by an object without a descriptor
        return sys.stdin.buffer


def _judge(
    invocation: Invocation,
    domains: Path | None,
    router: str | None,
    threshold: float | None,
    target_error: float | None,
) -> Callable[[list[str]], list[dict[str, Any]]]:
    """A function from texts to verdicts, over the given domains, the router's or the app's."""
    from mdsa.cli.route_setup import open_routing
    from mdsa.graph.context import RunContext
    from mdsa.nodes.classify import Turn, classify_turns

    routing = open_routing(invocation.settings, domains, router)
    if target_error is None and threshold is None:
        target_error = routing.target_error
    context = RunContext(
        threshold=routing.threshold if threshold is None else threshold, target_error=target_error
    )

    def judge(texts: list[str]) -> list[dict[str, Any]]:
        turns = [Turn(text) for text in texts]
        found = classify_turns(
            routing.router, turns, routing.names, target_error=context.target_error
        )
        return [_verdict(classification, context) for classification in found]

    return judge


def _verdict(found: Classification, context: RunContext) -> dict[str, Any]:
    from mdsa.nodes.gate import decide
    from mdsa.router import best_domains

    route = decide(found, context).route
    scores = route["scores"]
    (best,) = best_domains(scores)
    return {
        "domain": best,
        "confidence": scores[best],
        "scores": scores,
        "decision": route["decision"],
        "domains": route["domains"],
        "out_of_scope": route["out_of_scope"],
        "reason": route["reason"],
    }


def _show(verdict: dict[str, Any], out: Console) -> None:
    out.print(
        facts(
            {
                "decision": plain(verdict["decision"], "bold"),
                "domains": plain(", ".join(verdict["domains"]) or "none"),
                "why": plain(verdict["reason"]),
            }
        )
    )
    scores = {**verdict["scores"], "(no domain)": verdict["out_of_scope"]}
    rows = [
        (name, f"{score:.3f}", plain("█" * round(score * 24), "cyan"))
        for name, score in sorted(scores.items(), key=lambda item: -item[1])
    ]
    out.print()
    out.print(table(["domain", "probability", ""], rows))
