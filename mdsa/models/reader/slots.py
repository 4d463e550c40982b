"""The parameters of a tool as slots to fill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mdsa.models.reader.render import label
from mdsa.models.reader.words import content_stems

__all__ = ["Slot", "slots"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One property of a tool's parameters, with optional and nullable forms resolved.

    Attributes:
        name: property name.
        kind: JSON type: string, integer, number, boolean, array or object.
        schema: the resolved property schema.
        required: whether the tool needs it.
    """

    name: str
    kind: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def words(self) -> set[str]:
        """Stems of the name and the description."""
        text = f"{label(self.name)} {self.description}"
        return set(content_stems(text))

    @property
    def description(self) -> str:
        """What the schema says of it; empty where it says nothing."""
        return str(self.schema.get("description", ""))

    @property
    def items(self) -> Mapping[str, Any]:
        """Schema of a list's items; `true` and none at all allow any."""
        items = self.schema.get("items")
        return items if isinstance(items, Mapping) else {}

    @property
    def name_words(self) -> list[str]:
        """The name's words, in lower case."""
        return label(self.name).lower().split()


def slots(parameters: Mapping[str, Any]) -> list[Slot]:
    """The properties of an object schema."""
    required = set(parameters.get("required", ()))
    definitions = parameters.get("$defs", {})
    found = []
    for name, schema in parameters.get("properties", {}).items():
        resolved = _resolve(schema, definitions)
        kind = resolved.get("type", "string")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "string")
        kind = {"dict": "object", "float": "number", "tuple": "array"}.get(kind, kind)
        found.append(Slot(name, kind, resolved, name in required))
    return found


def _resolve(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    resolved = dict(schema)
    if "$ref" in resolved:
        resolved |= definitions.get(str(resolved.pop("$ref")).rsplit("/", 1)[-1], {})
    for key in ("anyOf", "oneOf", "allOf"):
        options = [o for o in resolved.pop(key, []) if o.get("type") != "null"]
        if options:
            resolved = _resolve(options[0], definitions) | resolved
    return resolved
