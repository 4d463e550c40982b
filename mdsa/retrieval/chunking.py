"""Sections as documents short enough to embed and to put in a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mdsa.retrieval.loaders import Section

__all__ = ["CHUNK_CHARS", "OVERLAP_CHARS", "chunk_sections"]

CHUNK_CHARS = 800
"""About 200 tokens: the embedding model reads 256."""
OVERLAP_CHARS = 100
_NO_ITEM = r"(?!\s*(?:[-*+•]|\d{1,2}[.)])[ \t])"
_SEPARATORS = [rf"\n[ \t]*\n{_NO_ITEM}", rf"\n{_NO_ITEM}", r"\n", r"\. ", " ", ""]
"""Where to split, best first; before an item of a list only if need be."""
_TABLE_HEAD = re.compile(r"^\|.*\|[ \t]*\n\|[\s:|-]+\|[ \t]*$", re.MULTILINE)
"""A table's header and the rule below it."""


def chunk_sections(
    sections: Iterable[Section],
    source: str,
    *,
    chunk_chars: int = CHUNK_CHARS,
    overlap_chars: int = OVERLAP_CHARS,
) -> list[dict[str, Any]]:
    """Split sections at paragraphs, lines, sentences or words, in this order of preference.

    A list stays together, and with the sentence that leads into it, where they fit. Where a table
    is cut, its header is repeated above the rows that follow: without it, they tell nothing.

    Args:
        sections: what a file holds.
        source: shown as the origin of each document.
        chunk_chars: longest document, in characters, a repeated header not counted.
        overlap_chars: how much of the one before a document repeats.

    Returns:
        Documents in the form that `KnowledgeBase.add` takes.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        _SEPARATORS,
        is_separator_regex=True,
        keep_separator="end",
        chunk_size=chunk_chars,
        chunk_overlap=overlap_chars,
    )
    return [
        {
            "content": piece,
            "metadata": {"source": source, **section.metadata, "title": section.title},
        }
        for section in sections
        for piece in _with_heads(splitter.split_text(section.text))
        if piece.strip()
    ]


def _with_heads(pieces: Sequence[str]) -> Iterator[str]:
    head = ""
    for piece in pieces:
        begun = piece.lstrip()
        headless = head and begun.startswith("|") and not _TABLE_HEAD.match(begun)
        whole = f"{head}\n{begun}" if headless else piece
        yield whole
        heads = _TABLE_HEAD.findall(whole)
        goes_on = whole.rstrip().rpartition("\n")[2].startswith("|")
        head = heads[-1] if heads and goes_on else ""
