"""A model call as attributes of OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult

from mdsa.monitoring.tracing.content import Content

__all__ = ["request_attributes", "request_content", "response_attributes"]

_PARAMETERS = {
    "gen_ai.request.temperature": ("temperature", "ls_temperature"),
    "gen_ai.request.max_tokens": ("max_tokens", "ls_max_tokens"),
    "gen_ai.request.top_p": ("top_p", None),
    "gen_ai.request.seed": ("seed", None),
}


def request_attributes(metadata: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """What a run's start tells of the call.

    Args:
        metadata: of the run; LangChain's `ls_*` keys name provider and model.
        params: its invocation parameters.
    """
    found: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "openinference.span.kind": "LLM",
        "gen_ai.provider.name": metadata.get("ls_provider"),
        "gen_ai.request.model": metadata.get("ls_model_name") or params.get("model_name"),
    }
    for name, (param, key) in _PARAMETERS.items():
        value = params.get(param)
        if value is None and key is not None:
            value = metadata.get(key)
        if isinstance(value, int | float):
            found[name] = value
    return {name: value for name, value in found.items() if value is not None}


def request_content(messages: Sequence[BaseMessage], content: Content) -> dict[str, Any]:
    """What the model was told."""
    return {
        "gen_ai.system_instructions": content.system_instructions(messages),
        "gen_ai.input.messages": content.input_messages(messages),
    }


def response_attributes(response: LLMResult, content: Content | None) -> dict[str, Any]:
    """What a run's end tells: tokens, as far as the model reported them, and why it stopped."""
    generations = response.generations
    first = generations[0][0] if generations and generations[0] else None
    if not isinstance(first, ChatGeneration) or not isinstance(first.message, AIMessage):
        return {}
    message = first.message
    details = message.response_metadata
    finish_reason = str(details.get("finish_reason") or details.get("done_reason") or "stop")
    found: dict[str, Any] = {
        "gen_ai.response.finish_reasons": [finish_reason],
        "gen_ai.response.id": message.id,
        "gen_ai.response.model": details.get("model_name") or details.get("model"),
    }
    if message.usage_metadata:
        found["gen_ai.usage.input_tokens"] = message.usage_metadata["input_tokens"]
        found["gen_ai.usage.output_tokens"] = message.usage_metadata["output_tokens"]
    if content is not None:
        found["gen_ai.output.messages"] = content.output_message(message, finish_reason)
    return {name: value for name, value in found.items() if value is not None}
