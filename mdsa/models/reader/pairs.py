"""Pairs of values for two arguments of one kind: "between Oslo and Rome, and Paris and Bonn"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from mdsa.models.reader.assignment import Assignment, counted_alike
from mdsa.models.reader.candidates import Candidate

__all__ = ["paired"]

_LINK = re.compile(r"^(?:\s*,\s*|\s+(and|to|with|vs\.?|versus)\s+)(?:(?:a|an|the)\s+)?[$€£'\"]?$")
_LEAST = -1.0
_FEWEST = 2


def paired(
    text: str, names: Sequence[str], found: Assignment, used: Sequence[tuple[int, int]]
) -> dict[str, list[Candidate]]:
    """All values of two arguments that only count or contrast the same thing; else nothing.

    Args:
        text: the message.
        names: arguments that have a value.
        found: their values.
        used: what is taken for others.
    """
    alike = [(a, b) for a, b in pairwise(names) if counted_alike(a, b)]
    if len(alike) != 1:
        return {}
    first, second = alike[0]
    free = [
        one
        for one in found.candidates
        if one.kind != "phrase" or one.whole
        if not any(one.start < end and start < one.end for start, end in used)
        if min(found.score(first, one), found.score(second, one)) > _LEAST
        and not re.search(r",|\band\b", one.text)
    ]
    pairs: list[tuple[Candidate, Candidate]] = []
    for one, other in ((a, b) for a in free for b in free if b.start >= a.end):
        after = pairs[-1][1].end if pairs else 0
        link = _LINK.match(text[one.end : other.start])
        # A comma alone links two numbers, but parts of one name: "Boston, MA".
        if one.start >= after and link and (one.kind == "number" or link.group(1)):
            pairs.append((one, other))
    if len(pairs) < _FEWEST:
        return {}
    return {first: [one for one, _ in pairs], second: [other for _, other in pairs]}
