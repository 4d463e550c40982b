"""Which rows to write for weak labels. It names the kind of row, and never makes one up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.router.calibration import Floats
from mdsa.training.data_cues import FEWEST_TEXTS
from mdsa.training.data_report import ConfusedPair, CueWord, Proposal, SmallLabel
from mdsa.training.data_words import distinguishing_terms
from mdsa.training.rows import LabelledText

__all__ = ["propose_rows"]

_ROUND = 5
"""Rows to write before the data is checked again."""

_MOST_BORDER = 3


def propose_rows(
    rows: Sequence[LabelledText],
    names: Sequence[str],
    labels: NDArray[np.int64],
    probabilities: Floats | None,
    confused: Sequence[ConfusedPair],
    small: Sequence[SmallLabel],
    cues: Sequence[CueWord],
) -> list[Proposal]:
    """Propose rows: for each side of a confused pair, each small label, each cue word.

    Args:
        rows: the rows.
        names: the labels' names, in the order of the columns.
        labels: index of each row's label, (rows,).
        probabilities: cross-validated, (rows, labels); None if there are none.
        confused: pairs of labels.
        small: labels with too few texts.
        cues: words that give labels away.
    """
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row.label, []).append(row.text)
    proposals = []
    for pair in confused:
        if probabilities is None:
            break
        for label, versus in ((pair.first, pair.second), (pair.second, pair.first)):
            border = _border(rows, labels, probabilities, names.index(label), names.index(versus))
            proposals.append(_contrast(pair, label, versus, texts, border))
    proposals += [_more(found) for found in small]
    proposals += [_without_cue(found) for found in cues]
    return proposals


def _contrast(
    pair: ConfusedPair,
    label: str,
    versus: str,
    texts: dict[str, list[str]],
    border: tuple[LabelledText, ...],
) -> Proposal:
    own = distinguishing_terms(texts[label], texts[versus])
    other = distinguishing_terms(texts[versus], texts[label])
    if pair.identical:
        advice = (
            f"The rows do not tell {label!r} from {versus!r}: merge the two, or settle what sets "
            f"{label!r} apart, label its rows again, and write {_ROUND} that say it."
        )
        if own:
            advice += f" Its rows tend to say {_quoted(own)}."
    elif own and other:
        advice = (
            f"Write {_ROUND} messages of {label!r} that mention {_quoted(own)} or the like, and "
            f"let some of them say {_quoted(other)} too, as those of {versus!r} do."
        )
    elif own:
        advice = (
            f"Write {_ROUND} messages of {label!r} that mention {_quoted(own)} or the like: "
            f"{versus!r} has no words of its own that would tell it apart."
        )
    elif other:
        advice = (
            f"Write {_ROUND} messages of {label!r} that say what only it is about: its rows have "
            f"no words of their own, while those of {versus!r} say {_quoted(other)}."
        )
    else:
        advice = (
            f"Write {_ROUND} messages of {label!r} that say what sets it apart from {versus!r}: "
            "no word does so yet."
        )
    return Proposal(label, versus, _ROUND, advice, border)


def _more(found: SmallLabel) -> Proposal:
    missing = FEWEST_TEXTS - found.texts
    advice = (
        f"Write {missing} more messages of {found.label!r}, each in other words: it has "
        f"{found.texts} different text{'' if found.texts == 1 else 's'}, and {FEWEST_TEXTS} are "
        "the fewest to learn from and check with."
    )
    return Proposal(found.label, None, missing, advice, ())


def _without_cue(found: CueWord) -> Proposal:
    advice = (
        f"Write {_ROUND} messages of {found.label!r} without {_quoted([found.word])}, and a few of "
        f"other labels with it: {found.rows} of {found.of} rows hold it, so a router may learn "
        "the word alone."
    )
    return Proposal(found.label, None, _ROUND, advice, ())


def _border(
    rows: Sequence[LabelledText],
    labels: NDArray[np.int64],
    probabilities: Floats,
    label: int,
    versus: int,
) -> tuple[LabelledText, ...]:
    """The label's rows between which and the other label there is least to choose."""
    members = np.flatnonzero(labels == label)
    gap = np.log(probabilities[members, label]) - np.log(probabilities[members, versus])
    nearest = members[np.argsort(np.abs(gap), kind="stable")[:_MOST_BORDER]]
    return tuple(rows[int(row)] for row in nearest)


def _quoted(terms: Sequence[str]) -> str:
    quoted = [f'"{term}"' for term in terms]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
