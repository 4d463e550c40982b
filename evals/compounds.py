"""Counts how often messages that ask several domains are sent to exactly those.

    python -m mdsa.evals.compounds --data-dir DATA [--router DIR]

Compounds are made of two of CLINC150's validation questions of different domains, joined in ten
ways; "singles" are its validation questions that hold the word "and". What is counted is what the
gate decides: the domains that it asks a question of.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mdsa.evals.routing_data import Part, load_intent_set
from mdsa.evals.zero_shot import described_domains
from mdsa.graph.context import RunContext
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.gate import decide
from mdsa.router import Router

__all__ = [
    "JOINERS",
    "Compound",
    "CompoundFigures",
    "Share",
    "evaluate_compounds",
    "make_compounds",
]

JOINERS = (
    ", and ",
    " and also ",
    "; ",
    ". ",
    " then ",
    " plus ",
    " & ",
    ", also ",
    " as well as ",
    "? by the way, ",
)
_AND = re.compile(r"\band\b", re.IGNORECASE)
_END_MARKS = " .?!,;"
_BATCH = 64


class Compound(NamedTuple):
    """A message of several questions."""

    text: str
    parts: tuple[str, ...]
    domains: frozenset[str]
    joiner: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many."""

    hits: int
    count: int

    @property
    def value(self) -> float:
        """In [0, 1]; 0 where there are none."""
        return self.hits / self.count if self.count else 0.0

    @classmethod
    def of(cls, outcomes: Iterable[bool]) -> Share:
        """Count outcomes."""
        counted = list(outcomes)
        return cls(sum(counted), len(counted))


@dataclass(frozen=True, slots=True)
class CompoundFigures:
    """What was counted.

    Attributes:
        by_joiner: compounds of each joiner that were sent to exactly the right domains.
        singles_split: questions of one domain with "and" that were sent to several.
        parts_right: compounds whose questions the router all gets right one by one; no way of
            splitting does better.
    """

    by_joiner: dict[str, Share]
    singles_split: Share
    parts_right: Share

    @property
    def exact(self) -> Share:
        """All compounds together."""
        shares = self.by_joiner.values()
        return Share(sum(one.hits for one in shares), sum(one.count for one in shares))


def make_compounds(
    rows: Part, joiners: Sequence[str] = JOINERS, *, each: int = 100, seed: int = 0
) -> list[Compound]:
    """Join pairs of questions of different domains, `each` for every joiner; the draw is fixed."""
    chooser = random.Random(seed)  # repeatable, no secret
    questions = sorted(set(zip(rows.texts, rows.labels, strict=True)))
    compounds = []
    for joiner in joiners:
        for _ in range(each):
            (first, domain), (second, other) = chooser.sample(questions, 2)
            while other == domain:
                second, other = chooser.choice(questions)
            text = first.rstrip(_END_MARKS) + joiner + second
            compounds.append(Compound(text, (first, second), frozenset({domain, other}), joiner))
    return compounds


def evaluate_compounds(
    router: Router,
    rows: Part,
    *,
    joiners: Sequence[str] = JOINERS,
    each: int = 100,
    seed: int = 0,
    context: RunContext | None = None,
) -> CompoundFigures:
    """Measure a router whose domains are registered.

    Args:
        router: the router.
        rows: questions with their domains.
        joiners: what stands between two questions.
        each: compounds of each joiner.
        seed: of the draw.
        context: thresholds of the gate.
    """
    context = context or RunContext()
    compounds = make_compounds(rows, joiners, each=each, seed=seed)
    singles = [text for text in rows.texts if _AND.search(text)]
    permitted = frozenset(rows.labels)
    found = _domains(router, [one.text for one in compounds], permitted, context)
    exact = [domains == one.domains for domains, one in zip(found, compounds, strict=True)]
    label = dict(zip(rows.texts, rows.labels, strict=True))
    texts = sorted({part for one in compounds for part in one.parts})
    right = {
        text for text, best in zip(texts, _best(router, texts), strict=True) if best == label[text]
    }
    return CompoundFigures(
        by_joiner={
            joiner: Share.of(
                hit for hit, one in zip(exact, compounds, strict=True) if one.joiner == joiner
            )
            for joiner in joiners
        },
        singles_split=Share.of(
            len(domains) > 1 for domains in _domains(router, singles, permitted, context)
        ),
        parts_right=Share.of(right.issuperset(one.parts) for one in compounds),
    )


def _domains(
    router: Router, texts: Sequence[str], permitted: frozenset[str], context: RunContext
) -> list[frozenset[str]]:
    found: list[frozenset[str]] = []
    for start in range(0, len(texts), _BATCH):
        turns = [Turn(text) for text in texts[start : start + _BATCH]]
        for classification in classify_turns(router, turns, permitted):
            asked = decide(classification, context).sub_queries
            found.append(frozenset(query["domain"] for query in asked))
    return found


def _best(router: Router, texts: Sequence[str]) -> list[str | None]:
    best: list[str | None] = []
    for start in range(0, len(texts), _BATCH):
        best += [route.domain for route in router.route(texts[start : start + _BATCH])]
    return best


def report(figures: CompoundFigures) -> list[str]:
    """The figures as lines of text."""
    lines = [f"{'joiner':<18}{'exact':>7}{'of':>7}"]
    rows = {repr(joiner): share for joiner, share in figures.by_joiner.items()}
    rows |= {"all": figures.exact, "parts right alone": figures.parts_right}
    rows |= {"singles split": figures.singles_split}
    return lines + [
        f"{name:<18}{share.value:>7.3f}{share.count:>7}" for name, share in rows.items()
    ]


def main() -> None:
    """Print the figures of a router."""
    from mdsa.router.opening import open_router

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--router", help="a trained router's folder; left out: descriptions only")
    parser.add_argument("--each", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = load_intent_set("clinc150_domains", arguments.data_dir).validation
    router = open_router(arguments.router)
    for domain in described_domains("clinc150"):
        router.add_domain(domain)
    figures = evaluate_compounds(router, rows, each=arguments.each, seed=arguments.seed)
    sys.stdout.write("\n".join(report(figures)) + "\n")


if __name__ == "__main__":
    main()
