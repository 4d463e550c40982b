"""Structured output by `response_format`, with the parsing left to LangChain.

Given a pydantic class, OpenAI's client parses the reply itself, and warns when it is serialized.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

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
    is_class = isinstance(schema, type) and is_basemodel_subclass(schema)
    parser: Runnable[Any, Any] = (
        PydanticOutputParser(pydantic_object=schema) if is_class else JsonOutputParser()
    )
    if not include_raw:
        return bound | parser
    parsed = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | parsed.with_fallbacks([failed], exception_key="parsing_error")
