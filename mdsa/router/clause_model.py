"""Scores readings of a message: each reading cuts it into segments and gives each a domain or none.

A semi-Markov conditional random field (Sarawagi and Cohen, "Semi-Markov Conditional Random Fields
for Information Extraction", NIPS 2004) whose evidence is the router's scores of the segments and of
the whole message. A reading's score is the sum of what speaks for each segment's domain and of what
speaks for each change of domain; the best reading is found by dynamic programming.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdsa.router.asking import asks, begins_asking, content_words, is_condition
from mdsa.router.connectives import Cut, CutKind, Segments
from mdsa.router.pronouns import points_back
from mdsa.router.protocol import Route

__all__ = ["FEATURES", "WEIGHTS", "Label", "Lattice", "Segment", "best_reading"]

_FLOOR = 0.01
"""Added to a probability before its logarithm: below it, differences mean nothing."""
_FEW_WORDS = 3
_MANY_WORDS = 8
_MANY_CONTENT_WORDS = 4
_KINDS: tuple[CutKind, ...] = ("stop", "linker", "comma_and", "and", "comma", "bare")

FEATURES = (
    "segment",  # log probability of the segment's domain
    "whole",  # log probability of that domain for the whole message, where it is cut
    "few_words",  # the segment has no more than three words
    "nothing",  # the segment belongs to no domain
    "out_of_scope",  # log probability that it does
    "joined",  # cuts without a change of domain
    *(f"{kind}_{after}" for kind in _KINDS for after in ("other", "request")),  # changes of domain
    "points_back",  # the segment after the change points back
    "unsure",  # log probability that the whole belongs elsewhere than to its best domain
    "shorter",  # log of the words of the shorter side
    "weaker",  # log probability of the less sure side
    "doubt",  # log probability that the less sure side is of another domain
    "left_states",  # the segment before the change asks nothing, but says how things are
    "right_states",  # the segment after it does
    "left_condition",  # the segment before it begins as one that another depends on
    "right_condition",  # the segment after it does
    "left_empty",  # the segment before it names nothing
    "right_empty",  # the segment after it names nothing
    "content",  # log of the words that name something, of the side with fewer
    "margin",  # how far each side's domain is above the other's there, of the side with less
    "whole_second",  # log probability of the less sure of both domains for the whole message
    "whole_rest",  # log probability that the whole belongs to another domain than these
    "one_begins",  # one side begins as a question or a request does, the other does not
    "subject",  # the segment after the change begins with its subject ("I", "my")
    "left_mark",  # the segment before it ends with a question mark
)
"""What is measured of a reading, in order."""

Vector = NDArray[np.float64]
_AT = {name: index for index, name in enumerate(FEATURES)}

WEIGHTS: Mapping[str, float] = {
    "segment": 2.06,
    "whole": -0.30,
    "few_words": -0.65,
    "nothing": 0.32,
    "out_of_scope": -0.10,
    "joined": -1.37,
    "stop_other": -0.64,
    "stop_request": -0.70,
    "linker_other": 0.22,
    "linker_request": 0.81,
    "comma_and_other": 0.55,
    "comma_and_request": 0.33,
    "and_other": -3.03,
    "and_request": -1.73,
    "comma_other": -2.52,
    "comma_request": -1.66,
    "bare_other": 0.00,
    "bare_request": -3.31,
    "points_back": -0.82,
    "unsure": 0.27,
    "shorter": -0.04,
    "weaker": -0.44,
    "doubt": -0.47,
    "left_states": -1.62,
    "right_states": -0.39,
    "left_condition": 1.14,
    "right_condition": 0.79,
    "left_empty": -0.66,
    "right_empty": -1.27,
    "content": 1.49,
    "margin": 0.50,
    "whole_second": 0.30,
    "whole_rest": -0.21,
    "one_begins": -0.72,
    "subject": -0.48,
    "left_mark": 0.62,
}
"""Fitted as `python -m mdsa.evals.clause_fit --data-dir DATA --router DIR` does, where DIR is a
router trained on CLINC150, but on every message of the organisations and of the trained router,
the fifth for checking too, on a sixth of the others, and on none with more than four cuts."""


class Segment(NamedTuple):
    """A run of pieces with the router's verdict.

    Attributes:
        first: its first piece.
        last: the piece after its last.
        text: its words.
        route: the verdict.
        whole: it is the whole message.
    """

    first: int
    last: int
    text: str
    route: Route
    whole: bool


class _Wording(NamedTuple):
    """What a segment's words tell, whatever its domain."""

    states: bool
    condition: bool
    begins: bool
    content: int


class Label(NamedTuple):
    """A segment with a domain; None stands for none."""

    segment: Segment
    domain: str | None


