"""A finished text in the pieces in which a model would have written it."""

from __future__ import annotations

import re

__all__ = ["stream_words"]

_WORD = re.compile(r"\s*\S+\s*$|\s*\S+")


def stream_words(text: str) -> list[str]:
    """Words with the white space before them, the last with that after it; they add up to the text.

    A text of white space alone has none.
    """
    return _WORD.findall(text)
