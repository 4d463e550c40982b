"""Counts which messages to made-up organisations are split, and which are asked back.

    python -m mdsa.evals.organisation_splits [--path evals/data/organisations/held_out]

Compounds ask several domains, questions one, vague messages do not say which of several, and what
is outside is nobody's business. What is counted is what the gate decides by the router's scores,
the router knowing the domains' names, descriptions and keywords, and once more their documents.
`--misses` prints every compound that was not sent to exactly its domains, and every question that
was split.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mdsa.evals.compounds import Share
from mdsa.evals.organisation_messages import OrganisationMessages, load_messages
from mdsa.evals.organisation_routers import knowing_router
from mdsa.graph.context import RunContext
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.gate import decide
from mdsa.router import Router

__all__ = ["SplitFigures", "count_splits", "main"]

_HELD_OUT = Path(__file__).parent / "data" / "organisations" / "held_out"


@dataclass
class SplitFigures:
    """What was counted.

    Attributes:
        exact: compounds with exactly one question for each of their domains.
        split: compounds sent to several domains, the right ones or not.
        questions_split: questions of one domain sent to several.
        decisions: how often the gate decided what, by kind of message.
        misses: what went wrong, for a person.
    """

    exact: list[bool] = field(default_factory=list)
    split: list[bool] = field(default_factory=list)
    questions_split: list[bool] = field(default_factory=list)
    decisions: dict[str, Counter[str]] = field(default_factory=dict)
    misses: list[dict[str, object]] = field(default_factory=list)

    def asked_back(self, kind: str) -> Share:
        """Messages of a kind that the gate answers with a question."""
        counted = self.decisions.get(kind, Counter())
        return Share(counted["clarify"], counted.total())

    def lines(self) -> Iterator[str]:
        """The figures, one a line."""
        for name, outcomes in (
            ("compounds, exact domains", self.exact),
            ("compounds, split", self.split),
            ("questions, split", self.questions_split),
        ):
            share = Share.of(outcomes)
            yield f"{name:<28}{share.value:>7.3f}{share.count:>7}"
        for kind in self.decisions:
            share = self.asked_back(kind)
            yield f"{kind + ', asked back':<28}{share.value:>7.3f}{share.count:>7}"


def count_splits(
    organisation: OrganisationMessages, router: Router, context: RunContext, figures: SplitFigures
) -> None:
    """Let the gate decide on an organisation's messages, and count.

    Args:
        organisation: who is asked.
        router: knows its domains.
        context: settings of the gate.
        figures: what is added to.
    """
    names = [domain.name for domain in organisation.domains]
    nobody: frozenset[str] = frozenset()
    kinds = {
        "compounds": organisation.compounds,
        "questions": organisation.questions,
        "vague": organisation.vague,
        "outside": tuple((text, nobody) for text in organisation.outside),
    }
    for kind, messages in kinds.items():
        found = classify_turns(router, [Turn(text) for text, _ in messages], names)
        for (text, domains), classification in zip(messages, found, strict=True):
            verdict = decide(classification, context)
            decided = figures.decisions.setdefault(kind, Counter())
            decided[verdict.route["decision"]] += 1
            asked = [query["domain"] for query in verdict.sub_queries]
            several = len(set(asked)) > 1
            missed = several and kind == "questions"
            if kind == "compounds":
                figures.exact.append(sorted(asked) == sorted(domains))
                figures.split.append(several)
                missed = not figures.exact[-1]
            elif kind == "questions":
                figures.questions_split.append(several)
            if missed:
                parts = [(query["domain"], query["query"]) for query in verdict.sub_queries]
                miss: dict[str, object] = {
                    "kind": kind,
                    "message": text,
                    "domains": sorted(domains),
                    "asked": parts,
                }
                figures.misses.append(miss)


def main(arguments: Sequence[str] | None = None) -> None:
    """Count, and print the figures."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.organisation_splits")
    parser.add_argument("--path", type=Path, default=_HELD_OUT, help="folder")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    options = parser.parse_args(arguments)
    organisations = load_messages(options.path)
    for reads in (False, True):
        figures = SplitFigures()
        for each in organisations:
            router = knowing_router(each, reads_documents=reads)
            count_splits(each, router, RunContext(), figures)
        sys.stdout.write(f"{'with' if reads else 'without'} documents\n")
        if options.misses:
            sys.stdout.writelines(f"  {json.dumps(miss)}\n" for miss in figures.misses)
        sys.stdout.writelines(f"  {line}\n" for line in figures.lines())


if __name__ == "__main__":
    main()
