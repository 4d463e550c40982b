"""Which replies answer nothing."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import invalid_tool_call

from mdsa.nodes.reply_check import reply_problem

BROKEN_CALL = [invalid_tool_call(name="find", args='{"order": ', id="1", error="no JSON")]

GOOD = [
    "Yes.",
    "5",
    "Returns take five days. Returns of shoes take five days too.",
    "| a | b |\n|---|---|\n| 1 | 2 |\n" + "-" * 200,
    "Contents " + "." * 300 + " 12",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25",
    "La réponse est « oui ». 返品は百日以内です。 نعم",
    "🙂👍",
    "Write <b>bold</b> and a|b|c.",
    "No, no, no, no, no, no.",
]

BAD = {
    "nothing": ["", "  \n\t "],
    "only special tokens": ["<|im_end|>", "</s> <|endoftext|>", "<end_of_turn>\n", "[/INST]"],
    "characters that are no text": [
        "\ufffd\ufffd\ufffdab\ufffd",
        "\x00\x01\x02 a",
        "\ue000\ue001b",
    ],
    "the same phrase over and over": [
        "The order is on its way. " * 20,
        "Well, " + "the the " * 40,
        "!" * 200,
        "A good start. " + "1.1.2." * 40,
        "返品できます。" * 30,
    ],
}


@pytest.mark.parametrize("text", GOOD)
def test_answers_pass(text: str) -> None:
    assert reply_problem(AIMessage(text)) is None


@pytest.mark.parametrize(
    ("problem", "text"), [(problem, text) for problem, texts in BAD.items() for text in texts]
)
def test_what_answers_nothing_is_named(problem: str, text: str) -> None:
    assert reply_problem(AIMessage(text)) == problem


def test_a_long_answer_with_variety_is_no_loop() -> None:
    text = " ".join(f"Order {number} left on day {number * 7 % 31}." for number in range(200))

    assert reply_problem(AIMessage(text)) is None


def test_a_call_needs_no_text() -> None:
    reply = AIMessage("", tool_calls=[{"name": "find", "args": {}, "id": "1"}])

    assert reply_problem(reply, tools_offered=True) is None


def test_a_call_that_cannot_be_read_is_no_answer_where_tools_were_offered() -> None:
    reply = AIMessage("Let me look.", invalid_tool_calls=BROKEN_CALL)

    assert reply_problem(reply, tools_offered=True) == "a tool call that cannot be read"
    assert reply_problem(reply) is None


def test_one_good_call_is_enough() -> None:
    calls = [{"name": "find", "args": {}, "id": "2"}]

    reply = AIMessage("", tool_calls=calls, invalid_tool_calls=BROKEN_CALL)

    assert reply_problem(reply, tools_offered=True) is None
