"""Whole lists as answers: their items together, under the sentence that leads into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mdsa.models.reader.sentences import Sentence

__all__ = ["whole_lists"]


def whole_lists(sentences: Sequence[Sentence], titles: Mapping[int, str]) -> list[Sentence]:
    """Every list of two items or more as one unit, with the sentence that leads into it.

    A numbered list that was cut between two passages is put together again where both are here.

    Args:
        sentences: of all passages, in their order.
        titles: title of each passage by its id; a list goes on only under the same title.
    """
    blocks: dict[tuple[int, int], list[Sentence]] = {}
    for sentence in sentences:
        if sentence.kind in ("item", "lead"):
            blocks.setdefault((sentence.passage, sentence.block), []).append(sentence)
    lists = [parts for parts in blocks.values() if any(part.marker for part in parts)]
    found = []
    for parts in lists:
        rest = _continuation(parts, lists, titles)
        whole = [*parts, *rest]
        if sum(bool(part.marker) for part in whole) > 1:
            found.append(
                replace(
                    parts[0],
                    text="\n".join(_lines(whole)),
                    kind="list",
                    marker=whole[-1].marker,
                    headless=_starts_late(parts),
                    ends_in=rest[0].passage if rest else 0,
                )
            )
    return found


def _continuation(
    parts: Sequence[Sentence], lists: Sequence[Sequence[Sentence]], titles: Mapping[int, str]
) -> list[Sentence]:
    """Further items of a numbered list, from a passage that begins where this one was cut."""
    last = max((part.number or 0 for part in parts), default=0)
    if not last or _starts_late(parts):
        return []
    for others in lists:
        same = titles.get(others[0].passage) == titles.get(parts[0].passage)
        first = others[0].number
        if (
            others[0].passage == parts[0].passage
            or not same
            or first is None
            or not 1 < first <= last + 1
            or not _overlap_agrees(parts, others)
        ):
            continue
        rest = [part for part in others if (part.number or 0) > last]
        if rest and rest[0].number == last + 1:
            return rest
    return []


def _overlap_agrees(parts: Sequence[Sentence], others: Sequence[Sentence]) -> bool:
    known = {part.number: part.text for part in parts if part.number}
    return all(
        # The cut may stand within an item.
        known[part.number].startswith(part.text) or part.text.startswith(known[part.number])
        for part in others
        if part.number in known
    )


def _starts_late(parts: Sequence[Sentence]) -> bool:
    first = next((part for part in parts if part.marker), None)
    return first is not None and (first.number or 1) > 1


def _lines(parts: Sequence[Sentence]) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if part.marker or not lines:
            lines.append(f"{part.marker} {part.text}".strip())
        else:
            lines[-1] += " " + part.text  # a further sentence of the same item
    return lines
