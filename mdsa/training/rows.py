"""Labelled rows for a router: read from files, refused with file and line, split by label."""

from __future__ import annotations

import csv
import io
import json
import random
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["LabelledText", "read_rows", "read_texts", "split_rows"]

_Record = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """One text with its label.

    Attributes:
        text: composed (NFC), white space collapsed, never empty.
        label: what the router shall answer: an intent, or a domain itself.
        domain: the domain that the label belongs to, where the file says so.
        line: where it stands in its file, from 1; no part of equality.
    """

    text: str
    label: str
    domain: str | None = None
    line: int | None = field(default=None, compare=False)


def read_rows(path: Path) -> list[LabelledText]:
    """Read labelled rows.

    JSON lines `{"text", "label"}` or `{"text", "intent"}`, each with an optional `"domain"`; or,
    where the name ends in `.csv`, a table with these columns. Other keys are passed over, and so
    are empty lines. Texts and labels come back in NFC with single spaces.

    Raises:
        InvalidInputError: the file cannot be read or holds no row; a row is no JSON object, has no
            text or label, or one that is no string or empty; a label has two domains. The message
            names file and line.
    """
    rows = [_row(record, f"{path}, line {line}", line) for line, record in _records(path)]
    if not rows:
        raise InvalidInputError(f'{path} holds no rows; write lines {{"text": …, "label": …}}.')
    _one_domain_each(rows, path)
    return rows


def read_texts(path: Path) -> list[str]:
    """Read texts without regard to their labels: out-of-scope messages, or unlabelled ones.

    JSON lines `{"text"}`, a `.csv` table with the column `text`, or a `.txt` file with one text a
    line. Texts come back in NFC with single spaces.

    Raises:
        InvalidInputError: as `read_rows`, without the demands on labels.
    """
    if path.suffix.lower() == ".txt":
        lines = ((line, " ".join(text.split())) for line, text in _lines(path))
        texts = [_string({"text": text}, "text", f"{path}, line {line}") for line, text in lines]
    else:
        texts = [_string(record, "text", f"{path}, line {line}") for line, record in _records(path)]
    if not texts:
        raise InvalidInputError(f'{path} holds no texts; write lines {{"text": …}}.')
    return texts


def split_rows(
    rows: Sequence[LabelledText], share: float, seed: int
) -> tuple[list[LabelledText], list[LabelledText]]:
    """Hold out a part of the rows, the same share of every label as far as that goes.

    Rows of the same text stay together, so that nothing held out was seen. Every label keeps at
    least one text in the larger part; so one with a single text has none in the smaller. Shares of
    labels with few texts are rounded up or down so that the whole comes out right. The same rows,
    share and seed give the same parts; each keeps the order of `rows`.

    Args:
        rows: what is split.
        share: the smaller part's share of each label's texts, in (0, 0.5].
        seed: which draw.

    Returns:
        The larger part and the smaller.

    Raises:
        InvalidInputError: the share is out of range.
    """
    if not 0 < share <= 0.5:
        raise InvalidInputError(f"share {share} of held-out rows; give one above 0, up to 0.5.")
    draw = random.Random(seed)  # a split, no secret
    texts: dict[str, dict[str, None]] = {}
    for row in rows:
        texts.setdefault(row.label, {})[row.text.casefold()] = None
    held: set[tuple[str, str]] = set()
    owed = draw.random()
    for label in sorted(texts):
        own = sorted(texts[label])
        owed += share * len(own)
        count = min(int(owed), len(own) - 1)
        # What a label too small could not give is not asked of the others.
        owed -= int(owed)
        held.update((label, text) for text in draw.sample(own, count))
    parts: tuple[list[LabelledText], list[LabelledText]] = ([], [])
    for row in rows:
        parts[(row.label, row.text.casefold()) in held].append(row)
    return parts


def _row(record: Mapping[str, Any], where: str, line: int) -> LabelledText:
    text = _string(record, "text", where)
    names = [key for key in ("label", "intent") if key in record]
    if not names:
        raise InvalidInputError(f'{where}: no "label" (or "intent"); its keys: {_keys(record)}.')
    labels = [_string(record, name, where) for name in names]
    if labels[0] != labels[-1]:
        raise InvalidInputError(
            f"{where}: label {labels[0]!r} and intent {labels[1]!r} differ; give one of them."
        )
    domain = None if record.get("domain") in (None, "") else _string(record, "domain", where)
    return LabelledText(text, labels[0], domain, line)


def _string(record: Mapping[str, Any], key: str, where: str) -> str:
    if key not in record:
        raise InvalidInputError(f'{where}: no "{key}"; its keys: {_keys(record)}.')
    value = record[key]
    if not isinstance(value, str):
        raise InvalidInputError(
            f'{where}: "{key}" is {value!r} of type {type(value).__name__}; write a string.'
        )
    string = unicodedata.normalize("NFC", " ".join(value.split()))
    if any(unicodedata.category(character) == "Cs" for character in string):
        raise InvalidInputError(
            f'{where}: "{key}" holds half of a surrogate pair: {string!a}; write valid UTF-8.'
        )
    if all(unicodedata.category(character) == "Cf" for character in string):
        raise InvalidInputError(f'{where}: "{key}" is empty; fill it in or remove the row.')
    return string


def _keys(record: Mapping[str, Any]) -> str:
    return ", ".join(repr(str(key)) for key in record) or "none"


def _records(path: Path) -> Iterator[_Record]:
    if path.suffix.lower() == ".csv":
        yield from _csv_records(path)
        return
    for line, text in _lines(path):
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(
                f'{path}, line {line}: not JSON ({error}); write {{"text": …, "label": …}}.'
            ) from error
        if not isinstance(record, dict):
            raise InvalidInputError(
                f"{path}, line {line}: {text.strip()[:80]!r} is not a JSON object; write "
                '{"text": …, "label": …}.'
            )
        yield line, record


def _csv_records(path: Path) -> Iterator[_Record]:
    # Quoted cells may hold line breaks: the reader needs the whole text, and counts its own lines.
    text = "\n".join(_decoded(path))
    table = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in table:
            if None in record:
                raise InvalidInputError(
                    f"{path}, line {table.line_num}: more cells than the header has columns; "
                    "put quotes around a text with a comma."
                )
            yield table.line_num, {key: cell for key, cell in record.items() if cell is not None}
    except csv.Error as error:
        raise InvalidInputError(
            f"{path}, line {table.line_num}: not CSV ({error}); close the quotes, and double "
            "those inside a text."
        ) from error


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without the empty ones."""
    return ((line, text) for line, text in enumerate(_decoded(path), 1) if text.strip())


def _decoded(path: Path) -> list[str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"cannot read {path} ({error.strerror}); give a file of JSON lines or CSV."
        ) from error
    lines = []
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InvalidInputError(
                f"{path}, line {number}: not UTF-8 ({error}); save the file as UTF-8."
            ) from error
    return lines


def _one_domain_each(rows: Sequence[LabelledText], path: Path) -> None:
    first: dict[str, LabelledText] = {}
    for row in rows:
        known = first.setdefault(row.label, row)
        if known.domain != row.domain:
            raise InvalidInputError(
                f"{path}: label {row.label!r} belongs to domain {known.domain!r} in line "
                f"{known.line}, and to {row.domain!r} in line {row.line}; give each label one "
                "domain, or two names."
            )