class Lattice:
    """All segments of a message with the domains that they may have, and what readings hold."""

    def __init__(self, segments: Segments, whole: Route, routes: Sequence[Route]) -> None:
        """Lay out the segments.

        Args:
            segments: cuts and parts of the message.
            whole: the router's verdict on the message.
            routes: its verdicts on `segments.texts`.
        """
        self.cuts: tuple[Cut, ...] = segments.cuts
        self._whole = whole
        self._unsure = log(max(1 - whole.confidence, 0.0) + _FLOOR)
        pieces = len(segments.cuts) + 1
        parts = [
            Segment(first, last, text, route, False)
            for (first, last), text, route in zip(
                segments.spans, segments.texts, routes, strict=True
            )
        ]
        parts.append(Segment(0, pieces, "", whole, True))
        self.labels: list[list[Label]] = [[] for _ in range(pieces)]
        for part in parts:
            self.labels[part.first] += [Label(part, part.route.domain), Label(part, None)]
        self._wordings: dict[str, _Wording] = {}
        self._back = [False] * pieces
        for part in parts:
            if part.last == part.first + 1:
                self._back[part.first] = points_back(part.text)

    def emission(self, label: Label) -> Vector:
        """What speaks for a segment's domain."""
        found = np.zeros(len(FEATURES))
        segment, domain = label
        if domain is None:
            found[_AT["nothing"]] = 1
            found[_AT["out_of_scope"]] = log(segment.route.out_of_scope + _FLOOR)
            return found
        found[_AT["segment"]] = log(segment.route.scores[domain] + _FLOOR)
        if not segment.whole:
            found[_AT["whole"]] = log(self._whole.scores[domain] + _FLOOR)
            found[_AT["few_words"]] = len(segment.text.split()) <= _FEW_WORDS
        return found

    def transition(self, before: Label, last_domain: str | None, label: Label) -> Vector:
        """What speaks for going on from one segment to the next.

        Args:
            before: the segment before.
            last_domain: the last domain up to there.
            label: the segment after.
        """
        found = np.zeros(len(FEATURES))
        segment, domain = label
        if domain is None or last_domain is None or domain == last_domain:
            found[_AT["joined"]] = 1
            return found
        cut = self.cuts[segment.first - 1]
        found[_AT[f"{cut.kind}_{'request' if cut.request else 'other'}"]] = 1
        found[_AT["points_back"]] = self._back[segment.first]
        left, right = before.segment.route.scores, segment.route.scores
        found[_AT["unsure"]] = self._unsure
        words = min(len(before.segment.text.split()), len(segment.text.split()), _MANY_WORDS)
        found[_AT["shorter"]] = log(words)
        weaker = min(left[last_domain], right[domain])
        found[_AT["weaker"]] = _log(weaker)
        found[_AT["doubt"]] = log(max(1 - weaker, 0.0) + _FLOOR)
        said, next_said = self._wording(before.segment.text), self._wording(segment.text)
        found[_AT["left_states"]] = said.states
        found[_AT["right_states"]] = next_said.states
        found[_AT["left_condition"]] = said.condition
        found[_AT["right_condition"]] = next_said.condition
        found[_AT["left_empty"]] = said.content == 0
        found[_AT["right_empty"]] = next_said.content == 0
        found[_AT["content"]] = log(1 + min(said.content, next_said.content, _MANY_CONTENT_WORDS))
        found[_AT["margin"]] = min(
            _log(left[last_domain]) - _log(left[domain]),
            _log(right[domain]) - _log(right[last_domain]),
        )
        whole = self._whole.scores
        both = whole[last_domain], whole[domain]
        found[_AT["whole_second"]] = _log(min(both))
        found[_AT["whole_rest"]] = _log(max(1 - sum(both) - self._whole.out_of_scope, 0.0))
        found[_AT["one_begins"]] = said.begins != next_said.begins
        found[_AT["subject"]] = cut.subject
        found[_AT["left_mark"]] = before.segment.text.endswith("?")
        return found

    def _wording(self, text: str) -> _Wording:
        known = self._wordings.get(text)
        if known is None:
            known = _Wording(
                not asks(text), is_condition(text), begins_asking(text), content_words(text)
            )
            self._wordings[text] = known
        return known

    def readings(self) -> Iterator[tuple[list[Label], Vector]]:
        """Every reading with the sum of its features; their number grows fast with the cuts."""
        yield from self._continued([], None, np.zeros(len(FEATURES)))

    def _continued(
        self, labels: list[Label], last_domain: str | None, total: Vector
    ) -> Iterator[tuple[list[Label], Vector]]:
        at = labels[-1].segment.last if labels else 0
        if at == len(self.labels):
            yield labels, total
            return
        for label in self.labels[at]:
            features = total + self.emission(label)
            if labels:
                features = features + self.transition(labels[-1], last_domain, label)
            yield from self._continued([*labels, label], label.domain or last_domain, features)


def _log(probability: float) -> float:
    return log(probability + _FLOOR)


class _Path(NamedTuple):
    score: float
    labels: tuple[Label, ...]
    last_domain: str | None


def best_reading(lattice: Lattice, weights: Vector) -> list[Label]:
    """The reading with the highest score."""
    pieces = len(lattice.labels)
    # What follows depends on the last segment, its domain, and the domain before a segment of none.
    paths: list[dict[tuple[int, str | None, str | None], _Path]] = [{} for _ in range(pieces + 1)]
    paths[0][0, None, None] = _Path(0.0, (), None)
    for at in range(pieces):
        for label in lattice.labels[at]:
            emission = float(lattice.emission(label) @ weights)
            for path in paths[at].values():
                score = path.score + emission
                if path.labels:
                    step = lattice.transition(path.labels[-1], path.last_domain, label)
                    score += float(step @ weights)
                last = label.domain or path.last_domain
                key = (at, label.domain, last)
                ends = paths[label.segment.last]
                if key not in ends or ends[key].score < score:
                    ends[key] = _Path(score, (*path.labels, label), last)
    return list(max(paths[pieces].values(), key=lambda path: path.score).labels)
