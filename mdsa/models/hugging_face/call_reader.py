"""The calls in a model's reply, told from its text while it streams."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from langchain_core.messages import InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call

from mdsa.models.hugging_face.call_syntax import GENERIC, CallSyntax
from mdsa.models.tool_schema import arguments_schema, read_call, read_reply, tool_names

__all__ = ["CallReader", "Part", "PlainReader", "make_reader"]

Part = str | ToolCall | InvalidToolCall
"""Text of the answer, or a call."""

_FENCE = "```json"
_FENCED = re.compile(r"^```json\s*(.*?)\s*(```)?$", re.DOTALL)


class PlainReader:
    """A reply without calls; what is white before the first word is left out."""

    collecting = False
    """Whether what comes now belongs to a call."""

    def __init__(self) -> None:
        self._begun = False

    def feed(self, text: str) -> list[Part]:
        """Take the next piece; give what can be told of it."""
        if not self._begun:
            text = text.lstrip()
            self._begun = bool(text)
        return [text] if text else []

    def finish(self) -> list[Part]:
        """Give the rest."""
        return []


class CallReader(PlainReader):
    """A reply that may hold calls.

    Args:
        syntax: how the model writes them.
        tools: those that it may call, in OpenAI's form.
    """

    def __init__(self, syntax: CallSyntax, tools: Sequence[Mapping[str, Any]]) -> None:
        super().__init__()
        self._syntax = syntax
        self._tools = tools
        self._held = ""
        self._is_text = False

    def feed(self, text: str) -> list[Part]:
        """Take the next piece; give what can be told of it."""
        self._held += text
        return self._tagged() if self._syntax.begin else self._bare()

    def finish(self) -> list[Part]:
        """Give the rest; a call that is not whole is invalid."""
        held, self._held = self._held, ""
        if not self.collecting:
            return super().feed(held)
        self.collecting = False
        if not held.strip() and self._syntax.end:
            return []
        return self._read(held)

    def _tagged(self) -> list[Part]:
        parts: list[Part] = []
        while True:
            mark = self._syntax.end if self.collecting else self._syntax.begin
            place = self._held.find(mark) if mark else -1
            if place < 0:
                break
            before, self._held = self._held[:place], self._held[place + len(mark) :]
            parts += self._read(before) if self.collecting else super().feed(before)
            self.collecting = not self.collecting
        if not self.collecting:
            keep = _overlap(self._held, self._syntax.begin)
            passed = self._held[: len(self._held) - keep]
            self._held = self._held[len(passed) :]
            parts += super().feed(passed)
        return parts

    def _bare(self) -> list[Part]:
        begun = self._held.lstrip()
        if not self._is_text and not self.collecting and begun:
            self.collecting = begun.startswith(("{", _FENCE))
            self._is_text = not self.collecting and not _FENCE.startswith(begun)
        if not self._is_text:
            return []
        held, self._held = self._held, ""
        return super().feed(held)

    def _read(self, body: str) -> list[Part]:
        if self._syntax is GENERIC:
            reply = read_reply(body, self._tools)
            answer = super().feed(reply.content)
            calls = [self._checked(call) for call in reply.tool_calls]
            return [*answer, *calls, *reply.invalid_tool_calls]
        fenced = _FENCED.match(body.strip())
        names = tool_names(self._tools)
        entries = _entries(fenced[1] if fenced else body)
        return [self._checked(read_call(entry, names)) for entry in entries]

    def _checked(self, call: ToolCall | InvalidToolCall) -> Part:
        """A call whose arguments break their schema, by what no grammar can hold, is invalid."""
        if call["type"] == "invalid_tool_call":
            return call
        tool = next(tool for tool in self._tools if tool["function"]["name"] == call["name"])
        problem = best_match(Draft202012Validator(arguments_schema(tool)).iter_errors(call["args"]))
        if problem is None:
            return call
        return invalid_tool_call(
            name=call["name"],
            args=json.dumps(call["args"], ensure_ascii=False),
            id=call["id"],
            error=f"its arguments break the schema: {problem.message}",
        )


def make_reader(syntax: CallSyntax, tools: Sequence[Mapping[str, Any]], choice: str) -> PlainReader:
    """A reader for a reply; tools that may not be called are not looked for."""
    return CallReader(syntax, tools) if tools and choice != "none" else PlainReader()


def _entries(body: str) -> list[Any]:
    """The JSON values in a text, one list taken apart; text that is none comes as it is."""
    decoder = json.JSONDecoder(strict=False)
    values: list[Any] = []
    place = _skip(body, 0)
    while place < len(body):
        try:
            value, place = decoder.raw_decode(body, place)
        except ValueError:
            values.append(body[place:])
            break
        values += value if isinstance(value, list) else [value]
        place = _skip(body, place)
    return values or [body]


def _skip(body: str, place: int) -> int:
    while place < len(body) and body[place] in " ;,\t\r\n":
        place += 1
    return place


def _overlap(text: str, mark: str) -> int:
    """How many of the last characters may begin the mark."""
    for size in range(min(len(text), len(mark) - 1), 0, -1):
        if text.endswith(mark[:size]):
            return size
    return 0
