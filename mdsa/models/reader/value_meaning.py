"""Whether a value is of the kind that an argument asks for, by the sentence encoder."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot

__all__ = ["context_meaning", "meaning"]

_ANCHORS = (
    "a city",
    "a country",
    "a street address",
    "a person's name",
    "a company",
    "a sports team",
    "an animal or plant species",
    "food, a dish or an ingredient",
    "a diet",
    "a color",
    "a unit of measurement",
    "a currency",
    "a date",
    "a time of day",
    "a musical instrument",
    "a genre of music or film",
    "a mathematical function",
    "a chemical substance",
    "a historical event",
    "a building or museum",
    "a product to buy",
    "a language",
    "a body of law or a crime",
    "a size or level",
    "a method or model",
)
"""Kinds of things, in words for the encoder: a value should be of its argument's kind."""

_SHARPNESS = 12.0


def meaning(
    slot: Slot,
    given: Sequence[str],
    candidates: Sequence[Candidate],
    others: Sequence[Slot],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """Cosines with name, description and nearest example, and how they compare.

    Then: how far below the best of the candidates, how far above the best of the other arguments
    (by description, by name), and whether value and argument are of one kind of thing.
    """
    if encoder is None or not candidates:
        return np.zeros((len(candidates), 7))
    texts = [one.text for one in candidates]
    examples = list(given)[:6]
    rivals = [o for o in others if o.name != slot.name]
    own = encoder.encode(texts)
    slot_texts = [_said(o) for o in (slot, *rivals)]
    named = [label(o.name) for o in (slot, *rivals)]
    count = len(slot_texts)
    rest = encoder.encode([*slot_texts, *named, *examples, *_ANCHORS])
    cosines = (own @ rest.T).astype(np.float64)
    by_slot, by_name = cosines[:, :count], cosines[:, count : 2 * count]
    nearest = (
        cosines[:, 2 * count : 2 * count + len(examples)].max(axis=1)
        if examples
        else np.zeros(len(texts))
    )
    anchors = rest[2 * count + len(examples) :]
    kinds = _sharp(cosines[:, 2 * count + len(examples) :])
    wanted = _sharp((rest[:1] @ anchors.T).astype(np.float64))[0]
    agreement = (kinds @ wanted) / (np.linalg.norm(kinds, axis=1) * np.linalg.norm(wanted))
    margin = by_slot[:, 0] - by_slot[:, 1:].max(axis=1) if rivals else np.zeros(len(texts))
    name_margin = by_name[:, 0] - by_name[:, 1:].max(axis=1) if rivals else np.zeros(len(texts))
    best = by_slot[:, 0] - by_slot[:, 0].max()
    return np.stack(
        [by_name[:, 0], by_slot[:, 0], nearest, best, margin, name_margin, agreement], axis=1
    )


def context_meaning(
    slot: Slot,
    candidates: Sequence[Candidate],
    text: str,
    others: Sequence[Slot],
    encoder: CachedEncoder | None,
) -> NDArray[np.float64]:
    """Cosine of the words around each number with the slot, above other slots, and below best."""
    if encoder is None or not candidates:
        return np.zeros((len(candidates), 3))
    rivals = [o for o in others if o.name != slot.name]
    contexts = [_context(text, one) for one in candidates]
    own = encoder.encode(contexts)
    cosines = (own @ encoder.encode([_said(o) for o in (slot, *rivals)]).T).astype(np.float64)
    margin = cosines[:, 0] - cosines[:, 1:].max(axis=1) if rivals else np.zeros(len(contexts))
    return np.stack([cosines[:, 0], margin, cosines[:, 0] - cosines[:, 0].max()], axis=1)


def _context(text: str, one: Candidate) -> str:
    """The words around a number, up to the next numbers and the ends of its clause."""
    before = re.split(r"[.;?!]\s|\d", text[: one.start])[-1].split()[-5:]
    after = re.split(r"[,.;?!]\s|\d", text[one.end :])[0].split()[:3]
    return " ".join([*before, text[one.start : one.end], *after])


def _said(slot: Slot) -> str:
    return f"{label(slot.name)}: {slot.schema.get('description', '')}"


def _sharp(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    odds = np.exp(_SHARPNESS * (cosines - cosines.max(axis=1, keepdims=True)))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
