"""Which value of a message belongs to which argument: scored pair by pair, decided together."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.date_slots import admits
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.number_features import NUMBER_FEATURES, number_rows
from mdsa.models.reader.numeric import fits
from mdsa.models.reader.slot_weights import NUMBER_WEIGHTS, TEXT_WEIGHTS, Weights
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.text_features import TEXT_FEATURES, TEXT_WORDS, text_rows
from mdsa.models.reader.units import is_unit
from mdsa.models.reader.values import Found
from mdsa.models.reader.words import content_stems, stem

__all__ = ["Assignment", "assign_numbers", "assign_texts", "counted_alike"]

_LEAST_REQUIRED = -3.0
_LEAST_OPTIONAL = -1.0
_NEVER = -1e3
_MOST_TRIED = 6
"""Candidates of each slot that are tried together with those of the others."""
_TEXT = TEXT_WEIGHTS.vector(TEXT_FEATURES)
_NUMBER = NUMBER_WEIGHTS.vector(NUMBER_FEATURES)
_AS_WELL = 1.5
"""Difference in log-odds that says little where two slots are of one kind."""
_NEARLY = 0.4
_PREFIX = 4
_LONGEST_NAME = 6
"""Words; a longer quotation is a text."""
_UNITS = frozenset(stem(word) for word in ("unit", "units", "measurement", "measure", "scale"))
_COUNTED = re.compile(
    r"\d+|_?\b[a-e]$|(?<=_)[a-e]$|first|second|third|one|two|start|end|from|to|origin|destination|"
    r"source|target|_|(?<=dataset)[a-e]"
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What was chosen, and what else came into question.

    Attributes:
        chosen: candidate of each slot that has one, by name.
        scores: log-odds of every candidate against no value, by the slot's name.
        candidates: in the order of the scores.
    """

    chosen: dict[str, Candidate] = field(default_factory=dict)
    scores: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    candidates: Sequence[Candidate] = ()

    def score(self, name: str, one: Candidate) -> float:
        """Log-odds of one candidate for one slot."""
        return float(self.scores[name][list(self.candidates).index(one)])


def assign_texts(
    slots: Sequence[Slot],
    candidates: Sequence[Candidate],
    text: str,
    used: Sequence[tuple[int, int]],
    tool_stems: frozenset[str],
    encoder: CachedEncoder | None,
) -> Assignment:
    """Give text slots their values; no two values overlap, nor what is used already."""
    if not slots or not candidates:
        return Assignment()
    stems = [set(content_stems(one.text)) for one in candidates]
    scores = {
        slot.name: np.where(
            [admits(slot, one) for one in candidates],
            _scored(
                text_rows(slot, candidates, text, slots, tool_stems, encoder), TEXT_WEIGHTS, _TEXT
            ),
            _NEVER,
        )
        for slot in slots
    }
    texts = any(set(slot.name_words) & TEXT_WORDS for slot in slots)
    options = []
    for slot in slots:
        own = scores[slot.name]
        gains = _gains(slot, candidates, stems, own, used, tool_stems, texts)
        options.append(_Options(slot.name, gains[:_MOST_TRIED]))
    chosen = _best_together(sorted(options, key=lambda each: -each.most))
    taken = [*used, *((one.start, one.end) for one in chosen.values())]
    found = Assignment(chosen, scores, candidates)
    _widen(found, taken)
    _put_in_order(slots, found)
    return found


@dataclass(frozen=True, slots=True)
class _Options:
    """Candidates that a slot may take, the best first, each with what it gains over none."""

    name: str
    candidates: Sequence[tuple[float, Candidate]]

    @property
    def most(self) -> float:
        return self.candidates[0][0] if self.candidates else 0.0


def _gains(
    slot: Slot,
    candidates: Sequence[Candidate],
    stems: Sequence[set[str]],
    scores: NDArray[np.float64],
    used: Sequence[tuple[int, int]],
    tool_stems: frozenset[str],
    other_texts: bool,
) -> list[tuple[float, Candidate]]:
    least = _LEAST_REQUIRED if slot.required else _LEAST_OPTIONAL
    # A phrase of such words names what is asked for, and is no value of it.
    own = {stem(word) for word in slot.name_words} | tool_stems
    texts_wanted = other_texts and not set(slot.name_words) & TEXT_WORDS
    unit_wanted = bool(slot.words & _UNITS)
    found = [
        (float(score) - least, one)
        for one, words, score in zip(candidates, stems, scores, strict=True)
        if score > least
        and not (one.kind == "phrase" and all(_names(word, own) for word in words))
        and not (texts_wanted and one.kind == "quoted" and one.words > _LONGEST_NAME)
        and (unit_wanted or not is_unit(one.text))
        and not _overlaps(one, used)
    ]
    return sorted(found, key=lambda pair: -pair[0])


def _names(word: str, own: Collection[str]) -> bool:
    """Whether a word is one of a name's, or begins as one does: "discovered" of "discovery"."""
    return any(
        word == each
        or (len(word) >= _PREFIX and each.startswith(word))
        or word[: _PREFIX + 1] == each[: _PREFIX + 1] != each[:_PREFIX]
        for each in own
    )


