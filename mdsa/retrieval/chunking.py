"""Sections as documents short enough to embed and to put in a prompt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mdsa.retrieval.loaders import Section

__all__ = ["CHUNK_CHARS", "OVERLAP_CHARS", "chunk_sections"]

CHUNK_CHARS = 800
"""About 200 tokens: the embedding model reads 256."""
OVERLAP_CHARS = 100


def chunk_sections(
    sections: Iterable[Section],
    source: str,
    *,
    chunk_chars: int = CHUNK_CHARS,
    overlap_chars: int = OVERLAP_CHARS,
) -> list[dict[str, Any]]:
    """Split sections at paragraphs, lines, sentences or words, in this order of preference.

    Args:
        sections: what a file holds.
        source: shown as the origin of each document.
        chunk_chars: longest document, in characters.
        overlap_chars: how much of the one before a document repeats.

    Returns:
        Documents in the form that `KnowledgeBase.add` takes.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(
        ["\n\n", "\n", ". ", " ", ""],
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
        for piece in splitter.split_text(section.text)
        if piece.strip()
    ]
