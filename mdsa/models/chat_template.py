"""Messages as the text that a local causal language model continues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage

__all__ = ["INSTRUCT_STOP", "render_prompt"]

INSTRUCT_STOP = "\nInstruct:"
"""Where a model without a template begins to write the other side's next turn."""


def render_prompt(messages: Sequence[BaseMessage], tokenizer: Any) -> str:
    """Write the prompt with the tokenizer's chat template, or in Phi-2's question form without one.

    Phi-2's form is from its model card: `Instruct: <prompt>` and `Output:` on lines of their own.
    """
    turns = _turns(messages)
    if not getattr(tokenizer, "chat_template", None):
        return _instruct(turns)
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    except TemplateError:
        # Some templates refuse a system turn; the instructions then open the first question.
        return str(
            tokenizer.apply_chat_template(
                _without_system(turns), tokenize=False, add_generation_prompt=True
            )
        )


def _turns(messages: Sequence[BaseMessage]) -> list[dict[str, str]]:
    """Roles and text, with neighbours of one role joined: templates want them to alternate."""
    turns: list[dict[str, str]] = []
    for message in messages:
        text = str(message.text)
        if isinstance(message, SystemMessage):
            role = "system"
        elif isinstance(message, AIMessage):
            role = "assistant"
        else:
            role = "user"
        if isinstance(message, ToolMessage):
            text = f"Result of {message.name or 'a tool'}: {text}"
        if not text:
            continue
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += f"\n\n{text}"
        else:
            turns.append({"role": role, "content": text})
    return turns


def _without_system(turns: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    system = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [dict(turn) for turn in turns if turn["role"] != "system"]
    first = next((turn for turn in rest if turn["role"] == "user"), None)
    if system and first is not None:
        first["content"] = f"{system}\n\n{first['content']}"
    return rest


def _instruct(turns: Sequence[dict[str, str]]) -> str:
    lines = []
    for turn in _without_system(turns):
        label = "Output" if turn["role"] == "assistant" else "Instruct"
        lines.append(f"{label}: {turn['content']}")
    return "\n".join([*lines, "Output:"])
