"""Rows that say the same, found without comparing every text with every other as written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mdsa.training.data_report import SameText
from mdsa.training.data_words import normalised
from mdsa.training.rows import LabelledText

__all__ = ["SameTexts", "find_same_texts"]

_CLOSE = 0.96
"""Cosine from which texts are compared as written."""

_ALIKE = 0.75
"""Share of characters in common, words sorted, from which they are nearly the same."""

_BLOCK = 1024
_MOST_PER_ROW = 10
_NUMBER = re.compile(r"\d+")
_NEGATION = re.compile(r"n't\b|(?<=can)not\b")
_TURNING = frozenset(
    "after before down from less more never no not off on out without".split()  # noqa: SIM905
)
"""Little words that turn a request round; texts that differ in one do not say the same."""

_Pairs = list[tuple[int, int]]


class SameTexts(NamedTuple):
    """Texts that stand more than once.

    Attributes:
        contradictions: under different labels; those that are nearly the same come in pairs.
        duplicates: under one label.
        groups: number of each row's group of rows that say the same, whatever their labels:
            (rows,). In cross-validation a group stays together, or its rows would vouch for each
            other's labels.
    """

    contradictions: list[SameText]
    duplicates: list[SameText]
    groups: NDArray[np.int64]


def find_same_texts(rows: Sequence[LabelledText], vectors: NDArray[np.float32]) -> SameTexts:
    """Find exact and near copies; exact ones come first, then the order of the rows.

    Args:
        rows: the rows.
        vectors: their embeddings, of length 1, (rows, dimension).
    """
    exact = _exact_groups(rows)
    near = _near_pairs(rows, vectors, [group[0] for group in exact])
    contradictions: list[SameText] = []
    duplicates: list[SameText] = []
    for group in exact:
        found = SameText(tuple(rows[index] for index in group), exact=True)
        if len(found.labels) > 1:
            contradictions.append(found)
        elif len(group) > 1:
            duplicates.append(found)
    agreeing: _Pairs = []
    for first, second in near:
        if rows[first].label == rows[second].label:
            agreeing.append((first, second))
        else:
            contradictions.append(SameText((rows[first], rows[second]), exact=False))
    duplicates += [
        SameText(tuple(rows[index] for index in group), exact=False)
        for group in _joined(len(rows), agreeing)
        if len(group) > 1
    ]
    copies = [(group[0], index) for group in exact for index in group[1:]]
    numbers = np.empty(len(rows), np.int64)
    for number, group in enumerate(_joined(len(rows), near + copies)):
        numbers[group] = number
    return SameTexts(contradictions, duplicates, numbers)


def _exact_groups(rows: Sequence[LabelledText]) -> list[list[int]]:
    """Indices of each text as written, those of single rows too."""
    groups: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(normalised(row.text), []).append(index)
    return list(groups.values())


def _near_pairs(
    rows: Sequence[LabelledText], vectors: NDArray[np.float32], distinct: list[int]
) -> _Pairs:
    """Pairs among the given rows, all of different texts, that are nearly the same."""
    pairs = ((distinct[first], distinct[second]) for first, second in _close(vectors[distinct]))
    return [
        (first, second)
        for first, second in pairs
        if _nearly_same(normalised(rows[first].text), normalised(rows[second].text))
    ]


def _close(vectors: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
    """Pairs of close vectors; for each row its closest only, lest templates give millions."""
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors[start:].T
        at, other = np.nonzero(block >= _CLOSE)
        later = other > at
        at, other = at[later], other[later]
        order = np.lexsort((other, -block[at, other], at))
        at, other = at[order], other[order]
        rank = np.arange(len(at)) - np.searchsorted(at, at)
        kept = rank < _MOST_PER_ROW
        yield from zip((at[kept] + start).tolist(), (other[kept] + start).tolist(), strict=True)


def _nearly_same(first: str, second: str) -> bool:
    """Whether they differ in little but word order, spelling or numbers."""
    ours, theirs = (
        _NUMBER.sub("0", _NEGATION.sub(" not", text)).split() for text in (first, second)
    )
    if _TURNING.intersection(set(ours) ^ set(theirs)):
        return False
    matcher = SequenceMatcher(None, " ".join(sorted(ours)), " ".join(sorted(theirs)), False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _joined(count: int, pairs: _Pairs) -> list[list[int]]:
    """Indices joined through pairs, each group in ascending order."""
    root = list(range(count))

    def find(index: int) -> int:
        while root[index] != index:
            root[index] = root[root[index]]
            index = root[index]
        return index

    for first, second in pairs:
        low, high = sorted((find(first), find(second)))
        root[high] = low
    groups: dict[int, list[int]] = {}
    for index in range(count):
        groups.setdefault(find(index), []).append(index)
    return list(groups.values())
