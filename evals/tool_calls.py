"""Tool calls: the right tool with every argument right, and no call where no tool fits."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from mdsa.evals.model_bench import Asked, ModelBench, latency
from mdsa.evals.routing_report import Section, Target
from mdsa.evals.tool_data import TOOL_SETS, ToolCase, load_tools
from mdsa.evals.tool_matching import arguments_match, calls_match

__all__ = ["no_tool_fits", "other_tools", "tool_calls"]

_EXACT = Target(22 / 30)
_OTHERS = 3


def tool_calls(bench: ModelBench) -> Section:
    """The tool as published, alone, and again among three tools of other requests."""
    section = Section("tools", "Tool calls (BFCL, held-out half)")
    for name in TOOL_SETS:
        everything = load_tools(name, bench.data_dir)
        cases = random.Random(bench.seed).sample(everything, min(bench.sample, len(everything)))
        for among in (False, True):
            subject = f"BFCL {name}" + (f", among {_OTHERS + 1} tools" if among else "")
            offered = [
                [*case.tools, *other_tools(case, everything, bench.seed)] if among else case.tools
                for case in cases
            ]
            _measure(bench, section, subject, cases, offered)
    section.notes.append(
        "'tool': exactly the right tools were called, as often as expected; 'exact': with every "
        "argument right, too, by BFCL's rules; 'arguments': arguments right of those expected in "
        "calls of the right tool. Rows are in the held-out half by the parity of their id's SHA-1."
    )
    return section


def no_tool_fits(bench: ModelBench) -> Section:
    """Requests of one row with the tools of others: nothing should be called."""
    section = Section("no_tool", "No call where no tool fits (BFCL, held-out half)")
    everything = load_tools("simple_python", bench.data_dir)
    count = min(max(1, bench.sample // 2), len(everything))
    cases = random.Random(bench.seed + 1).sample(everything, count)
    subject = f"BFCL simple_python, {_OTHERS + 1} tools of other requests"
    for reference, model in bench.models():
        silent = []
        asked: list[Asked] = []
        for done, case in enumerate(cases):
            bench.progress(f"no tool fits: {reference}", done, len(cases))
            tools = other_tools(case, everything, bench.seed, _OTHERS + 1)
            asked.append(bench.ask(model.bind_tools(tools), [HumanMessage(case.request)], asked))
            calls = _calls(asked[-1].reply)
            silent.append(not calls)
            if calls:
                bench.miss(case.request, reference, calls=calls)
        share = bench.share(subject, reference, "not called", silent)
        section.figures += [share] if share else []
        section.figures += latency(subject, reference, asked)
    return section


def _measure(
    bench: ModelBench,
    section: Section,
    subject: str,
    cases: Sequence[ToolCase],
    offered: Sequence[Sequence[dict[str, Any]]],
) -> None:
    for reference, model in bench.models():
        asked: list[Asked] = []
        for done, (case, tools) in enumerate(zip(cases, offered, strict=True)):
            bench.progress(f"{subject}: {reference}", done, len(cases))
            bound = model.bind_tools(list(tools))
            asked.append(bench.ask(bound, [HumanMessage(case.request)], asked))
        right_tools = []
        exact = []
        arguments: list[bool] = []
        for case, one in zip(cases, asked, strict=True):
            calls = _calls(one.reply)
            right_tools.append(
                sorted(name for name, _ in calls) == sorted(each.name for each in case.expected)
            )
            exact.append(calls_match(calls, case.expected))
            if right_tools[-1] and len(calls) == 1:
                arguments += _arguments(calls[0][1], case)
            if not exact[-1]:
                bench.miss(
                    case.request,
                    reference,
                    calls=calls,
                    expected=[(each.name, each.args) for each in case.expected],
                    said=str(one.reply.text) if one.reply else None,
                )
        shares = [
            bench.share(subject, reference, "exact", exact, _EXACT),
            bench.share(subject, reference, "tool", right_tools),
            bench.share(subject, reference, "arguments", arguments),
        ]
        section.figures += [figure for figure in shares if figure]
        section.figures += latency(subject, reference, asked)


def other_tools(
    case: ToolCase, everything: Sequence[ToolCase], seed: int, count: int = _OTHERS
) -> list[dict[str, Any]]:
    """Tools of other requests, drawn by the row's id, none with a name that is offered."""
    rng = random.Random(f"{seed} {case.id}")
    own = {tool["function"]["name"] for tool in case.tools}
    found: dict[str, dict[str, Any]] = {}
    for other in rng.sample(everything, len(everything)):
        for tool in other.tools:
            if tool["function"]["name"] not in own:
                found.setdefault(tool["function"]["name"], tool)
        if len(found) >= count:
            break
    return list(found.values())[:count]


def _calls(reply: AIMessage | None) -> list[tuple[str, Mapping[str, Any]]]:
    return [] if reply is None else [(call["name"], call["args"]) for call in reply.tool_calls]


def _arguments(args: Mapping[str, Any], case: ToolCase) -> list[bool]:
    """Each expected argument of a single call: right, or left out where it may be."""
    return [
        arguments_match({name: args[name]} if name in args else {}, {name: allowed})
        for name, allowed in case.expected[0].args.items()
    ]
