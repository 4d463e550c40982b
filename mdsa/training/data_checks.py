"""Checks of labelled rows before a router is trained on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats
from mdsa.training.data_confusions import confused_pairs
from mdsa.training.data_cues import cue_words, imbalance, small_labels
from mdsa.training.data_duplicates import find_same_texts
from mdsa.training.data_probabilities import (
    FOLDS,
    cross_validated_probabilities,
    fitted_probabilities,
)
from mdsa.training.data_proposals import propose_rows
from mdsa.training.data_report import ConfusedPair, DataReport, Suspect, WorthLabelling
from mdsa.training.data_selection import select_texts
from mdsa.training.data_suspects import find_suspects
from mdsa.training.rows import LabelledText, read_rows, read_texts

__all__ = ["Encode", "check_file", "check_rows"]

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors, (texts, dimension)."""

_WORTH_LABELLING = 30


def check_file(
    data: Path,
    unlabelled: Path | None = None,
    *,
    encode: Encode | None = None,
    worth_labelling: int = _WORTH_LABELLING,
) -> DataReport:
    """Check a file of labelled rows; see `check_rows`.

    Args:
        data: the rows, as `mdsa.training.rows.read_rows` takes them.
        unlabelled: texts to choose from, as `read_texts` takes them.
        encode: as for `check_rows`.
        worth_labelling: as for `check_rows`.

    Raises:
        InvalidInputError: a file cannot be used; names file and line.
        ModelUnavailableError: the encoder cannot be loaded.
    """
    rows = read_rows(data)
    texts = [] if unlabelled is None else read_texts(unlabelled)
    return check_rows(rows, texts, encode=encode, worth_labelling=worth_labelling)


def check_rows(
    rows: Sequence[LabelledText],
    unlabelled: Sequence[str] = (),
    *,
    encode: Encode | None = None,
    worth_labelling: int = _WORTH_LABELLING,
) -> DataReport:
    """Find what is likely wrong with labelled rows, and what to add to them.

    Nothing is changed. Memory grows with rows times labels, never with the square of the rows.

    Args:
        rows: the rows, at least one.
        unlabelled: texts of which those most worth labelling are chosen.
        encode: the encoder; the packaged one if None.
        worth_labelling: how many unlabelled texts to choose at most.

    Raises:
        ModelUnavailableError: the encoder cannot be loaded.
    """
    encode = encode or _packaged_encoder()
    vectors = encode([row.text for row in rows])
    names = sorted({row.label for row in rows})
    labels = _indices([row.label for row in rows], names)
    same = find_same_texts(rows, vectors)
    small, cues = small_labels(rows), cue_words(rows)
    probabilities = None
    suspects: list[Suspect] = []
    pairs: list[ConfusedPair] = []
    if len(names) > 1 and int(same.groups.max()) + 1 >= FOLDS:
        probabilities = cross_validated_probabilities(vectors, labels, same.groups)
        suspects = find_suspects(rows, names, labels, vectors, probabilities)
        pairs = confused_pairs(rows, names, labels, vectors, probabilities)
    return DataReport(
        rows=len(rows),
        labels=len(names),
        accuracy=_accuracy(probabilities, labels),
        contradictions=tuple(same.contradictions),
        suspects=tuple(suspects),
        confused=(*_confused_domains(rows, names, vectors, probabilities), *pairs),
        duplicates=tuple(same.duplicates),
        small=tuple(small),
        imbalance=imbalance(rows),
        cue_words=tuple(cues),
        proposals=tuple(propose_rows(rows, names, labels, probabilities, pairs, small, cues)),
        worth_labelling=tuple(
            _worth_labelling(rows, vectors, names, labels, unlabelled, encode, worth_labelling)
        ),
    )


def _packaged_encoder() -> Encode:
    from mdsa.router.encoder import load_encoder

    return load_encoder().encode


def _indices(values: Sequence[str], names: Sequence[str]) -> NDArray[np.int64]:
    place = {name: index for index, name in enumerate(names)}
    return np.array([place[value] for value in values], np.int64)


def _accuracy(probabilities: Floats | None, labels: NDArray[np.int64]) -> float | None:
    return None if probabilities is None else float((probabilities.argmax(axis=1) == labels).mean())


def _confused_domains(
    rows: Sequence[LabelledText],
    names: Sequence[str],
    vectors: NDArray[np.float32],
    probabilities: Floats | None,
) -> list[ConfusedPair]:
    """Confused pairs among the domains, where rows name domains that gather several labels."""
    of_label = {row.label: row.domain for row in rows if row.domain is not None}
    domains = sorted(set(of_label.values()))
    if probabilities is None or len(of_label) < len(names) or not 1 < len(domains) < len(names):
        return []
    columns = _indices([of_label[name] for name in names], domains)
    summed = np.zeros((len(rows), len(domains)))
    for label, domain in enumerate(columns):
        summed[:, domain] += probabilities[:, label]
    own = _indices([of_label[row.label] for row in rows], domains)
    return confused_pairs(rows, domains, own, vectors, summed, "domain")


def _worth_labelling(
    rows: Sequence[LabelledText],
    vectors: NDArray[np.float32],
    names: Sequence[str],
    labels: NDArray[np.int64],
    unlabelled: Sequence[str],
    encode: Encode,
    count: int,
) -> list[WorthLabelling]:
    if not unlabelled or len(names) < 2:
        return []
    others = encode(unlabelled)
    probabilities = fitted_probabilities(vectors, labels, others)
    known = [row.text for row in rows]
    return select_texts(unlabelled, others, probabilities, names, known, vectors, count)
