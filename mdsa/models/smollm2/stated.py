"""Tools narrowed down to what a message states, so that no value of a call can be made up."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mdsa.models.figures import figure_value
from mdsa.models.reader.values import quotations
from mdsa.models.reader.words import STOP_WORDS

__all__ = ["stated_spans", "stated_tools"]

_LONGEST = 5
_WORD = re.compile(r"\S+")
_EDGES = " \t\n.,;:!?\"'()[]“”‘’"  # noqa: RUF001
_ENDS = re.compile(r"[.;:!?]$")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s?(?:%|percent\b|per cent\b)")


def stated_tools(tools: Sequence[Mapping[str, Any]], message: str) -> list[dict[str, Any]]:
    """The tools, with an argument's values listed where the message states some.

    An optional argument of which it states none is left out, and one of which it states a choice
    is required. A required one of which it states none stays as it is.

    Args:
        tools: in OpenAI's form.
        message: of the user.
    """
    spans, figures = stated_spans(message), _figures(message)
    return [
        {**tool, "function": _narrowed(tool["function"], spans, figures, message)} for tool in tools
    ]


def stated_spans(message: str) -> list[str]:
    """Neighbouring words that can be a value: up to five, without prepositions at their ends."""
    words = list(_WORD.finditer(message))
    found = [message[quoted.start : quoted.end].strip(_EDGES) for quoted in quotations(message)]
    for first in range(len(words)):
        for last in range(first, min(first + _LONGEST, len(words))):
            span = message[words[first].start() : words[last].end()].strip(_EDGES)
            inner = span.split()
            rest = message[words[last].end() :].split()
            if inner and not (_leans(inner[0]) or _leans(inner[-1]) or _coded(inner[-1], rest)):
                found.append(span)
            if _ENDS.search(words[last].group()):
                break
    return list(dict.fromkeys(span for span in found if span))


def _leans(word: str) -> bool:
    bare = word.strip(_EDGES)
    return bare.lower() in STOP_WORDS and (bare.islower() or bare == "I")


def _coded(word: str, rest: Sequence[str]) -> bool:
    """Whether a capitalised word goes on with a figure: "Terminal 5" is one value."""
    return bool(rest) and word[0].isupper() and word.isalpha() and rest[0].strip(_EDGES).isdigit()


def _figures(message: str) -> list[int | float]:
    said = [figure_value(word.group().strip(_EDGES)) or "" for word in _WORD.finditer(message)]
    found = [float(value) for value in said if _NUMBER.fullmatch(value)]
    found += [float(value) for value in _NUMBER.findall(message)]
    found += [round(float(value) / 100, 9) for value in _PERCENT.findall(message)]
    return [int(value) if value.is_integer() else value for value in dict.fromkeys(found)]


def _narrowed(
    function: Mapping[str, Any],
    spans: Sequence[str],
    figures: Sequence[int | float],
    message: str,
) -> dict[str, Any]:
    parameters = function.get("parameters") or {}
    required = set(parameters.get("required") or ())
    properties = {}
    for name, schema in (parameters.get("properties") or {}).items():
        values = _values(schema, spans, figures, message)
        if values:
            properties[name] = _listed(schema, values)
            if "enum" in schema and len(values) == 1:
                required.add(name)  # said word for word
        elif name in required:
            properties[name] = schema
    needed = [name for name in properties if name in required]
    narrowed = {**parameters, "properties": properties, "required": needed}
    return {**function, "parameters": narrowed}


def _values(
    schema: Mapping[str, Any],
    spans: Sequence[str],
    figures: Sequence[int | float],
    message: str,
) -> list[Any]:
    if "enum" in schema:
        said = message.lower()
        return [
            value
            for value in schema["enum"]
            if re.search(rf"\b{re.escape(str(value).lower())}\b", said)
        ]
    kind = schema.get("type")
    if kind == "array" and isinstance(schema.get("items"), Mapping):
        return _values(schema["items"], spans, figures, message)
    if kind == "integer":
        return [figure for figure in figures if isinstance(figure, int)]
    if kind == "number":
        return list(figures)
    return list(spans) if kind == "string" else []


def _listed(schema: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    if schema.get("type") == "array":
        return {**schema, "items": {**schema["items"], "enum": values}}
    return {**schema, "enum": values}
