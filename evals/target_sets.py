"""Three small sets of our own: questions over five passages, messages to split, tool calls.

They were written before any model was run on them, about things that no training template speaks
of. Each is counted as a person would: an answer is right that holds what is asked for and invents
nothing, or says that it found nothing where nothing is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage

from mdsa.evals.compounds import Compound
from mdsa.evals.decomposition import split_by_model
from mdsa.evals.grounded import judge, prompt_for
from mdsa.evals.grounded_data import GroundedCase
from mdsa.evals.model_bench import DEFAULT_MODEL, Asked, ModelBench, latency
from mdsa.evals.routing_report import Section, Target
from mdsa.evals.tool_data import ExpectedCall
from mdsa.evals.tool_matching import calls_match
from mdsa.graph.context import RunContext
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.gate import decide
from mdsa.router import Router, RouterDomain
from mdsa.router.opening import open_router

__all__ = ["target_answers", "target_calls", "target_splits"]

_FOLDER = Path(__file__).parent / "data" / "targets"
_READER = "embedded://reader"
_ANSWERS = Target(34 / 40)
_READER_ANSWERS = Target(36 / 40)
_SPLITS = Target(19 / 20)
_CALLS = Target(27 / 30)
_READER_CALLS = Target(22 / 30)
_NOTHING = Target(0.0, at_most=True)


def target_answers(bench: ModelBench) -> Section:
    """Forty questions over five passages each, eight of them without an answer there."""
    section = Section("target_answers", "Our own questions over five passages")
    cases = [
        GroundedCase(asked["question"], tuple(asked["answers"]), tuple(topic["passages"]))
        for topic in _read("grounded")
        for asked in topic["questions"]
    ]
    subject = f"{len(cases)} questions"
    for reference, model in bench.models():
        prompts = [prompt_for(case) for case in cases]
        asked = bench.ask_all(f"{subject}: {reference}", model, prompts)
        judged = [judge(case, one.reply) for case, one in zip(cases, asked, strict=True)]
        right = [
            one.right if case.answers else one.abstained
            for case, one in zip(cases, judged, strict=True)
        ]
        invented = [bool(one.invented) for one in judged]
        for case, good, one in zip(cases, right, asked, strict=True):
            if not good:
                said = str(one.reply.text) if one.reply else None
                bench.miss(case.question, reference, answers=case.answers, said=said)
        wanted = _READER_ANSWERS if reference == _READER else _ANSWERS
        shares = [
            bench.share(subject, reference, "right", right, wanted),
            bench.share(subject, reference, "invented", invented, _NOTHING),
        ]
        section.figures += [figure for figure in shares if figure]
        section.figures += latency(subject, reference, asked)
    return section


def target_splits(bench: ModelBench) -> Section:
    """Twenty messages to two apps, to be split into exactly the domains that they ask."""
    section = Section("target_splits", "Our own messages, split by domain")
    data = _read("splits")
    right: dict[str, list[bool]] = {}
    for app, descriptions in data["domains"].items():
        messages = [
            Compound(row["text"], (), frozenset(row["domains"]), "")
            for row in data["requests"]
            if row["app"] == app
        ]
        router = _router(descriptions)
        turns = [Turn(message.text) for message in messages]
        classified = classify_turns(router, turns, frozenset(descriptions))
        verdicts = [decide(one, RunContext()) for one in classified]
        found = {
            DEFAULT_MODEL: [
                [(query["domain"], query["query"]) for query in verdict.sub_queries]
                for verdict in verdicts
            ]
        }
        for reference, model in bench.models():
            if reference != DEFAULT_MODEL:
                found[reference] = split_by_model(
                    bench, reference, model, descriptions, messages, verdicts, router
                )
        for reference, splits in found.items():
            for message, asked in zip(messages, splits, strict=True):
                good = sorted(domain for domain, _ in asked) == sorted(message.domains)
                right.setdefault(reference, []).append(good)
                if not good:
                    domains = sorted(message.domains)
                    bench.miss(message.text, reference, domains=domains, asked=asked)
    for reference, outcomes in right.items():
        subject = f"{len(outcomes)} messages"
        figure = bench.share(subject, reference, "exact set of domains", outcomes, _SPLITS)
        section.figures += [figure] if figure else []
    section.notes.append("The split by clauses stands for embedded://reader.")
    return section


def target_calls(bench: ModelBench) -> Section:
    """Thirty requests, each with three tools on offer, one of which serves it."""
    section = Section("target_calls", "Our own tool calls")
    data = _read("tools")
    tools = {tool["function"]["name"]: tool for tool in data["tools"]}
    subject = f"{len(data['requests'])} requests"
    for reference, model in bench.models():
        asked: list[Asked] = []
        right = []
        for done, row in enumerate(data["requests"]):
            bench.progress(f"{subject}: {reference}", done, len(data["requests"]))
            bound = model.bind_tools([tools[name] for name in row["tools"]])
            asked.append(bench.ask(bound, [HumanMessage(row["request"])], asked))
            reply = asked[-1].reply
            calls = [(call["name"], call["args"]) for call in reply.tool_calls] if reply else []
            expected = [ExpectedCall(name, args) for name, args in row["call"].items()]
            right.append(calls_match(calls, expected))
            if not right[-1]:
                bench.miss(row["request"], reference, calls=calls, expected=row["call"])
        wanted = _READER_CALLS if reference == _READER else _CALLS
        figure = bench.share(subject, reference, "exact", right, wanted)
        section.figures += [figure] if figure else []
        section.figures += latency(subject, reference, asked)
    return section


def _router(descriptions: Mapping[str, str]) -> Router:
    router = open_router(None)
    for name, description in descriptions.items():
        router.add_domain(RouterDomain(name=name, description=description))
    return router


def _read(name: str) -> Any:
    return json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
