"""What a reasoning model is asked when it splits a message: prompt, schema, and its hold on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable, RunnableLambda

__all__ = ["held_to", "split_instructions", "split_prompt", "split_schema"]

_PROMPT = """\
Split the user's message into questions for specialists. Use only these specialists:
{domains}
Answer with a JSON list of objects {{"domain": name, "query": question}}, at most {limit} of them, \
in the order of the message. Each question must be complete by itself: replace pronouns by what \
they stand for. Do not answer the questions."""
_MOST_CHARS = 2000


def split_instructions(descriptions: Mapping[str, str], limit: int) -> str:
    """What the reasoning model is told.

    Args:
        descriptions: of the domains to choose from, by name.
        limit: most questions.
    """
    listing = "\n".join(f"- {name}: {descriptions[name]}" for name in sorted(descriptions))
    return _PROMPT.format(domains=listing, limit=limit)


def split_prompt(
    message: str, domains: Mapping[str, str], limit: int, previous: str = ""
) -> list[BaseMessage]:
    """The messages for the model.

    Args:
        message: the user's.
        domains: descriptions of the offered domains, by name.
        limit: most questions.
        previous: the question before it, which its pronouns may stand for; empty where none is.
    """
    instructions = split_instructions(domains, limit)
    if previous:
        asked = json.dumps(previous, ensure_ascii=False)
        instructions += f"\nBefore this message, the user asked: {asked}"
    return [SystemMessage(instructions), HumanMessage(message)]


def split_schema(domains: Mapping[str, str], limit: int) -> dict[str, Any]:
    """The JSON schema of a split over the offered domains, at most `limit` questions."""
    question = {
        "type": "object",
        "properties": {
            "domain": {"enum": sorted(domains)},
            "query": {"type": "string", "minLength": 1, "maxLength": _MOST_CHARS},
        },
        "required": ["domain", "query"],
        "additionalProperties": False,
    }
    return {
        "title": "questions",
        "description": "Questions for specialists, in the order of the message.",
        "type": "object",
        "properties": {
            "questions": {"type": "array", "items": question, "minItems": 1, "maxItems": limit}
        },
        "required": ["questions"],
        "additionalProperties": False,
    }


def held_to(model: BaseChatModel, schema: Mapping[str, Any]) -> Runnable[Any, AIMessage]:
    """The model with its output held to a schema where it has a way of its own to do so.

    LangChain's default way is a forced tool call, which models without constrained decoding do
    not keep to; they are asked by the prompt alone.
    """
    if type(model).with_structured_output is BaseChatModel.with_structured_output:
        return model
    held = model.with_structured_output(dict(schema), include_raw=True)
    return held | RunnableLambda(_raw)


def _raw(output: Any) -> AIMessage:
    """The model's message; whether it could be parsed is judged later."""
    reply: AIMessage = output["raw"]
    return reply
