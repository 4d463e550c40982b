"""Drawing some of many texts so that what was drawn stays so while others come and go."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["draw"]


def draw(texts: Sequence[str], count: int) -> list[str]:
    """Draw so many of different texts, in their order: those with the smallest hashes."""
    if len(texts) <= count:
        return list(texts)
    kept = frozenset(sorted(texts, key=_hash)[:count])
    return [text for text in texts if text in kept]


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
