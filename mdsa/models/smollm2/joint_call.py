"""One call out of the reader's and the model's: each fills what it is better at.

The reader is sure of figures, codes, dates and names, which it tells by their form. Which of the
plain words of a message name a thing ("books on stained glass") is for the model to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import ToolCall

__all__ = ["joint_call", "unsure_slots"]

_PLAIN = re.compile(r"[^\W\d_]+(?:[ '-][^\W\d_]+)*")
_NAME = re.compile(r"(?:[^\W\d_][\w'.-]* )*[^\W\d_][\w'.-]*")


def unsure_slots(
    call: ToolCall, tools: Sequence[Mapping[str, Any]], given: Sequence[str]
) -> list[str]:
    """Arguments of the reader's call that the model is to look at.

    Args:
        call: the reader's.
        tools: in OpenAI's form.
        given: values that the application knows; they are never replaced.
    """
    slots = []
    for name, schema in _properties(call["name"], tools).items():
        if schema.get("type") != "string" or {"enum", "pattern", "format"} & set(schema):
            continue
        value = call["args"].get(name)
        if value is None or (value not in given and value.islower() and _PLAIN.fullmatch(value)):
            slots.append(name)
    return slots


def joint_call(
    read: ToolCall, written: ToolCall, tools: Sequence[Mapping[str, Any]], slots: Sequence[str]
) -> ToolCall:
    """The reader's call, with the model's words in the slots that the reader is not sure of.

    A slot that the reader left empty takes names alone: a small model fills what nobody asked for.

    Args:
        read: the reader's.
        written: the model's, of the same tool.
        tools: in OpenAI's form.
        slots: as `unsure_slots` gives them.
    """
    args = dict(read["args"])
    for name in slots:
        value = written["args"].get(name)
        if not isinstance(value, str) or not value:
            continue
        used = [str(other).lower() for slot, other in args.items() if slot != name]
        if any(value.lower() in other or other in value.lower() for other in used):
            continue
        if name in args or (_NAME.fullmatch(value) and all(w[0].isupper() for w in value.split())):
            args[name] = value
    order = list(_properties(read["name"], tools))
    return {**read, "args": {name: args[name] for name in order if name in args} | args}


def _properties(name: str, tools: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for tool in tools:
        if tool["function"]["name"] == name:
            found: Mapping[str, Any] = (tool["function"].get("parameters") or {}).get(
                "properties", {}
            )
            return found
    return {}
