"""How retrieved passages and known facts stand in a prompt: written here, and read back here.

Any chat model can read the form. `embedded://reader` reads it back exactly, which is why writing
and reading live in one module. Passages are data: a closing tag inside one is escaped, so that a
document cannot pretend to end the block and speak as the system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr, unescape

from langchain_core.documents import Document

__all__ = ["Passage", "format_facts", "format_passages", "parse_facts", "parse_passages"]

_PASSAGE = re.compile(
    r'<passage id="(\d+)" title=("[^"]*"|\'[^\']*\')>\n(.*?)\n</passage>', re.DOTALL
)
_FACT = re.compile(r'<fact name=("[^"]*"|\'[^\']*\')>(.*?)</fact>', re.DOTALL)
_QUOTES = {"&quot;": '"', "&#10;": "\n", "&#13;": "\r", "&#9;": "\t"}


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage of a prompt. `id` counts from 1 in the order of retrieval."""

    id: int
    title: str
    text: str


def format_passages(documents: Sequence[Document]) -> str:
    """Write documents as a `<passages>` block, numbered from 1; empty text for none."""
    if not documents:
        return ""
    parts = [
        f'<passage id="{number}" title={quoteattr(str(document.metadata.get("title", "")))}>\n'
        f"{escape(document.page_content)}\n</passage>"
        for number, document in enumerate(documents, start=1)
    ]
    return "<passages>\n" + "\n".join(parts) + "\n</passages>"


def parse_passages(text: str) -> list[Passage]:
    """Read the passages back from a prompt, in their order."""
    return [
        Passage(int(number), unescape(title[1:-1], _QUOTES), unescape(body))
        for number, title, body in _PASSAGE.findall(text)
    ]


def format_facts(facts: Mapping[str, object]) -> str:
    """Write what the application knows of the caller as a `<facts>` block; empty text for none."""
    if not facts:
        return ""
    lines = [
        f"<fact name={quoteattr(name)}>{escape(str(value))}</fact>" for name, value in facts.items()
    ]
    return "<facts>\n" + "\n".join(lines) + "\n</facts>"


def parse_facts(text: str) -> dict[str, str]:
    """Read the facts back from a prompt."""
    return {unescape(name[1:-1], _QUOTES): unescape(value) for name, value in _FACT.findall(text)}
