"""From labelled rows to what a router is fitted, stopped, calibrated and judged on."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mdsa.errors import InvalidInputError
from mdsa.training.router_settings import RouterSettings
from mdsa.training.rows import LabelledText, split_rows

__all__ = ["Part", "RouterRows", "arrange_rows", "label_weights"]

_FEWEST_FOR_SETS = 40
"""Held-out rows; of fewer, none are set apart for conformal prediction."""
_EVEN = 10.0
"""Rows of the largest label over those of the smallest up to which labels are not weighted."""
_MOST_WEIGHT = 5.0

_NAMED = 5


@dataclass(frozen=True)
class Part:
    """Texts with the index of each one's label."""

    texts: list[str]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class RouterRows:
    """The rows by their use.

    Attributes:
        labels: names, in the order of the logits.
        domains: the domain of each label.
        train: what the weights are fitted on.
        stop: held out; decides when training stops, and gives the temperature and the
            out-of-scope score. `train` itself where there were too few rows to hold any out.
        sets: held out from all of that, for conformal prediction and the reported figures, after
            which the temperature is fitted on them too; may be empty.
        held_out_of_train: whether `stop` and `sets` were taken out of the training rows, and not
            out of a validation file.
        outside_train: out-of-scope texts for the weights.
        outside_fit: others for the out-of-scope score.
    """

    labels: tuple[str, ...]
    domains: tuple[str, ...]
    train: Part
    stop: Part
    sets: Part
    held_out_of_train: bool
    outside_train: list[str]
    outside_fit: list[str]

    @property
    def nothing_held_out(self) -> bool:
        """Whether there were too few rows to hold any out: `stop` is `train` then."""
        return self.stop is self.train

    def with_held_out(self) -> RouterRows:
        """All rows for the weights, those of `train` first, and none held out."""
        parts = (self.train, self.stop, self.sets)
        texts = [text for part in parts for text in part.texts]
        labels = np.concatenate([part.labels for part in parts])
        none = Part([], np.empty(0, dtype=np.int64))
        return replace(self, train=Part(texts, labels), stop=none, sets=none)

    def digest(self) -> str:
        """Hash of everything, for telling whether a run can be resumed."""
        parts = [[part.texts, part.labels.tolist()] for part in (self.train, self.stop, self.sets)]
        content = [self.labels, self.domains, parts, self.outside_train, self.outside_fit]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def counts(self) -> dict[str, int]:
        """How many rows each use has."""
        return {
            "labels": len(self.labels),
            "domains": len(set(self.domains)),
            "train": len(self.train),
            "held_out_for_stopping_and_calibration": 0 if self.nothing_held_out else len(self.stop),
            "held_out_for_sets_and_figures": len(self.sets),
            "out_of_scope_train": len(self.outside_train),
            "out_of_scope_calibration": len(self.outside_fit),
        }


def arrange_rows(
    train: Sequence[LabelledText],
    validation: Sequence[LabelledText] | None,
    outside: Sequence[str],
    settings: RouterSettings,
) -> RouterRows:
    """Sort rows by their use; the same rows and seed give the same parts.

    Args:
        train: labelled rows.
        validation: held-out rows; a part of `train` where there are none.
        outside: out-of-scope texts, if any.
        settings: shares and seed.

    Raises:
        InvalidInputError: fewer than two labels, a label with fewer than two different texts, a
            validation row with a label or domain that `train` does not have, or an out-of-scope
            text that is also a labelled one.
    """
    domain_of = {row.label: row.domain or row.label for row in train}
    _check_labels(train, domain_of)
    labels = tuple(sorted(domain_of))
    _check_domains(labels, domain_of)
    if validation is None:
        share = min(settings.held_share, settings.held_most / len(train))
        fitted, held = split_rows(train, share, settings.seed)
    else:
        _check_validation(validation, domain_of)
        fitted, held = list(train), list(validation)
    stop, sets = held, list[LabelledText]()
    if len(held) >= _FEWEST_FOR_SETS:
        stop, sets = split_rows(held, 0.5, settings.seed + 1)
    known = {row.text.casefold() for row in train}
    clash = next((text for text in outside if text.casefold() in known), None)
    if clash is not None:
        raise InvalidInputError(
            f"the out-of-scope text {clash!r} is also a labelled row; take it out of one file."
        )
    # Half teaches the weights; what they have seen cannot calibrate them.
    fit_on = _part(fitted, labels)
    return RouterRows(
        labels=labels,
        domains=tuple(domain_of[label] for label in labels),
        train=fit_on,
        stop=_part(stop, labels) if stop else fit_on,
        sets=_part(sets, labels),
        held_out_of_train=validation is None and bool(held),
        outside_train=list(outside[::2]),
        outside_fit=list(outside[1::2]),
    )


def label_weights(labels: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Weight of each label's rows: more for rare ones, where the data is skewed.

    Inverse square roots of the counts, at most five times the mean and 1 on average over rows; all
    1 while the largest label has at most ten times the rows of the smallest.
    """
    rows = np.bincount(labels, minlength=count).astype(np.float64)
    if rows.max() <= _EVEN * max(rows.min(), 1):
        return np.ones(count, dtype=np.float32)
    weights = 1 / np.sqrt(np.maximum(rows, 1))
    for _ in range(2):  # the cut moves the mean
        weights *= rows.sum() / (weights * rows).sum()
        weights = np.minimum(weights, _MOST_WEIGHT)
    return weights.astype(np.float32)


def _part(rows: Sequence[LabelledText], labels: Sequence[str]) -> Part:
    index = {label: at for at, label in enumerate(labels)}
    return Part(
        [row.text for row in rows], np.array([index[row.label] for row in rows], dtype=np.int64)
    )


def _check_labels(train: Sequence[LabelledText], domain_of: dict[str, str]) -> None:
    if len(domain_of) < 2:
        only = ", ".join(map(repr, domain_of)) or "none"
        raise InvalidInputError(f"a router needs two labels or more; the rows have {only}.")
    texts = Counter(label for label, _ in {(row.label, row.text.casefold()) for row in train})
    poor = [label for label in domain_of if texts[label] < 2]
    if poor:
        names = ", ".join(map(repr, poor[:_NAMED]))
        more = f" and {len(poor) - _NAMED} more" if len(poor) > _NAMED else ""
        raise InvalidInputError(
            f"labels with one text only: {names}{more}; give each two different ones or more, or "
            "register a domain with examples instead of training."
        )


def _check_domains(labels: Sequence[str], domain_of: dict[str, str]) -> None:
    domains = sorted(set(domain_of.values()))
    if len(domains) < 2:
        raise InvalidInputError(
            f"all {len(labels)} labels belong to the domain {domains[0]!r}; leave the domain out "
            "to route on the labels."
        )


def _check_validation(rows: Sequence[LabelledText], domain_of: dict[str, str]) -> None:
    for row in rows:
        where = "" if row.line is None else f" in line {row.line}"
        if row.label not in domain_of:
            raise InvalidInputError(
                f"validation label {row.label!r}{where} has no training row; remove the row, or "
                "add such rows to the training file."
            )
        if row.domain is not None and row.domain != domain_of[row.label]:
            raise InvalidInputError(
                f"validation label {row.label!r}{where} belongs to domain {row.domain!r}, in the "
                f"training file to {domain_of[row.label]!r}; give it one."
            )
