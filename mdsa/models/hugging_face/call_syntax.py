"""How models write tool calls: the forms that chat templates teach, and one for all others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdsa.models.tool_schema import MAX_CALLS, call_schema, output_schema

__all__ = ["GENERIC", "HERMES", "LLAMA", "MISTRAL", "CallSyntax", "find_syntax", "lark_grammar"]

_COMPACT = {
    # What JSON looks like in the data that models were trained on; free white space would also let
    # a weak model write blanks for ever.
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
    # Keywords that the grammar cannot hold are checked when the reply is read.
    "lenient": True,
}
_BARE_TEXT = r"/(.|\n)*/ & ~/\s*(\{|```json)(.|\n)*/"
"""Text that cannot be taken for a call by its beginning."""


@dataclass(frozen=True, slots=True)
class CallSyntax:
    """A form of calls.

    Attributes:
        begin: what stands before a call, or before the list of them; empty where a reply that
            begins with a brace is one.
        end: what stands after a call; empty where the reply ends with it.
        listed: whether the calls stand in one JSON list.
        arguments_key: what the arguments are called.
    """

    begin: str = ""
    end: str = ""
    listed: bool = False
    arguments_key: str = "arguments"


HERMES = CallSyntax("<tool_call>", "</tool_call>")
"""Hermes, Qwen 2.5 and 3, SmolLM 2 (1.7B) and 3: JSON within tags."""

MISTRAL = CallSyntax("[TOOL_CALLS]", listed=True)
"""Mistral before 2025: a list after a token of its own."""

LLAMA = CallSyntax(arguments_key="parameters")
"""Llama 3: an object as the whole reply, more of them behind semicolons."""

GENERIC = CallSyntax()
"""The JSON of `mdsa.models.tool_schema`, for models that were taught no form."""


def find_syntax(template: str) -> CallSyntax:
    """The form that a chat template teaches; GENERIC where it takes no tools, or none is known."""
    if "tools" not in template:
        return GENERIC
    if "<tool_call>" in template and "<function=" not in template:
        return HERMES
    if "[TOOL_CALLS]" in template and "[ARGS]" not in template:
        return MISTRAL
    if '"parameters": ' in template and "ipython" in template:
        return LLAMA
    return GENERIC


def lark_grammar(
    syntax: CallSyntax,
    tools: Sequence[Mapping[str, Any]],
    choice: str,
    *,
    answer: Mapping[str, Any] | None = None,
    max_calls: int = MAX_CALLS,
    special_tokens: Mapping[str, int] | None = None,
) -> str | None:
    """The grammar of a reply, for llguidance; None where every text will do.

    Args:
        syntax: how calls are written.
        tools: in OpenAI's form.
        choice: `auto`, `none`, `required`, or the name of a tool.
        answer: schema that an answer must have; None for free text.
        max_calls: most calls in one reply.
        special_tokens: tokens outside of the text by what they are called; their ids.
    """
    if choice == "none" or not tools:
        return None if answer is None else f"%llguidance {{}}\nstart: / ?/ {_json(answer)}\n"
    most = 1 if choice not in {"auto", "required"} else max_calls
    if syntax.begin:
        rules = _tagged(syntax, tools, choice, most, special_tokens or {})
    else:
        rules = _bare(syntax, tools, choice, most)
    if choice != "auto":
        start = "calls"
    elif answer is None:
        start = "free_calls | TEXT"
    else:
        start = f"calls | / ?/ {_json(answer)}"
    return "\n".join(["%llguidance {}", f"start: {start}", *rules, ""])


def _tagged(
    syntax: CallSyntax,
    tools: Sequence[Mapping[str, Any]],
    choice: str,
    most: int,
    special_tokens: Mapping[str, int],
) -> list[str]:
    def mark(text: str) -> str:
        number = special_tokens.get(text)
        return _quoted(text) if number is None else f"<[{number}]>"

    call = call_schema(tools, choice, arguments_key=syntax.arguments_key)
    begin = mark(syntax.begin)
    if syntax.listed:
        definitions = call.pop("$defs")
        calls = {"type": "array", "items": call, "minItems": 1, "maxItems": most}
        body = f"/ ?/ {_json({**calls, '$defs': definitions})}"
        more = ""
    else:
        body = f'"\\n" {_json(call)} "\\n" {mark(syntax.end)}'
        more = _repeated(f'"\\n" {begin} body', most - 1)
    is_text = syntax.begin not in special_tokens
    return [
        f"calls: {begin} body{more}",
        f"free_calls: opening body{more}",
        # Lazy: the text ends where the mark first occurs.
        f"opening[lazy]: TEXT {begin}" if is_text else f"opening: TEXT {begin}",
        f"body: {body}",
        r"TEXT: /(.|\n)*/",
    ]


def _bare(
    syntax: CallSyntax, tools: Sequence[Mapping[str, Any]], choice: str, most: int
) -> list[str]:
    if syntax is GENERIC:
        forced = "required" if choice == "auto" else choice
        body = _json(output_schema(tools, forced, max_calls=most))
    else:
        call = call_schema(tools, choice, arguments_key=syntax.arguments_key)
        more = _repeated('"; " call', most - 1)
        body = f"call{more}\ncall: {_json(call)}"
    return [
        # A prompt may end where the reply begins with a blank.
        "calls: / ?/ body",
        'free_calls: calls | "```json\\n" body "\\n```"',
        f"body: {body}",
        f"TEXT: {_BARE_TEXT}",
    ]


def _json(schema: Mapping[str, Any]) -> str:
    return "%json " + json.dumps({"x-guidance": _COMPACT, **schema}, ensure_ascii=False)


def _repeated(rule: str, most: int) -> str:
    return f" ({rule}){{0,{most}}}" if most else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
