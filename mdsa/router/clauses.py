"""Decides from a router's scores which clauses of a message belong to different domains.

`mdsa.router.connectives` lists where a message might be cut, the router scores the parts in one
batch, and `mdsa.router.clause_model` finds the reading that explains the scores best. "Terms and
conditions" and "from checking and savings" stay whole, since their parts do not belong to two
domains with any certainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mdsa.router.clause_model import FEATURES, WEIGHTS, Label, Lattice, best_reading
from mdsa.router.connectives import Segments, candidate_segments
from mdsa.router.pronouns import points_back, refers_back
from mdsa.router.protocol import Route

__all__ = ["Clause", "candidate_segments", "choose_clauses", "points_back", "refers_back"]

_WEIGHTS = np.array([WEIGHTS[name] for name in FEATURES])


class Clause(NamedTuple):
    """A part of a message that asks one domain, with the router's verdict on it."""

    text: str
    route: Route


def choose_clauses(segments: Segments, whole: Route, routes: Sequence[Route]) -> list[Clause]:
    """Choose the clauses of a message.

    Args:
        segments: the message's candidate parts.
        whole: the router's verdict on the message.
        routes: its verdicts on `segments.texts`, in order.

    Returns:
        The clauses in the order of the message: neighbours of the same domain are joined, and what
        has no domain belongs to the clause before it, or to the first. Empty where the message
        belongs to one domain or to none.
    """
    if not segments.cuts or not whole.scores:
        return []
    reading = best_reading(Lattice(segments, whole, routes), _WEIGHTS)
    if len({label.domain for label in reading} - {None}) < 2:
        return []
    clauses: list[list[Label]] = []
    last: str | None = None
    for label in reading:
        if clauses and (label.domain is None or last is None or label.domain == last):
            clauses[-1].append(label)
        else:
            clauses.append([label])
        last = label.domain or last
    return [_joined(labels) for labels in clauses]


def _joined(labels: list[Label]) -> Clause:
    """One clause of segments of one domain; the surest of them speaks for all."""
    sure = max(
        (label for label in labels if label.domain is not None),
        key=lambda label: label.segment.route.scores[str(label.domain)],
    )
    return Clause(" ".join(label.segment.text for label in labels), sure.segment.route)
