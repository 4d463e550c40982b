"""Messages as the text that a local language model continues."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, SystemMessage, ToolMessage

from mdsa.errors import InvalidInputError, ModelError
from mdsa.models.hugging_face.call_syntax import GENERIC, MISTRAL, CallSyntax, find_syntax
from mdsa.models.hugging_face.turn_markers import marker_breaker
from mdsa.models.json_schema import describe_type
from mdsa.models.tool_schema import tool_instructions

__all__ = ["Prompt", "render_prompt"]

_INSTRUCT_STOP = "\nInstruct:"
"""Where a model without a template begins to write the other side's next turn."""

Turn = dict[str, Any]
Tools = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is given.

    Attributes:
        text: with every special token that it needs, unless `plain`.
        syntax: how the model will write calls.
        plain: the tokenizer adds its special tokens; a template writes its own.
        stops: texts before which the answer ends.
        images: in the order of their places in the text, as standard content blocks.
    """

    text: str
    syntax: CallSyntax
    plain: bool = False
    stops: tuple[str, ...] = ()
    images: list[dict[str, Any]] = field(default_factory=list)


def render_prompt(
    messages: Sequence[BaseMessage],
    tokenizer: Any,
    *,
    tools: Tools = (),
    choice: str = "auto",
    answer: Mapping[str, Any] | None = None,
    processor: Any = None,
) -> Prompt:
    """Write the prompt with the tokenizer's chat template, or in Phi-2's question form without one.

    Phi-2's form is from its model card: `Instruct: <prompt>` and `Output:` on lines of their own.
    Tools that the template does not take are described in the instructions. Special tokens and the
    usual marks of turns within a message are broken up, as `marker_breaker` says.

    Args:
        messages: the conversation.
        tokenizer: of transformers.
        tools: in OpenAI's form.
        choice: as `read_tool_choice` gives it.
        answer: JSON schema of the answer, which the instructions then tell of.
        processor: of an image-text model; None for a model that reads text only.

    Raises:
        InvalidInputError: a message holds a kind of content that the model cannot read.
        ModelError: the template refuses the conversation.
    """
    offered = [] if choice == "none" else list(tools)
    speaker = processor if getattr(processor, "chat_template", None) else tokenizer
    images = [block for message in messages for block in _images(message, processor)]
    if not getattr(speaker, "chat_template", None):
        safe = marker_breaker(tokenizer, forms=True)
        instructions = _instructions(offered, choice, answer)
        turns = _without_system(_turns(messages, GENERIC, instructions, safe))
        return Prompt(_instruct(turns), GENERIC, plain=True, stops=(_INSTRUCT_STOP,), images=images)
    from jinja2 import TemplateError

    taught = find_syntax(_template(speaker, offered))
    safe = marker_breaker(tokenizer)
    # Models that may think aloud before they answer are slow at it on a CPU. Processors of images
    # would take it for an option of their own.
    options = {"enable_thinking": False} if speaker is tokenizer else {}
    refusal: Exception | None = None
    for syntax in dict.fromkeys([taught, GENERIC]):
        told = _instructions(offered if syntax is GENERIC else (), choice, answer)
        turns = _turns(messages, syntax, told, safe, as_parts=processor is not None)
        # Some templates refuse a system turn; the instructions then open the first question.
        for variant in (turns, _without_system(turns)):
            try:
                text = speaker.apply_chat_template(
                    variant,
                    tools=offered if offered and syntax is not GENERIC else None,
                    tokenize=False,
                    add_generation_prompt=True,
                    **options,
                )
            # A template's own code, and a processor, may fail on what they did not expect.
            except (TemplateError, ValueError, TypeError, KeyError) as error:
                refusal = error
                continue
            return Prompt(str(text), syntax, images=images)
    raise ModelError(
        f"the model's chat template refuses the conversation: {refusal}; let it begin with a "
        "question and let question and answer alternate."
    ) from refusal


def _template(speaker: Any, tools: Tools) -> str:
    # A model may have several, one of them for tools.
    return (
        str(speaker.get_chat_template(tools=list(tools) or None))
        if hasattr(speaker, "get_chat_template")
        else str(speaker.chat_template)
    )


def _instructions(tools: Tools, choice: str, answer: Mapping[str, Any] | None) -> str:
    told = tool_instructions(tools, choice, answer_as_json=False)
    if answer is None:
        return told
    notes = [
        f"{name}: {' '.join(str(part['description']).split())}"
        for name, part in answer.get("properties", {}).items()
        if isinstance(part, Mapping) and part.get("description")
    ]
    form = f"Answer with JSON only, of this form: {describe_type(answer, answer)}"
    return "\n".join(filter(None, [told, form, *notes]))


def _turns(
    messages: Sequence[BaseMessage],
    syntax: CallSyntax,
    instructions: str,
    safe: Callable[[str], str],
    *,
    as_parts: bool = False,
) -> list[Turn]:
    """Roles and content; one system turn, and neighbours of one role joined, as templates want."""
    turns: list[Turn] = []
    system = [safe(str(message.text)) for message in messages if _role(message) == "system"]
    said = "\n\n".join(filter(None, [*system, instructions]))
    if said:
        turns.append({"role": "system", "content": _content(said, 0, as_parts)})
    names = {
        call["id"]: call["name"]
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }
    for message in messages:
        role = _role(message)
        text = safe(str(message.text))
        if role == "system":
            continue
        turn: Turn = {"role": role}
        if isinstance(message, ToolMessage):
            name = safe(message.name or names.get(message.tool_call_id) or "a tool")
            if syntax is GENERIC:
                turn["role"], text = "user", f"Result of {name}: {text}"
            else:
                turn |= {"name": name, "tool_call_id": _call_id(message.tool_call_id, syntax)}
        elif isinstance(message, AIMessage) and message.tool_calls:
            if syntax is GENERIC:
                text = "\n".join(filter(None, [text, _calls_text(message, safe)]))
            else:
                turn["tool_calls"] = [_call(call, syntax, safe) for call in message.tool_calls]
        count = sum(1 for block in _blocks(message) if block["type"] == "image")
        if not text and not count and "tool_calls" not in turn and turn["role"] != "tool":
            continue
        turn["content"] = _content(text, count, as_parts)
        last = turns[-1] if turns else {}
        joins = last.get("role") == turn["role"] != "tool" and "tool_calls" not in {**last, **turn}
        if not joins:
            turns.append(turn)
        elif as_parts:
            last["content"] = [*last["content"], *turn["content"]]
        else:
            last["content"] += f"\n\n{turn['content']}"
    return turns


def _content(text: str, images: int, as_parts: bool) -> Any:
    if not as_parts:
        return text
    return [{"type": "image"}] * images + ([{"type": "text", "text": text}] if text else [])


def _role(message: BaseMessage) -> str:
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, ToolMessage):
        return "tool"
    if isinstance(message, ChatMessage) and message.role in {"system", "assistant"}:
        return message.role
    return "user"


def _blocks(message: BaseMessage) -> list[Any]:
    return [] if isinstance(message.content, str) else list(message.content_blocks)


def _images(message: BaseMessage, processor: Any) -> list[dict[str, Any]]:
    found = []
    for block in _blocks(message):
        kind = block["type"]
        if kind == "image" and processor is not None:
            found.append(dict(block))
        elif kind in {"image", "audio", "video", "file"}:
            takes = "text" if processor is None else "text and images"
            raise InvalidInputError(
                f"a message holds {kind} content and this model reads {takes} only; leave it out, "
                "or name a model that takes it for this domain."
            )
    return found


def _call(call: Mapping[str, Any], syntax: CallSyntax, safe: Callable[[str], str]) -> Turn:
    arguments = json.loads(safe(json.dumps(call["args"], ensure_ascii=False)))
    return {
        "id": _call_id(str(call["id"]), syntax),
        "type": "function",
        "function": {"name": call["name"], "arguments": arguments},
    }


def _call_id(number: str, syntax: CallSyntax) -> str:
    # Mistral's templates refuse ids of other lengths.
    return hashlib.sha256(number.encode()).hexdigest()[:9] if syntax is MISTRAL else number


def _calls_text(message: AIMessage, safe: Callable[[str], str]) -> str:
    calls = [{"name": call["name"], "arguments": call["args"]} for call in message.tool_calls]
    return safe(json.dumps({"tool_calls": calls}, ensure_ascii=False))


def _without_system(turns: Sequence[Turn]) -> list[Turn]:
    """The system turn's content as the beginning of the first question."""
    if not turns or turns[0]["role"] != "system":
        return list(turns)
    system, rest = turns[0]["content"], [dict(turn) for turn in turns[1:]]
    if not rest or rest[0]["role"] != "user":
        return [{"role": "user", "content": system}, *rest]
    first = rest[0]["content"]
    rest[0]["content"] = system + first if isinstance(first, list) else f"{system}\n\n{first}"
    return rest


def _instruct(turns: Sequence[Turn]) -> str:
    lines = []
    for turn in turns:
        label = "Output" if turn["role"] == "assistant" else "Instruct"
        lines.append(f"{label}: {turn['content']}")
    return "\n".join([*lines, "Output:"])
