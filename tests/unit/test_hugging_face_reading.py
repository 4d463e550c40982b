"""Calls and stop texts, told from a reply that comes in pieces."""

from __future__ import annotations

import pytest

from mdsa.models.hugging_face.call_reader import Part, make_reader
from mdsa.models.hugging_face.call_syntax import GENERIC, HERMES, LLAMA, MISTRAL, CallSyntax
from mdsa.models.hugging_face.stop_texts import StopTexts
from mdsa.models.tool_schema import as_openai_tools

_TOOLS = as_openai_tools(
    [
        {
            "type": "function",
            "function": {
                "name": "add",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "integer"}},
                    "required": ["a"],
                },
            },
        }
    ]
)
_ONE = '{"name": "add", "arguments": {"a": 1}}'
_TAGGED = "<tool_call>\n{}\n</tool_call>"
_TWO = '{"name": "add", "arguments": {"a": 2}}'


def _read(syntax: CallSyntax, text: str, size: int) -> tuple[str, list[Part]]:
    reader = make_reader(syntax, _TOOLS, "auto")
    parts: list[Part] = []
    for start in range(0, len(text), size):
        parts += reader.feed(text[start : start + size])
    parts += reader.finish()
    said = "".join(part for part in parts if isinstance(part, str))
    return said, [part for part in parts if not isinstance(part, str)]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("syntax", "text", "said"),
    [
        (
            HERMES,
            f"Let me see.<tool_call>\n{_ONE}\n</tool_call>\n<tool_call>\n{_TWO}\n</tool_call>",
            "Let me see.",
        ),
        (MISTRAL, f"[TOOL_CALLS] [{_ONE}, {_TWO}]", ""),
        (LLAMA, f"{_ONE}; {_TWO}".replace("arguments", "parameters"), ""),
        (GENERIC, f' {{"tool_calls": [{_ONE}, {_TWO}]}}', ""),
        (GENERIC, f'```json\n{{"tool_calls": [{_ONE}, {_TWO}]}}\n```', ""),
    ],
)
def test_calls_are_found_however_they_are_cut(
    syntax: CallSyntax, text: str, said: str, size: int
) -> None:
    found, calls = _read(syntax, text, size)

    assert found.strip() == said
    assert [call["args"] for call in calls] == [{"a": 1}, {"a": 2}]  # type: ignore[index] # calls
    assert all(call["type"] == "tool_call" for call in calls)  # type: ignore[index] # likewise


@pytest.mark.parametrize("syntax", [HERMES, MISTRAL, LLAMA, GENERIC])
def test_text_without_calls_is_passed_on_whole(syntax: CallSyntax) -> None:
    assert _read(syntax, "  I <tool think ```js so [TOOL", 1) == (
        "I <tool think ```js so [TOOL",
        [],
    )


@pytest.mark.parametrize(
    "body",
    ['{"name": "add", "argum', '{"name": "gone", "arguments": {}}', _ONE.replace("1", '"x"')],
)
def test_a_call_that_is_wrong_is_invalid(body: str) -> None:
    _said, calls = _read(HERMES, f"<tool_call>\n{body}\n</tool_call>", 5)

    assert [call["type"] for call in calls] == ["invalid_tool_call"]  # type: ignore[index] # a call


@pytest.mark.parametrize("size", [1, 2, 50])
def test_a_stop_text_is_found_however_it_is_cut(size: int) -> None:
    stops = StopTexts(["END", "\n\n"])
    text = "An ENtry. END of it"
    pieces = [stops.feed(text[start : start + size]) for start in range(0, len(text), size)]

    assert "".join([*pieces, stops.finish()]) == "An ENtry. "
    assert stops.stopped


def test_what_was_held_back_is_given_at_the_end() -> None:
    stops = StopTexts(["END", ""])

    assert stops.feed("The EN") + stops.finish() == "The EN"
    assert not stops.stopped
