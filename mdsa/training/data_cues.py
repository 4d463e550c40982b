"""Words that give a label away, and labels whose numbers alone are a risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mdsa.training.data_report import CueWord, Imbalance, SmallLabel
from mdsa.training.data_words import normalised, word_list
from mdsa.training.rows import LabelledText

__all__ = ["FEWEST_TEXTS", "cue_words", "imbalance", "small_labels"]

FEWEST_TEXTS = 10
"""Different texts that a label needs: some to learn from, some to check with."""

_HELD_BY = 0.8
_OWN = 0.95
_MOST_TIMES = 10


def small_labels(rows: Sequence[LabelledText]) -> list[SmallLabel]:
    """Labels with fewer than `FEWEST_TEXTS` different texts, the smallest first."""
    texts: dict[str, set[str]] = {}
    for row in rows:
        texts.setdefault(row.label, set()).add(normalised(row.text))
    small = [SmallLabel(label, len(own)) for label, own in texts.items() if len(own) < FEWEST_TEXTS]
    return sorted(small, key=lambda found: (found.texts, found.label))


def imbalance(rows: Sequence[LabelledText]) -> Imbalance | None:
    """The largest and the smallest label, where one has more than ten times the other's rows."""
    counts = Counter(row.label for row in rows).most_common()
    (largest, most), (smallest, fewest) = counts[0], counts[-1]
    if most <= _MOST_TIMES * fewest:
        return None
    return Imbalance(largest, most, smallest, fewest)


def cue_words(rows: Sequence[LabelledText]) -> list[CueWord]:
    """Words in 80 % of a label's rows or more, 95 % of whose rows have this label.

    Labels below `FEWEST_TEXTS` rows are passed over, and so are sets of one label.
    """
    sizes = Counter(row.label for row in rows)
    if len(sizes) < 2:
        return []
    held = Counter((row.label, word) for row in rows for word in set(word_list(row.text)))
    everywhere: Counter[str] = Counter()
    for (_, word), count in held.items():
        everywhere[word] += count
    found = [
        CueWord(label, word, count, sizes[label], everywhere[word] - count)
        for (label, word), count in held.items()
        if sizes[label] >= FEWEST_TEXTS
        and count >= _HELD_BY * sizes[label]
        and count >= _OWN * everywhere[word]
    ]
    return sorted(found, key=lambda cue: (-cue.rows / cue.of, cue.label, cue.word))
