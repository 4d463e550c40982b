"""Files as sections of text: one function per format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdsa.errors import RetrievalError
from mdsa.retrieval.decoding import clean_text, read_text

__all__ = ["SUFFIXES", "Section", "load_file"]

_LEVELS = ("h1", "h2", "h3", "h4", "h5", "h6")
_HIDDEN_TAGS = ("script", "style", "noscript", "template", "nav", "header", "footer", "form")
# fmt: off
_BLOCK_TAGS = frozenset({
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption",
    "figure", "hr", "li", "main", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
})
# fmt: on
_TITLE_KEYS = ("title", "name", "question", "subject")
_WIDEST_FIELD = 2**24


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a file that has one heading.

    Attributes:
        text: clean text; not empty.
        title: the headings above it, joined by ` > `, or the file's stem.
        metadata: what else is known, such as `page`.
    """

    text: str
    title: str
    metadata: dict[str, Any] = field(default_factory=dict)


def load_file(path: Path) -> list[Section]:
    """Read a file by its suffix; empty for a file without text.

    Raises:
        RetrievalError: it cannot be read as what its suffix says; names the file and the reason.
    """
    loader = _LOADERS.get(path.suffix.lower())
    if loader is None:
        raise RetrievalError(
            f"{path}: cannot read files of type {path.suffix or 'none'!r}; "
            f"known are {', '.join(sorted(SUFFIXES))}"
        )
    return [section for section in loader(path) if section.text.strip()]


def _load_text(path: Path) -> Iterator[Section]:
    yield Section(read_text(path), path.stem)


def _load_markdown(path: Path) -> Iterator[Section]:
    from langchain_text_splitters import MarkdownHeaderTextSplitter

    splitter = MarkdownHeaderTextSplitter(
        [("#" * level, name) for level, name in enumerate(_LEVELS, start=1)]
    )
    for part in splitter.split_text(read_text(path)):
        headings = [part.metadata[name] for name in _LEVELS if name in part.metadata]
        yield Section(part.page_content, " > ".join(headings) or path.stem)


def _load_html(path: Path) -> Iterator[Section]:
    from bs4 import BeautifulSoup
    from bs4.element import NavigableString, PreformattedString, Tag

    soup = BeautifulSoup(read_text(path), "html.parser")
    page_title = soup.title.get_text(" ", strip=True) if soup.title else ""
    for tag in soup(["title", *_HIDDEN_TAGS]):
        tag.decompose()
    headings: dict[int, str] = {}
    parts: list[str] = []

    def section() -> Section:
        text = "\n".join(
            line for raw in "".join(parts).splitlines() if (line := " ".join(raw.split()))
        )
        title = " > ".join(headings[level] for level in sorted(headings))
        return Section(text, title or page_title or path.stem)

    for node in soup.descendants:
        if isinstance(node, Tag) and node.name in _LEVELS:
            yield section()
            parts.clear()
            level = _LEVELS.index(node.name)
            headings = {above: text for above, text in headings.items() if above < level}
            headings[level] = node.get_text(" ", strip=True)
        elif isinstance(node, Tag) and node.name in _BLOCK_TAGS:
            parts.append("\n")
        elif (
            isinstance(node, NavigableString)
            and not isinstance(node, PreformattedString)
            and node.find_parent(_LEVELS) is None
        ):
            parts.append(str(node))
    yield section()


def _load_json(path: Path) -> Iterator[Section]:
    value = _parse(path, read_text(path), 0)
    records = value if isinstance(value, list) else [value]
    for number, record in enumerate(records, start=1):
        title = path.stem if len(records) == 1 else f"{path.stem} {number}"
        yield _record(path, record, title)


def _load_json_lines(path: Path) -> Iterator[Section]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            yield _record(path, _parse(path, line, number - 1), f"{path.stem} {number}")


def _parse(path: Path, text: str, lines_before: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RetrievalError(
            f"{path}: is not JSON: {error.msg}, line {lines_before + error.lineno} column "
            f"{error.colno}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise RetrievalError(f"{path}: cannot be read as JSON ({error})") from error


def _record(path: Path, record: Any, title: str) -> Section:
    if isinstance(record, Mapping) and isinstance(record.get("content"), str):
        metadata = record.get("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise RetrievalError(f"{path}: {title}: 'metadata' must be an object")
        given = metadata.get("title") or record.get("title")
        return Section(clean_text(record["content"]), str(given or title), dict(metadata))
    if isinstance(record, Mapping):
        given = next((record[k] for k in _TITLE_KEYS if isinstance(record.get(k), str)), title)
        return Section(clean_text("\n".join(_flatten(record))), clean_text(given))
    return Section(clean_text("\n".join(_flatten(record))), title)


def _flatten(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(item, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _flatten(item, prefix)
    elif value is not None:
        yield f"{prefix}: {value}" if prefix else str(value)


def _load_csv(path: Path) -> Iterator[Section]:
    text = read_text(path)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    csv.field_size_limit(_WIDEST_FIELD)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, row in enumerate(reader, start=1):
            if None in row:
                raise RetrievalError(
                    f"{path}: line {reader.line_num} has more fields than the header's "
                    f"{len(reader.fieldnames or [])}"
                )
            lines = [
                f"{key}: {value.strip()}" for key, value in row.items() if (value or "").strip()
            ]
            yield Section("\n".join(lines), f"{path.stem}, row {number}", {"row": number})
    except csv.Error as error:
        raise RetrievalError(f"{path}: line {reader.line_num} is not CSV ({error})") from error


def _delimiter(text: str) -> str:
    """The commonest of the usual ones in the header line."""
    header = text.partition("\n")[0]
    return max(",;\t|", key=header.count)


def _load_pdf(path: Path) -> Iterator[Section]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise RetrievalError(f"{path}: is encrypted; save a copy without a password")
        for number, page in enumerate(reader.pages, start=1):
            yield Section(clean_text(page.extract_text()), path.stem, {"page": number})
    except OSError as error:
        raise RetrievalError(f"{path}: cannot be read ({error.strerror})") from error
    except RetrievalError:
        raise
    except Exception as error:  # a damaged PDF makes pypdf raise nearly anything
        kind = "damaged" if isinstance(error, PyPdfError) else f"damaged ({type(error).__name__})"
        raise RetrievalError(f"{path}: is {kind}: {error}; save it again as PDF") from error


_LOADERS: dict[str, Callable[[Path], Iterator[Section]]] = {
    ".txt": _load_text,
    ".text": _load_text,
    ".rst": _load_text,
    ".md": _load_markdown,
    ".markdown": _load_markdown,
    ".html": _load_html,
    ".htm": _load_html,
    ".json": _load_json,
    ".jsonl": _load_json_lines,
    ".ndjson": _load_json_lines,
    ".csv": _load_csv,
    ".tsv": _load_csv,
    ".pdf": _load_pdf,
}

SUFFIXES = frozenset(_LOADERS)
"""File types that can be read."""
