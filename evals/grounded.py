"""Answers from five passages: right, silent where nothing answers, and nothing invented."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from mdsa.evals.grounded_data import GROUNDED_SETS, GroundedCase, GroundedSet, load_grounded
from mdsa.evals.model_bench import Asked, ModelBench, latency
from mdsa.evals.routing_report import Figure, Section, Target
from mdsa.evals.text_scores import contains, exact, f1, inventions
from mdsa.graph.state import DomainState
from mdsa.nodes.prompt import domain_prompt

__all__ = ["Judged", "abstains", "grounded", "judge", "prompt_for"]

_RIGHT = Target(0.9)
_NOTHING_INVENTED = Target(0.0, at_most=True)
_ABSTAINS = re.compile(
    r"\b(?:could not|cannot|can't|couldn't|can not|am unable to|unable to) (?:find|answer|provide|"
    r"help|determine)\b"
    r"|\b(?:do|does|did) (?:not|n't) (?:hold|contain|mention|provide|specify|state|say|include|"
    r"answer|give|know)\b|\b(?:don't|doesn't|didn't) (?:hold|contain|mention|provide|specify|"
    r"state|say|include|answer|give|know)\b"
    r"|\b(?:not|no) (?:information|mention(?:ed)?|stated|specified|answer|provided|found)\b",
    re.IGNORECASE,
)
_LONGEST_ABSTENTION = 220
"""Characters: a long text that says "does not include" somewhere is an answer."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one case.

    Attributes:
        abstained: it was said that nothing was found, or nothing was said at all.
        contained: an annotated answer stands in the text.
        exact: the text is the answer.
        f1: words shared with it.
        invented: figures and names that neither passages nor question hold.
    """

    abstained: bool
    contained: bool
    exact: float
    f1: float
    invented: frozenset[str]

    @property
    def right(self) -> bool:
        """An answer was given, the right one is in it, and nothing is invented."""
        return self.contained and not self.abstained and not self.invented


def grounded(bench: ModelBench) -> Section:
    """Questions with the passage that answers, and without it."""
    section = Section("grounded", "Answers from five passages, held-out halves")
    sets = [load_grounded(name, bench.data_dir) for name in bench.sets or tuple(GROUNDED_SETS)]
    for reference, model in bench.models():
        everything: list[Judged] = []
        for data in sets:
            there, absent = data.cases(bench.sample, bench.sample // 2, bench.seed)
            cases = [*there, *absent]
            asked = bench.ask_all(
                f"grounded: {data.name}, {reference}", model, [prompt_for(case) for case in cases]
            )
            judged = [judge(case, one.reply) for case, one in zip(cases, asked, strict=True)]
            everything += judged
            section.figures += _figures(bench, data, reference, cases, judged, asked)
            _keep_misses(bench, reference, cases, judged, asked)
    section.notes += [
        "Each question with the passage that answers among the four others of its half that BM25 "
        "ranks highest ('answerable'), and other questions with five such others only "
        "('unanswerable'). 'right': an annotated span stands in what was said, and nothing is "
        "invented. 'invented': replies with a figure or a name that neither passages nor question "
        "hold. F1 and exact compare the whole reply with the span, so that whole sentences score "
        "low. Documents are in the held-out half by the parity of their id's SHA-1.",
        "PolicyQA's questions were put together from templates and its marks are incomplete: other "
        "passages of a policy often answer as well, so that its abstentions are counted too low.",
    ]
    return section


def prompt_for(case: GroundedCase) -> list[BaseMessage]:
    """The messages that a domain's model would get."""
    return prompt_with(case.question, [("", text) for text in case.passages])


def prompt_with(question: str, passages: Sequence[tuple[str, str]]) -> list[BaseMessage]:
    """The messages that a domain's model would get.

    Args:
        question: the user's message.
        passages: title and text of each, best first.
    """
    state: DomainState = {
        "messages": [HumanMessage(question)],
        "asked": {"query": question, "context": "", "position": 0, "replies_from": 1},
        "passages": [
            {"content": text, "metadata": {"title": title} if title else {}}
            for title, text in passages
        ],
    }
    return list(domain_prompt("", state, {}))


def judge(case: GroundedCase, reply: AIMessage | None) -> Judged:
    """Compare a reply with what was annotated; no reply is an abstention."""
    text = "" if reply is None else str(reply.text)
    if reply is None or abstains(reply):
        return Judged(True, False, 0.0, 0.0, frozenset())
    return Judged(
        abstained=False,
        contained=contains(text, case.answers),
        exact=exact(text, case.answers),
        f1=f1(text, case.answers),
        invented=frozenset(inventions(text, [*case.passages, case.question])),
    )


def abstains(reply: AIMessage) -> bool:
    """Whether a reply says that it found nothing; a model may say so in its metadata."""
    said = reply.response_metadata.get("abstained")
    if said is not None:
        return bool(said)
    text = str(reply.text).strip()
    return not text or (len(text) <= _LONGEST_ABSTENTION and _ABSTAINS.search(text) is not None)


def _figures(
    bench: ModelBench,
    data: GroundedSet,
    system: str,
    cases: Sequence[GroundedCase],
    judged: Sequence[Judged],
    asked: Sequence[Asked],
) -> list[Figure]:
    subject, silence = data.title, f"{data.title}: silence, and speed"
    there = [one for case, one in zip(cases, judged, strict=True) if case.answers]
    absent = [one for case, one in zip(cases, judged, strict=True) if not case.answers]
    silent = [not case.answers for case, one in zip(cases, judged, strict=True) if one.abstained]
    said = [one for one in judged if not one.abstained]
    shares = [
        bench.share(subject, system, "right", [one.right for one in there], _RIGHT),
        bench.share(subject, system, "contained", [one.contained for one in there]),
        bench.share(subject, system, "exact", [one.exact for one in there]),
        bench.share(subject, system, "F1", [one.f1 for one in there]),
        bench.share(subject, system, "answered", [not one.abstained for one in there]),
        bench.share(silence, system, "abstention recall", [one.abstained for one in absent]),
        bench.share(silence, system, "abstention precision", silent),
        bench.share(
            silence, system, "invented", [bool(one.invented) for one in said], _NOTHING_INVENTED
        ),
    ]
    return [*(figure for figure in shares if figure), *latency(silence, system, asked)]


def _keep_misses(
    bench: ModelBench,
    system: str,
    cases: Sequence[GroundedCase],
    judged: Sequence[Judged],
    asked: Sequence[Asked],
) -> None:
    for case, one, reply in zip(cases, judged, asked, strict=True):
        if one.right if case.answers else one.abstained:
            continue
        bench.miss(
            case.question,
            system,
            answers=case.answers,
            said=str(reply.reply.text) if reply.reply else None,
            abstained=one.abstained,
            invented=sorted(one.invented),
        )
