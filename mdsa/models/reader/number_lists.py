"""Lists of numbers for arguments that take a list: "Control [10, 15] and Treated [18, 16]"."""

from __future__ import annotations

from collections.abc import Sequence

from mdsa.models.reader.assignment import assign_numbers
from mdsa.models.reader.candidates import Candidate
from mdsa.models.reader.coordination import joined
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.slots import Slot

__all__ = ["assign_number_lists"]


def assign_number_lists(
    items: Sequence[Slot],
    candidates: Sequence[Candidate],
    text: str,
    used: Sequence[tuple[int, int]],
    encoder: CachedEncoder | None,
) -> dict[str, list[Candidate]]:
    """The numbers of each list, by the slot's name; every list goes to one slot.

    Args:
        items: a slot for the items of each list, under the list's own name.
        candidates: of the message.
        text: the message.
        used: what is taken for others.
        encoder: sentence encoder.
    """
    runs = _runs(text, [one for one in candidates if not _overlaps(one, used)])
    longer = [run for run in runs if len(run) > 1]
    runs = longer if len(longer) >= len(items) else runs
    by_head = {(run[0].start, run[0].end): run for run in runs}
    found = assign_numbers(items, [run[0] for run in runs], text, used, encoder)
    return {name: by_head[one.start, one.end] for name, one in found.chosen.items()}


def _runs(text: str, candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """Numbers that stand beside one another, in the order of the message."""
    runs: list[list[Candidate]] = []
    for one in candidates:
        if one.kind != "number" or one.clock:
            continue
        if runs and one.start < runs[-1][-1].end:
            continue  # the 2 of "2nd"
        if runs and joined(text, runs[-1][-1], one, ranges=True):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _overlaps(one: Candidate, taken: Sequence[tuple[int, int]]) -> bool:
    return any(one.start < end and start < one.end for start, end in taken)
