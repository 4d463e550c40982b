"""What reads a structured answer, for models that are held to a schema as they write."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.pydantic import is_basemodel_subclass

__all__ = ["make_parser", "parsed_output"]


def make_parser(schema: Any) -> Runnable[Any, Any]:
    """A parser of the answer: objects of a pydantic model, else dicts."""
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        return PydanticOutputParser(pydantic_object=schema)
    return JsonOutputParser()


def parsed_output(
    bound: Runnable[LanguageModelInput, BaseMessage], schema: Any, *, include_raw: bool
) -> Runnable[LanguageModelInput, Any]:
    """The model with its answer parsed, as LangChain's `with_structured_output` gives it.

    Args:
        bound: a model that writes JSON of the schema.
        schema: a pydantic model, a TypedDict or a JSON schema.
        include_raw: give `raw`, `parsed` and `parsing_error` instead of the answer alone.
    """
    parser = make_parser(schema)
    if not include_raw:
        return bound | parser
    parsed = RunnablePassthrough.assign(
        parsed=itemgetter("raw") | parser, parsing_error=lambda _: None
    )
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=bound) | parsed.with_fallbacks([failed], exception_key="parsing_error")
