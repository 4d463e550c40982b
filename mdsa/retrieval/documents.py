"""What may be stored: documents, checked before anything of a call is written."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["INTERNAL_PREFIX", "Chunk", "check_documents", "display_title"]

INTERNAL_PREFIX = "mdsa:"
"""Metadata keys that begin so are the store's own and are never shown."""

_RESERVED = frozenset({"id", "scope", "domain", "score", "similarity"})
_KEYS = frozenset({"content", "metadata", "id"})
_LONGEST_TITLE = 60
_LARGEST_INT = 2**63


@dataclass(frozen=True, slots=True)
class Chunk:
    """A document ready to be stored.

    Attributes:
        id: given, or made from the source and the content, so that the same text is stored once.
        content: the text.
        metadata: flat; values are str, int, float, bool or a list of one of these.
        digest: changes when content or metadata do.
    """

    id: str
    content: str
    metadata: dict[str, Any]
    digest: str

    @property
    def indexed_text(self) -> str:
        """What is embedded and searched: a heading says what its text is about."""
        title = self.metadata.get("title")
        return f"{title}\n{self.content}" if title else self.content


def check_documents(
    documents: Sequence[Mapping[str, Any]], *, origin: str | None = None
) -> list[Chunk]:
    """Check documents of the form `{"content": str, "metadata"?: dict, "id"?: str}`.

    Args:
        documents: what a caller wants to store; equal ones become one.
        origin: where they all come from, when that is more exact than metadata's `source`.

    Raises:
        InvalidInputError: one cannot be stored; says which, and which key.
    """
    if isinstance(documents, str | bytes | Mapping) or not isinstance(documents, Sequence):
        raise InvalidInputError(
            f"documents must be a list of mappings with 'content', got {type(documents).__name__}"
        )
    chunks: dict[str, Chunk] = {}
    for index, document in enumerate(documents):
        chunk = _check(index, document, origin)
        other = chunks.setdefault(chunk.id, chunk)
        if other.content != chunk.content or other.metadata != chunk.metadata:
            raise InvalidInputError(
                f"document {index}: id {chunk.id!r} is used twice in one call, for different "
                "documents; give each its own"
            )
    return list(chunks.values())


def display_title(metadata: Mapping[str, Any], content: str) -> str:
    """The title given, or else how the text begins."""
    title = metadata.get("title")
    if title:
        return str(title)
    line = content.strip().splitlines()[0] if content.strip() else ""
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1].rstrip() + "…"


def _check(index: int, document: Mapping[str, Any], origin: str | None) -> Chunk:
    where = f"document {index}"
    if not isinstance(document, Mapping):
        raise InvalidInputError(f"{where}: must be a mapping with 'content', got {document!r:.80}")
    unknown = sorted(str(key) for key in document.keys() - _KEYS)
    if unknown:
        raise InvalidInputError(
            f"{where}: unknown key {unknown[0]!r}; allowed are 'content', 'metadata' and 'id'"
        )
    content = _text(f"{where}: 'content'", document.get("content"))
    metadata = _metadata(where, document.get("metadata"))
    identity = f"{origin or metadata.get('source', '')}\0{content}"
    given = document.get("id")
    key = _hash(identity)[:32] if given is None else _text(f"{where}: 'id'", given)
    digest = _hash(json.dumps([content, metadata], sort_keys=True))
    return Chunk(key, content, metadata, digest)


def _metadata(where: str, metadata: object) -> dict[str, Any]:
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidInputError(f"{where}: 'metadata' must be a mapping, got {metadata!r:.80}")
    checked = {}
    for key, value in metadata.items():
        at = f"{where}: metadata key {key!r}"
        if not isinstance(key, str) or not key or key.startswith((INTERNAL_PREFIX, "chroma:", "#")):
            raise InvalidInputError(f"{at} cannot be stored; choose another name")
        if key in _RESERVED:
            raise InvalidInputError(f"{at} is set by MDSA on what it returns; choose another name")
        if key in {"title", "source"} and not isinstance(value, str | None):
            raise InvalidInputError(f"{at} must be text, got {value!r:.80}")
        if value is not None:
            checked[_text(at, key)] = _value(at, value)
    return checked


def _value(at: str, value: object) -> object:
    if isinstance(value, list | tuple):
        items = [_scalar(at, item) for item in value]
        if not items or len({type(item) for item in items}) > 1:
            raise InvalidInputError(f"{at}: a list must hold values of one type, got {value!r:.80}")
        return items
    return _scalar(at, value)


def _scalar(at: str, value: object) -> str | int | float | bool:
    if isinstance(value, str):
        return _encodable(at, value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and -_LARGEST_INT <= value < _LARGEST_INT:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise InvalidInputError(
        f"{at}: must be text, a number, true or false, or a list of one of these, got {value!r:.80}"
    )


def _text(at: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{at} must be text that is not empty, got {value!r:.80}")
    return _encodable(at, value)


def _encodable(at: str, value: str) -> str:
    if "\0" in value:
        raise InvalidInputError(f"{at} has a NUL character at {value.index(chr(0))}; remove it")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"{at} has half a character (a lone surrogate) at {error.start}; decode the text again "
            "or remove it"
        ) from error
    return value


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