def _best_together(options: Sequence[_Options]) -> dict[str, Candidate]:
    """The choice of candidates, none overlapping another, whose gains add up to the most."""
    best: dict[str, Candidate] = {}
    best_gain = 0.0
    rest = [sum(each.most for each in options[place:]) for place in range(len(options) + 1)]

    def visit(place: int, gain: float, chosen: dict[str, Candidate]) -> None:
        nonlocal best, best_gain
        if gain > best_gain:
            best, best_gain = dict(chosen), gain
        if place == len(options) or gain + rest[place] <= best_gain:
            return
        taken = [(one.start, one.end) for one in chosen.values()]
        for more, one in options[place].candidates:
            if not _overlaps(one, taken):
                chosen[options[place].name] = one
                visit(place + 1, gain + more, chosen)
                del chosen[options[place].name]
        visit(place + 1, gain, chosen)

    visit(0, 0.0, {})
    return best


def assign_numbers(
    slots: Sequence[Slot],
    candidates: Sequence[Candidate],
    text: str,
    used: Sequence[tuple[int, int]],
    encoder: CachedEncoder | None,
) -> Assignment:
    """Give numeric slots their numbers, so that the sum of the scores is the greatest."""
    from scipy.optimize import linear_sum_assignment

    free = [one for one in candidates if one.kind == "number" and not _overlaps(one, used)]
    if not slots or not free:
        return Assignment()
    scores = {
        slot.name: np.where(
            [_suits(slot, one) for one in free],
            _scored(number_rows(slot, free, text, slots, encoder), NUMBER_WEIGHTS, _NUMBER),
            _NEVER,
        )
        for slot in slots
    }
    table = np.stack([scores[slot.name] for slot in slots])
    least = np.array([_LEAST_REQUIRED if slot.required else _LEAST_OPTIONAL for slot in slots])
    gain = np.maximum(table - least[:, None], 0.0)
    rows, columns = linear_sum_assignment(-gain)
    chosen = {
        slots[row].name: free[column]
        for row, column in zip(rows, columns, strict=True)
        if gain[row, column] > 0
    }
    found = Assignment(chosen, scores, free)
    _put_in_order(slots, found)
    # Numbers without a word beside them go in order, if there is one for each.
    rest = [slot for slot in slots if slot.required and slot.name not in chosen]
    left = [one for one in free if one not in chosen.values() and not one.clock]
    if len(rest) == len(left):
        chosen.update(
            {slot.name: one for slot, one in zip(rest, left, strict=True) if _suits(slot, one)}
        )
    return found


def _put_in_order(slots: Sequence[Slot], found: Assignment) -> None:
    """Where two values would do as well the other way round, the first goes to the first slot."""
    filled = [slot.name for slot in slots if slot.name in found.chosen]
    for place, first in enumerate(filled):
        for second in filled[place + 1 :]:
            one, other = found.chosen[first], found.chosen[second]
            if one.start < other.start:
                continue
            kept = found.score(first, one) + found.score(second, other)
            turned = found.score(first, other) + found.score(second, one)
            bound = _AS_WELL if _stem_of(first) == _stem_of(second) else _NEARLY
            if kept - turned < bound:
                found.chosen[first], found.chosen[second] = other, one


def _stem_of(name: str) -> str:
    """What two names have in common that count or contrast the same thing: city1, end_city."""
    return _COUNTED.sub("", name.lower())


def counted_alike(first: str, second: str) -> bool:
    """Whether two names count or contrast the same thing: city1 and city2, start and end."""
    return first != second and _stem_of(first) == _stem_of(second)


def _widen(found: Assignment, taken: Sequence[tuple[int, int]]) -> None:
    """Rather a whole name than a part of it, where both would do."""
    for name, one in list(found.chosen.items()):
        others = [(c.start, c.end) for key, c in found.chosen.items() if key != name]
        own = (one.start, one.end)
        blocked = [*others, *(span for span in taken if span != own and span not in others)]
        for wider in found.candidates:
            if (
                wider.kind == one.kind == "name"
                and wider.whole
                and wider.start <= one.start
                and one.end <= wider.end
                and wider.words > one.words
                and "," not in wider.text
                and " and " not in wider.text
                and not _overlaps(wider, blocked)
                and found.score(name, one) - found.score(name, wider) < _AS_WELL
            ):
                found.chosen[name] = wider


def _scored(
    rows: NDArray[np.float64], weights: Weights, vector: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.asarray(rows @ vector + weights.intercept)


def _suits(slot: Slot, one: Candidate) -> bool:
    """Whether a number may go to a slot; parts of a time of day only to hours and minutes."""
    if one.clock and not set(slot.name_words) & {one.clock, f"{one.clock}s"}:
        return False
    return fits(slot, Found(one.value, one.start, one.end))


def _overlaps(one: Candidate, taken: Sequence[tuple[int, int]]) -> bool:
    return any(one.start < end and start < one.end for start, end in taken)
