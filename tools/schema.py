"""Arguments of a tool: the JSON schema that a model sees, and the check against it.

Schemas follow JSON Schema Draft 2020-12 unless they name another draft. A schema never makes this
process fetch anything: references outside the schema are refused.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable

from mdsa.errors import InvalidInputError, ToolArgumentError

__all__ = ["ArgumentSchema", "object_schema"]

_COMPOSED = ("$ref", "allOf", "anyOf", "oneOf")
_MAX_PROBLEMS = 3
_MAX_VALUE_CHARS = 80


def object_schema(
    parameters: Mapping[str, Any], required: Sequence[str] | None = None
) -> dict[str, Any]:
    """Make a closed JSON schema of an object.

    Args:
        parameters: argument name to JSON schema, where an argument without a `default` is
            required; or a whole JSON schema, recognised by `"type": "object"`.
        required: the required arguments, in place of that rule.

    Returns:
        A copy that refuses arguments that it does not name, unless it says otherwise.

    Raises:
        InvalidInputError: a property is not a schema, or `required` names an unknown argument.
    """
    schema: dict[str, Any]
    if parameters.get("type") == "object":
        schema = copy.deepcopy(dict(parameters))
    else:
        for name, property_ in parameters.items():
            if not isinstance(property_, Mapping | bool):
                raise InvalidInputError(
                    f"parameter {name!r} is described by {property_!r}; expected a JSON schema "
                    'such as {"type": "string", "description": "…"}.'
                )
        schema = {"type": "object", "properties": copy.deepcopy(dict(parameters))}
        schema["required"] = [
            name
            for name, property_ in parameters.items()
            if isinstance(property_, bool) or "default" not in property_
        ]
    properties = schema.setdefault("properties", {})
    if required is not None:
        if unknown := [name for name in required if name not in properties]:
            raise InvalidInputError(
                f"required names {unknown}, which are not parameters; parameters are "
                f"{list(properties)}."
            )
        schema["required"] = list(required)
    # `additionalProperties` does not see properties that a sub-schema names.
    if not {"additionalProperties", "unevaluatedProperties"} & schema.keys():
        composed = any(key in schema for key in _COMPOSED)
        schema["unevaluatedProperties" if composed else "additionalProperties"] = False
    return schema


class ArgumentSchema:
    """A checked JSON schema that checks arguments. Immutable, so safe to share."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Check the schema itself.

        Raises:
            InvalidInputError: it is not a JSON schema of an object, or refers outside itself.
        """
        self.schema: dict[str, Any] = dict(schema)
        draft = validator_for(self.schema, default=Draft202012Validator)
        try:
            draft.check_schema(self.schema)
        except SchemaError as error:
            path = "/".join(str(part) for part in error.absolute_path) or "the top"
            raise InvalidInputError(
                f"wrong JSON schema at {path}: {error.message}; see json-schema.org."
            ) from error
        _check_references(self.schema, draft)
        self._validator: Validator = draft(
            self.schema, registry=Registry(), format_checker=draft.FORMAT_CHECKER
        )

    @property
    def properties(self) -> Mapping[str, Any]:
        """Schema of each argument."""
        properties: Mapping[str, Any] = self.schema.get("properties", {})
        return properties

    def check(self, tool: str, arguments: object) -> dict[str, Any]:
        """Return a copy of the arguments, with no value changed.

        Args:
            tool: name for the message.
            arguments: what a caller or a model gave.

        Raises:
            ToolArgumentError: they do not fit; names each argument, its value and what is expected.
        """
        if not isinstance(arguments, Mapping) or not all(isinstance(key, str) for key in arguments):
            raise ToolArgumentError(
                f"tool {tool!r}: the arguments are {_show(arguments)}; expected an object of "
                f"argument names and values, such as {{{', '.join(self.properties)}}}."
            )
        given = copy.deepcopy(dict(arguments))
        problems = sorted({self._explain(error) for error in self._validator.iter_errors(given)})
        if problems:
            more = len(problems) - _MAX_PROBLEMS
            text = "; ".join(problems[:_MAX_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
            raise ToolArgumentError(f"tool {tool!r}: {text}.")
        return given

    def _explain(self, error: Any) -> str:
        path = [str(part) for part in error.absolute_path]
        where = f"argument {'.'.join(path)!r}" if path else "the call"
        if error.validator == "required" and isinstance(error.instance, dict):
            missing = [name for name in error.validator_value if name not in error.instance]
            names = [".".join([*path, name]) for name in missing]
            expected = [_expectation(self.properties.get(name, {})) for name in missing]
            return "; ".join(
                f"argument {name!r} is missing; expected {text}"
                for name, text in zip(names, expected, strict=True)
            )
        if error.validator in ("additionalProperties", "unevaluatedProperties"):
            known = list(error.schema.get("properties", {})) if path else list(self.properties)
            extra = [name for name in error.instance if name not in known]
            return f"{where} has no {extra}; it takes {known}"
        schema = error.schema if isinstance(error.schema, Mapping) else {}
        return f"{where} is {_show(error.instance)}; expected {_expectation(schema)}"


def _expectation(schema: Any) -> str:
    """Say in words what a value must be."""
    if not isinstance(schema, Mapping):
        return "nothing" if schema is False else "any value"
    rules = {
        key: value
        for key, value in schema.items()
        if key not in ("title", "description", "examples", "default", "properties", "$defs")
    }
    text = str(rules.pop("type", "a value"))
    for key, value in rules.items():
        text += f", {key} {value if isinstance(value, str) else _show(value, limit=200)}"
    if description := schema.get("description"):
        text += f" ({str(description).rstrip('.')})"
    return text


def _show(value: object, limit: int = _MAX_VALUE_CHARS) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            elif key not in ("default", "const", "enum", "examples"):
                yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


def _check_references(schema: dict[str, Any], draft: type[Validator]) -> None:
    contents = {**schema, "$schema": draft.META_SCHEMA["$schema"]}
    resource = Resource.from_contents(contents)
    registry: Registry[Any] = Registry().with_resource(resource.id() or "", resource)
    resolver = registry.resolver(resource.id() or "")
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            raise InvalidInputError(
                f"the JSON schema refers to {reference!r}, which is not in it; put the definition "
                "under $defs and refer to it as '#/$defs/…'."
            ) from error
