"""JSON schemas that a model's output is held to: closed objects, moved references, short text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = [
    "describe_type",
    "move_references",
    "resolve_reference",
    "strict_schema",
    "without_keyword",
]

Schema = Mapping[str, Any]

_OF_NAMES = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_OF_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_OF_ONE = (
    "items",
    "additionalProperties",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
)
_COMPOSING = ("allOf", "anyOf", "oneOf", "if", "$ref", "dependentSchemas")
_OPEN_ALREADY = ("additionalProperties", "unevaluatedProperties", "patternProperties")


def strict_schema(schema: Schema) -> dict[str, Any]:
    """Close the objects that list their properties: nothing else may occur in an instance.

    What is required stays so. An object stays open where its author says so, where it lists no
    properties, and where a composition (`allOf` and its like) adds properties to it.
    """
    shared = _composed_references(schema)

    def close(part: Schema, pointer: str) -> Schema:
        is_whole = not any(key in part for key in (*_COMPOSING, *_OPEN_ALREADY))
        if "properties" not in part or not is_whole or pointer in shared:
            return part
        return {**part, "additionalProperties": False}

    return _rebuilt(schema, close, "#")


def move_references(schema: Schema, to: str) -> dict[str, Any]:
    """Rewrite local references for a schema that becomes a part of another one.

    Args:
        schema: a whole schema; references count from its root.
        to: JSON pointer of its new place, such as `#/$defs/book`.

    Raises:
        InvalidInputError: a reference leads out of the schema or to an anchor.
    """

    def move(part: Schema, _pointer: str) -> Schema:
        reference = part.get("$ref")
        if reference is None:
            return part
        if reference != "#" and not str(reference).startswith("#/"):
            raise InvalidInputError(
                f"schema reference {reference!r} is not local; write the schema it means into "
                "'$defs' and refer to it as '#/$defs/NAME'."
            )
        return {**part, "$ref": f"{to}{reference[1:]}"}

    moved = _rebuilt(schema, move, "#")
    return {key: value for key, value in moved.items() if key not in {"$schema", "$id"}}


def without_keyword(schema: Schema, keyword: str) -> dict[str, Any]:
    """Copy a schema without a keyword, wherever it constrains something."""

    def drop(part: Schema, _pointer: str) -> Schema:
        return {key: value for key, value in part.items() if key != keyword}

    return _rebuilt(schema, drop, "#")


def resolve_reference(reference: str, root: Schema) -> Schema:
    """What a local reference points to.

    Raises:
        InvalidInputError: nothing is there.
    """
    found: Any = root
    for key in reference.removeprefix("#").split("/")[1:]:
        name = key.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isdigit() and int(name) < len(found):
            found = found[int(name)]
        elif isinstance(found, Mapping) and name in found:
            found = found[name]
        else:
            raise InvalidInputError(f"schema reference {reference!r} points to nothing.")
    return found if isinstance(found, Mapping) else {}


def describe_type(schema: object, root: Schema, within: tuple[str, ...] = ()) -> str:
    """A schema as a short type, such as `{city: string, unit?: "c" | "f"}[]`.

    Args:
        schema: the schema, which may be a boolean.
        root: the schema that its references count from.
        within: references that this one is reached through; one that recurs is only named.
    """
    if not isinstance(schema, Mapping):
        return "any"
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference in within:
            return reference.rsplit("/", 1)[-1]
        return describe_type(resolve_reference(reference, root), root, (*within, reference))
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in values)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " | ".join(describe_type(part, root, within) for part in schema[key])
    kind = schema.get("type")
    if kind is None and len(schema.get("allOf", ())) == 1:
        return describe_type(schema["allOf"][0], root, within)
    if isinstance(kind, list):
        return " | ".join(describe_type({**schema, "type": one}, root, within) for one in kind)
    if kind == "array":
        item = describe_type(schema.get("items", True), root, within)
        return f"({item})[]" if " | " in item else f"{item}[]"
    if kind == "object" or "properties" in schema:
        return _describe_object(schema, root, within)
    return f"{kind or 'any'} ({schema['format']})" if "format" in schema else str(kind or "any")


def _describe_object(schema: Schema, root: Schema, within: tuple[str, ...]) -> str:
    if "properties" in schema:
        required = set(schema.get("required", ()))
        parts = [
            f"{name}{'' if name in required else '?'}: {describe_type(part, root, within)}"
            for name, part in schema["properties"].items()
        ]
        return "{" + ", ".join(parts) + "}"
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        return "{[name]: " + describe_type(values, root, within) + "}"
    return "object"


def _composed_references(schema: Schema) -> set[str]:
    """Pointers of the schemas that a composition adds properties to."""
    found: set[str] = set()

    def collect(part: Schema, pointer: str) -> Schema:
        alone = "properties" not in part and len(part.get("allOf", ())) < 2
        for key in ("allOf", *(() if alone else ("anyOf", "oneOf"))):
            for index, branch in enumerate(part.get(key, ())):
                if not alone and isinstance(branch, Mapping):
                    found.add(str(branch.get("$ref", f"{pointer}/{key}/{index}")))
        if "$ref" in part and "properties" in part:
            found.add(str(part["$ref"]))
        # What these say is about the object that another schema describes.
        found.update(f"{pointer}/{key}" for key in ("not", "if", "then", "else") if key in part)
        return part

    _rebuilt(schema, collect, "#")
    return found


def _rebuilt(
    schema: Schema, change: Callable[[Schema, str], Schema], pointer: str
) -> dict[str, Any]:
    """Copy a schema with every schema in it changed; keys that only look like keywords are safe."""
    made = dict(change(schema, pointer))
    for key, name, part in list(_parts(made)):
        place = f"{pointer}/{key}" if name is None else f"{pointer}/{key}/{_escaped(name)}"
        new = _rebuilt(part, change, place)
        if name is None:
            made[key] = new
        else:
            made[key] = made[key].copy() if made[key] is schema.get(key) else made[key]
            made[key][name] = new
    return made


def _parts(schema: Schema) -> Iterator[tuple[str, str | int | None, Schema]]:
    for key in _OF_NAMES:
        for name, part in schema.get(key, {}).items():
            if isinstance(part, Mapping):
                yield key, name, part
    for key in _OF_LISTS:
        for index, part in enumerate(schema.get(key, ())):
            if isinstance(part, Mapping):
                yield key, index, part
    for key in _OF_ONE:
        if isinstance(schema.get(key), Mapping):
            yield key, None, schema[key]


def _escaped(name: str | int) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
