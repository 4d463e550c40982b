"""Schemas for structured output, and what reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_json_schema
from pydantic import BaseModel

from mdsa.errors import InvalidInputError
from mdsa.models.json_schema import strict_schema
from mdsa.models.structured_output import parsed_output

__all__ = ["answer_schema", "read_response_format", "structured"]

_METHODS = ("json_schema", "function_calling", "json_mode")


def structured(
    model: BaseChatModel,
    schema: Mapping[str, Any] | type,
    *,
    include_raw: bool,
    method: str,
    unknown: Mapping[str, Any],
) -> Runnable[LanguageModelInput, Any]:
    """`with_structured_output` of a model that is held to the schema in its `response_format`.

    Args:
        model: to bind.
        schema: a pydantic model, a TypedDict or a JSON schema.
        include_raw: give `raw`, `parsed` and `parsing_error` instead of the answer.
        method: of no effect, since the output is constrained whatever it is called.
        unknown: arguments that there are not.

    Raises:
        InvalidInputError: the schema is none, or an argument is unknown.
    """
    if unknown or method not in _METHODS:
        raise InvalidInputError(
            f"arguments {sorted(unknown)}, method {method!r}: use include_raw, and one of the "
            f"methods {', '.join(_METHODS)}."
        )
    form = answer_schema(schema)
    bound = model.bind(
        response_format={"type": "json_schema", "json_schema": {"schema": form}},
        ls_structured_output_format={
            "kwargs": {"method": method},
            "schema": convert_to_json_schema(schema),  # type: ignore[arg-type] # a Mapping serves
        },
    )
    return parsed_output(bound, schema, include_raw=include_raw)


def answer_schema(schema: Mapping[str, Any] | type) -> dict[str, Any]:
    """The strict JSON schema of a pydantic model, a TypedDict or a JSON schema.

    Raises:
        InvalidInputError: it is none of them.
    """
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return strict_schema(schema.model_json_schema())
    if isinstance(schema, Mapping) and "name" not in schema and "function" not in schema:
        return strict_schema(schema)
    try:
        return strict_schema(convert_to_json_schema(schema))  # type: ignore[arg-type] # a Mapping serves
    except (ValueError, TypeError) as error:
        raise InvalidInputError(
            f"{schema!r} is no schema of an answer: {error}; give a pydantic model, a TypedDict or "
            "a JSON schema."
        ) from error


def read_response_format(form: object) -> dict[str, Any] | None:
    """The schema in OpenAI's `response_format`; None for free text.

    Raises:
        InvalidInputError: it is of no known type.
    """
    if form is None:
        return None
    if isinstance(form, Mapping):
        kind = form.get("type")
        if kind == "text":
            return None
        if kind == "json_object":
            return {"type": "object"}
        if kind == "json_schema" and isinstance(form.get("json_schema"), Mapping):
            return strict_schema(form["json_schema"].get("schema") or {"type": "object"})
    raise InvalidInputError(
        f"response_format is {form!r}; its type must be 'text', 'json_object' or 'json_schema'."
    )
