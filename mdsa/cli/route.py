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
from mdsa.errors import ConfigError

if TYPE_CHECKING:
    from mdsa.graph.context import RunContext
    from mdsa.graph.state import Classification
    from mdsa.router import RouterDomain

__all__ = ["route"]


@takes_common_options()
def route(
    invocation: Invocation,
    text: Annotated[str | None, typer.Argument(help="A message.")] = None,
    jsonl: Annotated[
        bool,
        typer.Option(
            "--jsonl", help='Read {"text": …} lines on standard input; write a line for each.'
        ),
    ] = False,
    domains: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="JSON list of {name, description, keywords, examples?}, in place of the app's.",
        ),
    ] = None,
    router: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A trained router (not in this version).")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Confidence that one domain needs.")
    ] = None,
) -> None:
    """Show how well each domain fits a message, and what would be decided.

    Every message is judged alone, as the first one of a session.
    """
    if (text is None) == (not jsonl):
        raise typer.BadParameter("give either a text or --jsonl")
    if router is not None:
        raise ConfigError(
            f"--router {router}: trained routers come with a later version; leave the option out "
            "to route by similarity."
        )
    judge = _judge(invocation, domains, threshold)
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
    invocation: Invocation, domains: Path | None, threshold: float | None
) -> Callable[[list[str]], list[dict[str, Any]]]:
    """A function from texts to verdicts, over the given domains or the app's."""
    from mdsa.graph.context import RunContext
    from mdsa.nodes.classify import classify_turns
    from mdsa.router.similarity import SimilarityRouter

    settings = invocation.settings
    if domains is None:
        from mdsa.domains.app_file import demo_app_path, load_app

        app = load_app(settings.app or demo_app_path())
        known = [entry.config.router_domain() for entry in app.domains]
        default = app.file.threshold
    else:
        known = _read_domains(domains)
        default = settings.use_reasoning_threshold
    router = SimilarityRouter()
    for domain in known:
        router.add_domain(domain)
    names = [domain.name for domain in known]
    context = RunContext(threshold=default if threshold is None else threshold)

    def judge(texts: list[str]) -> list[dict[str, Any]]:
        found = classify_turns(router, [(text, "") for text in texts], names)
        return [_verdict(classification, context) for classification in found]

    return judge


def _verdict(found: Classification, context: RunContext) -> dict[str, Any]:
    from mdsa.nodes.gate import decide

    route = decide(found, context).route
    scores = route["scores"]
    best = min(scores, key=lambda name: (-scores[name], name))
    return {
        "domain": best,
        "confidence": scores[best],
        "scores": scores,
        "decision": route["decision"],
        "domains": route["domains"],
        "out_of_scope": route["out_of_scope"],
        "reason": route["reason"],
    }


def _read_domains(path: Path) -> list[RouterDomain]:
    """Read the domains of a JSON file.

    Raises:
        ConfigError: it cannot be read, or a domain lacks something; names file and key.
    """
    from pydantic import BaseModel, Field, TypeAdapter, ValidationError

    from mdsa.router import RouterDomain
    from mdsa.utils.validation import describe_problems

    class Entry(BaseModel):
        name: str = Field(min_length=1)
        description: str = Field(min_length=1)
        keywords: list[str] = []
        examples: list[str] = []

    try:
        entries = TypeAdapter(list[Entry]).validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe_problems(error)}") from error
    if not entries:
        raise ConfigError(f"{path} lists no domain; give at least one.")
    return [
        RouterDomain(entry.name, entry.description, tuple(entry.keywords), tuple(entry.examples))
        for entry in entries
    ]


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
