"""Tool results as text for a person: a message verbatim, or the fields that matter."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mdsa.models.reader.prompt import ToolOutcome
from mdsa.models.reader.words import content_stems, tokens

__all__ = ["label", "render_outcomes"]

_TEXT_KEYS = ("message", "summary", "answer", "text")
_ERROR_KEYS = ("error", "detail")
_MAX_FIELDS = 8
_MAX_ROWS = 10
_PREFIX = re.compile(r"^(?:error|toolexception|exception)\s*:\s*", re.IGNORECASE)


def label(name: str) -> str:
    """A name of the schema as words: `orderId` and `order_id` become "order ID"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = re.sub(r"[\s_.-]+", " ", words).strip().lower()
    return re.sub(r"\b(id|url|sku)\b", lambda match: match.group().upper(), words)


def render_outcomes(outcomes: Sequence[ToolOutcome], question: str) -> str:
    """One line or block for each distinct result, in the order of the calls."""
    several = len(outcomes) > 1
    parts: list[str] = []
    for outcome in outcomes:
        text = _render(outcome, question)
        key = next((str(value) for value in outcome.args.values() if isinstance(value, str)), "")
        if several and key and key not in text and not outcome.failed:
            text = f"{key}: {text}"
        if text not in parts:
            parts.append(text)
    return "\n".join(parts)


def _render(outcome: ToolOutcome, question: str) -> str:
    action = label(outcome.name)
    try:
        value: Any = json.loads(outcome.content)
    except ValueError:
        value = outcome.content
    problem = value if outcome.failed else _problem(value)
    if problem is not None:
        reason = _PREFIX.sub("", _message(problem) or _text(problem, question)).strip()
        return f"I could not complete “{action}”: {reason or 'no reason was given'}"
    return _message(value) or _text(value, question) or f"“{action}” returned nothing."


def _problem(value: Any) -> Any:
    """The error inside a result that says of itself that it failed; else None."""
    if not isinstance(value, Mapping):
        return None
    for key in _ERROR_KEYS[:1]:
        if value.get(key):
            return value[key]
    refused = value.get("ok") is False or value.get("success") is False
    return value if refused else None


def _message(value: Any) -> str:
    if isinstance(value, Mapping):
        for key in (*_TEXT_KEYS, *_ERROR_KEYS):
            if isinstance(value.get(key), str) and value[key].strip():
                return str(value[key]).strip()
    return ""


def _text(value: Any, question: str) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, Mapping):
        fields = _flatten(value)
        return "; ".join(f"{name}: {text}" for name, text in _relevant(fields, question))
    if isinstance(value, list):
        rows = [_text(row, question) for row in value[:_MAX_ROWS]]
        if all(not isinstance(row, Mapping | list) for row in value):
            lines = ", ".join(rows)
        else:
            lines = "\n".join(f"- {row}" for row in rows)
        left = len(value) - _MAX_ROWS
        return f"{lines}\n({left} more)" if left > 0 else lines
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).strip()


def _flatten(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for key, item in value.items():
        name = f"{prefix} {label(str(key))}".strip()
        if isinstance(item, Mapping):
            fields += _flatten(item, name)
        elif isinstance(item, list):
            rows = (_row(row) for row in item[:_MAX_ROWS])
            fields += [(name, ", ".join(rows))] if item else []
        elif item is not None and item != "":
            fields.append((name, _text(item, "")))
    return fields


def _row(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(text for _, text in _flatten(value))
    return _text(value, "")


def _relevant(fields: list[tuple[str, str]], question: str) -> list[tuple[str, str]]:
    """All fields where they are few; else those that the question names, then the first."""
    if len(fields) <= _MAX_FIELDS:
        return fields
    asked = set(content_stems(question))
    named = [f for f in fields if asked & set(content_stems(" ".join(tokens(f[0]))))]
    kept = (named + [f for f in fields if f not in named])[:_MAX_FIELDS]
    return [field for field in fields if field in kept]
