"""Routers and rivals under one interface: texts in, a matrix of scores out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import InvalidInputError
from mdsa.router import Router, RouterDomain

__all__ = ["RouterSystem", "Scored", "System", "new_router", "score_with"]

_BATCH = 256

Step = Callable[[int, int], None]
"""Called with (rows done, rows in all)."""


@dataclass(frozen=True)
class Scored:
    """What a system says of some texts.

    Attributes:
        labels: names of the columns.
        scores: score of each label, in [0, 1], (texts, labels).
        out_of_scope: the higher, the less any label fits, (texts,). A probability where the
            system gives one.
        are_probabilities: rows of `scores` and `out_of_scope` together add up to 1.
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float64]
    out_of_scope: NDArray[np.float64]
    are_probabilities: bool = True

    @property
    def best(self) -> NDArray[np.intp]:
        """Column of the best label of each text."""
        best: NDArray[np.intp] = self.scores.argmax(axis=1)
        return best

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Score of the best label of each text."""
        highest: NDArray[np.float64] = self.scores.max(axis=1)
        return highest

    def columns(self, labels: Sequence[str]) -> NDArray[np.intp]:
        """Column of each label.

        Raises:
            InvalidInputError: the system does not know one.
        """
        at = {label: index for index, label in enumerate(self.labels)}
        if unknown := sorted(set(labels) - at.keys()):
            raise InvalidInputError(
                f"the router does not know {len(unknown)} labels of the data, such as "
                f"{', '.join(unknown[:3])}; it knows {', '.join(self.labels[:5])} …: give the "
                "router that was trained on this set."
            )
        return np.array([at[label] for label in labels], dtype=np.intp)

    def correct(self, labels: Sequence[str]) -> NDArray[np.bool_]:
        """Whether the best label is the right one, text by text."""
        right: NDArray[np.bool_] = self.best == self.columns(labels)
        return right

    def grouped(self, names: Mapping[str, str]) -> Scored:
        """Scores of groups of labels: the sum of their members'.

        Args:
            names: the group of each label.
        """
        groups = tuple(sorted(set(names.values())))
        member = np.array([[names[label] == group for group in groups] for label in self.labels])
        return Scored(groups, self.scores @ member, self.out_of_scope, self.are_probabilities)

    def rows(self, at: NDArray[Any]) -> Scored:
        """Some of the texts."""
        return Scored(self.labels, self.scores[at], self.out_of_scope[at], self.are_probabilities)


class System(Protocol):
    """Something that can be set up with domains and asked for scores."""

    @property
    def name(self) -> str:
        """How reports call it."""

    def set_up(self, domains: Sequence[RouterDomain]) -> None:
        """Take these domains in place of those before.

        Raises:
            ModelUnavailableError: a package or its weights are missing.
        """

    def score(self, texts: Sequence[str]) -> Scored:
        """Score each text for each domain."""


class RouterSystem:
    """A zero- or few-shot router of MDSA."""

    def __init__(self, name: str = "TinyBERT", make: Callable[[], Router] | None = None) -> None:
        self.name = name
        self._make = make or new_router
        self.router: Router | None = None

    def set_up(self, domains: Sequence[RouterDomain]) -> None:
        """Register the domains with a fresh router, and make it ready."""
        self.router = self._make()
        for domain in domains:
            self.router.add_domain(domain)
        self.router.route(["ready?"])

    def score(self, texts: Sequence[str]) -> Scored:
        """Route the texts."""
        if self.router is None:
            raise RuntimeError("set_up comes first")
        return score_with(self.router, texts)


def new_router() -> Router:
    """The router that MDSA takes where none was trained."""
    from mdsa.router.tinybert_router import TinyBertRouter

    return TinyBertRouter()


def score_with(router: Router, texts: Sequence[str], step: Step | None = None) -> Scored:
    """Route texts in batches, and put the scores side by side."""
    labels: tuple[str, ...] = ()
    rows: list[list[float]] = []
    outside: list[float] = []
    for start in range(0, len(texts), _BATCH):
        for route in router.route(texts[start : start + _BATCH]):
            labels = labels or tuple(route.scores)
            rows.append([route.scores[label] for label in labels])
            outside.append(route.out_of_scope)
        if step:
            step(len(rows), len(texts))
    return Scored(labels, np.array(rows, dtype=np.float64), np.array(outside, dtype=np.float64))
