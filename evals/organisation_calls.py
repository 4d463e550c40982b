"""Which tools `embedded://reader` calls for requests to made-up organisations, and with what.

    python -m mdsa.evals.organisation_calls [--path evals/data/organisations/held_out] [--misses F]

A request is offered the tools of its domain. It is right where exactly the expected calls are made
with every argument right, none left out and none added. Strings are compared as the Berkeley
Function Calling Leaderboard does (see `mdsa.evals.tool_matching`), articles aside. The table of
errors counts arguments of the calls that were expected and made.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from mdsa.evals.cluster_bootstrap import clustered_share
from mdsa.evals.organisation_requests import load_requests, organisation_of
from mdsa.evals.tool_data import ExpectedCall, ToolCase
from mdsa.evals.tool_matching import same_value
from mdsa.models.reader.chat_model import ReaderChatModel

__all__ = ["Outcome", "ask", "judge", "main", "table"]

_HELD_OUT = Path(__file__).parent / "data" / "organisations" / "held_out"
_ARTICLE = re.compile(r"^(?:the|a|an|my|our|your)\s+|[.!?,;]+$", re.IGNORECASE)

Call = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was called for a request.

    Attributes:
        case: the request.
        calls: those made.
        tools_right: whether exactly the expected tools were called, as often as expected.
        errors: (kind, argument) of everything that is wrong; nothing where the request is right.
    """

    case: ToolCase
    calls: tuple[Call, ...]
    tools_right: bool
    errors: tuple[tuple[str, str], ...]


def ask(model: BaseChatModel, case: ToolCase) -> Outcome:
    """Put a request to the model with its tools, and compare the calls."""
    reply = model.bind_tools(list(case.tools)).invoke(case.request) if case.tools else None
    return judge(case, [(call["name"], call["args"]) for call in reply.tool_calls] if reply else [])


def judge(case: ToolCase, calls: Sequence[Call]) -> Outcome:
    """Compare calls with those expected; each is set against the one that it is nearest to."""
    made = Counter(name for name, _ in calls)
    wanted = Counter(one.name for one in case.expected)
    errors: list[tuple[str, str]] = []
    if made != wanted:
        errors.append((_of_tools(made, wanted), ""))
    kinds = {tool["function"]["name"]: tool["function"]["parameters"] for tool in case.tools}
    left = list(calls)
    for one in case.expected:
        found = [
            (_of_arguments(call[1], one, kinds[one.name]), place)
            for place, call in enumerate(left)
            if call[0] == one.name
        ]
        if found:
            wrong, place = min(found, key=lambda pair: len(pair[0]))
            errors += wrong
            left.pop(place)
    return Outcome(case, tuple(calls), made == wanted, tuple(errors))


def _of_tools(made: Counter[str], wanted: Counter[str]) -> str:
    if not wanted:
        return "called where nothing fits"
    if not made:
        return "nothing called"
    if set(made) - set(wanted):
        return "wrong tool"
    return "too few calls" if sum(made.values()) < sum(wanted.values()) else "too many calls"


def _of_arguments(
    args: Mapping[str, Any], expected: ExpectedCall, parameters: Mapping[str, Any]
) -> list[tuple[str, str]]:
    found = [("invented", name) for name in args if name not in expected.args]
    required = parameters.get("required", ())
    for name, (value,) in expected.args.items():
        if name not in args:
            found.append(("required left out" if name in required else "optional left out", name))
        elif not _same(args[name], value):
            found.append((_of_value(args[name], value, parameters["properties"][name]), name))
    return found


def _same(said: Any, right: Any) -> bool:
    if isinstance(said, str) and isinstance(right, str):
        return same_value(_ARTICLE.sub("", said), _ARTICLE.sub("", right))
    return same_value(said, right)


def _of_value(said: Any, right: Any, schema: Mapping[str, Any]) -> str:
    if isinstance(right, bool):
        return "wrong truth value"
    if isinstance(right, int | float):
        return "wrong number"
    if isinstance(right, list):
        return "wrong list"
    if schema.get("enum"):
        return "wrong option"
    shared = set(str(said).lower().split()) & set(str(right).lower().split())
    return "wrong span" if shared else "other value"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Shares with 95 % intervals, organisations drawn anew (bootstrap), then errors by kind."""
    calling = [one for one in outcomes if one.case.expected]
    single = [one for one in calling if len(one.case.expected) == 1]
    several = [one for one in calling if len(one.case.expected) > 1]
    silent = [one for one in outcomes if not one.case.expected]
    for name, rows in (
        ("all requests, right", [(one, not one.errors) for one in outcomes]),
        ("with calls, tools right", [(one, one.tools_right) for one in calling]),
        ("with calls, every argument right", [(one, not one.errors) for one in calling]),
        ("  one call", [(one, not one.errors) for one in single]),
        ("  several calls", [(one, not one.errors) for one in several]),
        ("where no tool fits, nothing called", [(one, not one.errors) for one in silent]),
    ):
        yield f"{name} ({len(rows)}): {_with_interval(rows)}"
    yield "errors:"
    counts = Counter(kind for one in outcomes for kind, _ in one.errors)
    requests = Counter(kind for one in outcomes for kind in {kind for kind, _ in one.errors})
    alone = Counter(one.errors[0][0] for one in outcomes if len(one.errors) == 1)
    for kind, count in counts.most_common():
        yield f"  {kind}: {count} in {requests[kind]} requests, the only error of {alone[kind]}"


def _with_interval(rows: Sequence[tuple[Outcome, bool]]) -> str:
    share = clustered_share((organisation_of(one.case), hit) for one, hit in rows)
    return "none" if share is None else "{:.3f} ({:.3f}-{:.3f})".format(*share)


def _miss(one: Outcome) -> dict[str, Any]:
    return {
        "id": one.case.id,
        "request": one.case.request,
        "errors": one.errors,
        "calls": one.calls,
        "expected": [
            (each.name, {name: value for name, (value,) in each.args.items()})
            for each in one.case.expected
        ],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and print the table."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.organisation_calls")
    parser.add_argument("--path", type=Path, default=_HELD_OUT, help="folder or file")
    parser.add_argument("--misses", type=Path, help="file for what went wrong, one row a line")
    options = parser.parse_args(arguments)
    model = ReaderChatModel()
    outcomes = [ask(model, case) for case in load_requests(options.path)]
    for line in table(outcomes):
        sys.stdout.write(f"{line}\n")
    if options.misses:
        rows = [json.dumps(_miss(one), ensure_ascii=False) for one in outcomes if one.errors]
        options.misses.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
