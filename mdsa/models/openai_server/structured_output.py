"""Structured output by `response_format`, with the parsing left to LangChain.

Given a pydantic class, OpenAI's client parses the reply itself, and warns when it is serialized.
"""

from __future__ import annotations

from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_json_schema

from mdsa.models.structured_output import parsed_output

__all__ = ["response_format", "structured"]


def response_format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The request's field that holds the output to a schema."""
    named = {"name": name, "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


def structured(
    model: BaseChatModel, schema: Any, *, include_raw: bool
) -> Runnable[LanguageModelInput, Any]:
    """A model whose output is an instance of a schema."""
    given = isinstance(schema, dict) and ("properties" in schema or "anyOf" in schema)
    wanted: dict[str, Any] = dict(schema) if given else convert_to_json_schema(schema)
    bound = model.bind(
        response_format=response_format(str(wanted.get("title", "reply")), wanted),
        ls_structured_output_format={"kwargs": {"method": "json_schema"}, "schema": wanted},
    )
    return parsed_output(bound, schema, include_raw=include_raw)
