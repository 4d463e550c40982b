"""What the checks of training rows found: facts that a person acts upon, most pressing first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mdsa.training.rows import LabelledText

__all__ = [
    "ConfusedPair",
    "CueWord",
    "DataReport",
    "Imbalance",
    "Proposal",
    "SameText",
    "SmallLabel",
    "Suspect",
    "WorthLabelling",
]


@dataclass(frozen=True, slots=True)
class SameText:
    """Rows that say the same.

    Attributes:
        rows: at least two, in the order of the file.
        exact: they differ at most in case, punctuation and white space; else also in spelling,
            word order or a word or two.
    """

    rows: tuple[LabelledText, ...]
    exact: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """Their labels, each once."""
        return tuple(dict.fromkeys(row.label for row in self.rows))


@dataclass(frozen=True, slots=True)
class ConfusedPair:
    """Two labels, or two domains, that the rows hardly tell apart.

    Attributes:
        level: "label" or "domain".
        first: the one; `first_as_second` of its rows look more like the other.
        second: the other; `second_as_first` of its rows look more like the first.
        error: mean of both sides' shares of such rows; 0.5 where the two are one and the same.
        distance: between the two centres, over the spread of the rows around them.
        identical: nothing tells them apart; they want merging or defining anew.
        examples: rows on the wrong side, the farthest first.
    """

    level: str
    first: str
    second: str
    first_as_second: int
    second_as_first: int
    error: float
    distance: float
    identical: bool
    examples: tuple[LabelledText, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row whose label is likely wrong.

    Attributes:
        row: the row.
        guess: the label that the other rows speak for.
        given_probability: what a classifier that never saw the row gives its label.
        guess_probability: what it gives the guess.
        like: the row of the guess that is most like this one.
    """

    row: LabelledText
    guess: str
    given_probability: float
    guess_probability: float
    like: LabelledText


@dataclass(frozen=True, slots=True)
class SmallLabel:
    """A label with too few different texts to learn from and to check with."""

    label: str
    texts: int


@dataclass(frozen=True, slots=True)
class Imbalance:
    """The largest label has many times the rows of the smallest."""

    largest: str
    largest_rows: int
    smallest: str
    smallest_rows: int


@dataclass(frozen=True, slots=True)
class CueWord:
    """A word that gives a label away: a router may learn it and nothing else.

    Attributes:
        label: the label.
        word: nearly all of the label's rows hold it, and hardly a row of any other label.
        rows: how many of the label's rows hold it.
        of: how many rows the label has.
        elsewhere: how many rows of other labels hold it.
    """

    label: str
    word: str
    rows: int
    of: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to add for one weak label.

    Attributes:
        label: the label.
        versus: the label that it is taken for; None where that is not the matter.
        count: how many rows to write, to begin with.
        advice: the kind of rows, in a sentence.
        border: rows of the label that lie nearest to the other label, as patterns of what is hard.
    """

    label: str
    versus: str | None
    count: int
    advice: str
    border: tuple[LabelledText, ...]


@dataclass(frozen=True, slots=True)
class WorthLabelling:
    """An unlabelled text that would teach much.

    Attributes:
        text: the text.
        guess: its likeliest label; a person decides.
        other: the next.
        guess_probability: of the guess.
        other_probability: of the next.
    """

    text: str
    guess: str
    other: str
    guess_probability: float
    other_probability: float


@dataclass(frozen=True, slots=True)
class DataReport:
    """All that was found. Lists are complete and sorted, the most pressing first.

    Attributes:
        rows: how many were read.
        labels: how many different ones.
        accuracy: share of rows that a light classifier, which never saw them, labels as given;
            None where there is too little to cross-validate.
        contradictions: the same text under different labels.
        suspects: rows that are likely mislabelled.
        confused: pairs of labels or domains that the rows hardly tell apart.
        duplicates: the same text more than once under one label.
        small: labels with too few texts.
        imbalance: set if labels differ much in size.
        cue_words: words that give a label away.
        proposals: what to write.
        worth_labelling: what to label, from the unlabelled texts.
    """

    rows: int
    labels: int
    accuracy: float | None
    contradictions: tuple[SameText, ...]
    suspects: tuple[Suspect, ...]
    confused: tuple[ConfusedPair, ...]
    duplicates: tuple[SameText, ...]
    small: tuple[SmallLabel, ...]
    imbalance: Imbalance | None
    cue_words: tuple[CueWord, ...]
    proposals: tuple[Proposal, ...]
    worth_labelling: tuple[WorthLabelling, ...]

    def warnings(self) -> list[str]:
        """One sentence for each kind of trouble that there is, for a log or a progress line."""
        found = [
            _counted(self.contradictions, "text stands", "texts stand", "under different labels"),
            *self._pair_sentences(identical=True),
            _counted(self.suspects, "row looks", "rows look", "mislabelled"),
            *self._pair_sentences(identical=False),
            _counted(self.duplicates, "text stands", "texts stand", "more than once"),
            _counted(self.small, "label has", "labels have", "too few texts"),
            _counted(self.cue_words, "label is", "labels are", "given away by one word"),
        ]
        sentences = [sentence for sentence in found if sentence]
        if self.imbalance is not None:
            sentences.append(
                f"{self.imbalance.largest!r} has {self.imbalance.largest_rows} rows, "
                f"{self.imbalance.smallest!r} only {self.imbalance.smallest_rows}"
            )
        return sentences

    def _pair_sentences(self, *, identical: bool) -> list[str]:
        sentences = []
        for level in ("domain", "label"):
            pairs = [
                pair
                for pair in self.confused
                if pair.level == level and pair.identical == identical
            ]
            one, several = f"pair of {level}s", f"pairs of {level}s"
            if identical:
                sentences.append(_counted(pairs, one, several, "cannot be told apart"))
            else:
                sentences.append(_counted(pairs, f"{one} is", f"{several} are", "often confused"))
        return sentences

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values, with the warnings, for JSON."""
        return {"warnings": self.warnings(), **asdict(self)}


def _counted(found: Sequence[object], one: str, several: str, rest: str) -> str:
    if not found:
        return ""
    return f"{len(found)} {one if len(found) == 1 else several} {rest}"
