"""A router over a trained classifier, with domains that it was not trained on beside its own."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from mdsa.errors import DuplicateNameError, InvalidInputError, UnknownNameError
from mdsa.router.calibration import Floats
from mdsa.router.label_model import LabelModel
from mdsa.router.protocol import Route, Router, RouterDomain, can_read, route_reading
from mdsa.router.vectors import product

__all__ = ["TrainedRouter"]

_NOT_A_WORD = re.compile(r"[\W_]+")


class TrainedRouter:
    """Routes by a classifier's labels; what is registered decides what is scored.

    A registered domain takes the labels that bear its name, or whose own domain does (capitals,
    blanks and punctuation do not count). Its score is the sum of their probabilities, times the
    probability that the message is in the classifier's scope at all. Labels that no registered
    domain takes are out of scope.

    A registered domain without labels is scored from its description, keywords and examples by a
    second router, `others`, which is given such domains only. Let o be the probability, after the
    classifier, that the message is out of scope: such a domain gets o times what `others` gives
    it, and what `others` finds out of scope stays so. The scores of the domains with labels do not
    change by it: their calibration holds as it was fitted, and so does the floor of the prediction
    sets. It follows that a new domain close to a trained one gets only what that one leaves; train
    again with its examples.

    Args:
        model: the classifier.
        others: scores domains without labels; must have no domain yet.
    """

    def __init__(self, model: LabelModel, others: Router) -> None:
        self.model = model
        self._others = others
        self._lock = threading.Lock()
        self._domains: dict[str, RouterDomain] = {}
        self._label_names = {_plain(name) for name in (*model.labels, *model.domains)}
        self._table: _Table | None = None

    def add_domain(self, domain: RouterDomain) -> None:
        """Make a domain routable.

        Raises:
            DuplicateNameError: the name is taken.
            InvalidInputError: it stands for the same labels as another domain's name.
        """
        with self._lock:
            if domain.name in self._domains:
                raise DuplicateNameError("domain", domain.name)
            if not self._has_labels(domain.name):
                self._others.add_domain(domain)
            else:
                self._refuse_twin(domain.name)
            self._domains[domain.name] = domain
            self._table = None

    def remove_domain(self, name: str) -> None:
        """Forget a domain.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._lock:
            if name not in self._domains:
                raise UnknownNameError("domain", name, self._domains)
            if not self._has_labels(name):
                self._others.remove_domain(name)
            del self._domains[name]
            self._table = None

    @property
    def reads_documents(self) -> bool:
        """Whether documents could change a verdict: those of a domain without labels may."""
        return can_read(self._others) and self._others.reads_documents

    def set_documents(self, sentences: Mapping[str, Sequence[str]]) -> None:
        """Give what documents say to the router for domains without labels; see there."""
        if can_read(self._others):
            self._others.set_documents(sentences)

    def route(self, texts: Sequence[str], *, reading: Collection[str] = ()) -> list[Route]:
        """Score each text against every registered domain, in one batch.

        Args:
            texts: the messages.
            reading: the domains whose documents may count, if they have no labels.

        Raises:
            ModelUnavailableError: the classifier cannot be loaded.
        """
        with self._lock:
            if self._table is None:
                names = tuple(self._domains)
                without = [at for at, name in enumerate(names) if not self._has_labels(name)]
                self._table = _Table.of(names, without, self.model)
            table = self._table
        if not texts or not table.names:
            return [Route({}, 1.0) for _ in texts]
        judged = self.model.judge(texts)
        scores = product(judged.labels, table.sums) * (1 - judged.out_of_scope)[:, None]
        outside = np.clip(1 - scores.sum(axis=1), 0, 1)
        others = route_reading(self._others, texts, reading) if table.without_labels else []
        if others:
            asked = [table.names[column] for column in table.without_labels]
            # A domain that was removed or added meanwhile is in one of the two only.
            shares = np.array([[route.scores.get(name, 0) for name in asked] for route in others])
            scores[:, table.without_labels] = outside[:, None] * shares
            outside = outside * (1 - shares.sum(axis=1))
        routes = [
            Route(dict(zip(table.names, row, strict=True)), rest, table.evidence(label))
            for row, rest, label in zip(
                scores.tolist(), outside.tolist(), judged.labels.argmax(axis=1), strict=True
            )
        ]
        return [_joined(*pair) for pair in zip(routes, others, strict=True)] if others else routes

    def score_floor(self, target_error: float) -> float | None:
        """As `Router.score_floor` says, for messages whose right domain has labels."""
        return self.model.score_floor(target_error)

    def _refuse_twin(self, name: str) -> None:
        twins = [other for other in self._domains if _plain(other) == _plain(name)]
        if twins:
            raise InvalidInputError(
                f"domain {name!r} stands for the same labels of the trained router as the domain "
                f"{twins[0]!r}; remove that one first, or choose another name."
            )

    def _has_labels(self, name: str) -> bool:
        return _plain(name) in self._label_names


@dataclass(frozen=True, slots=True)
class _Table:
    """Where the scores of the registered domains come from.

    Attributes:
        names: of the domains, in the order of registration.
        without_labels: columns of those that the classifier does not know.
        sums: 1 where a domain (column) takes a label (row), else 0.
        labels: the label's own name where it says more than the domain's, else empty.
        takers: name of the domain that takes each label; empty where none does.
    """

    names: tuple[str, ...]
    without_labels: list[int]
    sums: Floats
    labels: tuple[str, ...]
    takers: tuple[str, ...]

    @classmethod
    def of(cls, names: tuple[str, ...], without_labels: list[int], model: LabelModel) -> Self:
        places = {_plain(name): column for column, name in enumerate(names)}
        sums = np.zeros((len(model.labels), len(names)))
        takers, details = [], []
        for row, (label, domain) in enumerate(zip(model.labels, model.domains, strict=True)):
            # A label that is registered by its own name belongs there, and not to its domain.
            column = places.get(_plain(label), places.get(_plain(domain)))
            if column is not None:
                sums[row, column] = 1
            takers.append("" if column is None else names[column])
            same = column is None or _plain(label) == _plain(names[column])
            details.append("" if same else label.replace("_", " "))
        return cls(names, without_labels, sums, tuple(details), tuple(takers))

    def evidence(self, label: int) -> dict[str, str]:
        """The best label, for the domain that takes it."""
        taker, detail = self.takers[label], self.labels[label]
        return {taker: detail} if taker and detail else {}


def _joined(route: Route, other: Route) -> Route:
    evidence: Mapping[str, str] = {**other.evidence, **route.evidence}
    return replace(route, evidence=dict(evidence), by_documents=other.by_documents)


def _plain(name: str) -> str:
    return _NOT_A_WORD.sub("", name).casefold()
