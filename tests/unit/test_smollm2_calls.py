"""Calls that the reader and SmolLM2 fill together."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel
from fakes.smollm2 import scripted_model
from langchain_core.messages import AIMessage

from mdsa.models.smollm2.calls import invented_values
from mdsa.models.smollm2.stated import stated_spans, stated_tools
from mdsa.models.tool_schema import make_call

_FIND = {
    "type": "function",
    "function": {
        "name": "find_books",
        "description": "Find books.",
        "parameters": {
            "type": "object",
            "properties": {
                "topic": {"type": "string", "description": "What it is about"},
                "year": {"type": "integer", "description": "Year"},
                "rate": {"type": "number", "description": "Rate"},
                "format": {"type": "string", "enum": ["paper", "audio"]},
                "author": {"type": "string", "description": "Author"},
            },
            "required": ["topic"],
        },
    },
}


def _joint(read: dict[str, Any], written: str, message: str) -> dict[str, Any]:
    reader = ScriptedChatModel(replies=[AIMessage("", tool_calls=[make_call("find_books", read)])])
    call = f'[{{"name": "find_books", "arguments": {written}}}]'
    model, _ = scripted_model(call, fallback=reader)
    (found,) = model.bind_tools([_FIND]).invoke(message).tool_calls
    return dict(found["args"])


def test_values_are_words_that_stand_together() -> None:
    spans = stated_spans('Books on stained glass, or "to be or not". Also by Ines Borg in 1998?')

    assert {"stained glass", "to be or not", "Ines Borg", "1998"} <= set(spans)
    assert {"Terminal 5"} <= set(stated_spans("From Terminal 5 today"))
    assert "Terminal" not in stated_spans("From Terminal 5 today")
    assert not {"on stained glass", "stained glass, or", "not Also", "Borg in"} & set(spans)


def test_tools_offer_what_the_message_states_and_nothing_optional_besides() -> None:
    (tool,) = stated_tools([_FIND], "An audio book on glaciers of 1998 for 5 %")

    properties = tool["function"]["parameters"]["properties"]
    assert properties["year"]["enum"] == [1998, 5]
    assert properties["rate"]["enum"] == [1998, 5, 0.05]
    assert properties["format"]["enum"] == ["audio"]
    assert tool["function"]["parameters"]["required"] == ["topic", "format"]
    assert "glaciers" in properties["topic"]["enum"]
    (bare,) = stated_tools([_FIND], "glaciers")
    assert set(bare["function"]["parameters"]["properties"]) == {"topic", "author"}


def test_plain_words_are_the_models_choice_and_figures_the_readers() -> None:
    args = _joint(
        {"topic": "stained", "year": 1998},
        '{"topic": "stained glass", "year": 8}',
        "Find books on stained glass from 1998",
    )

    assert args == {"topic": "stained glass", "year": 1998}


@pytest.mark.parametrize(
    ("author", "kept"), [("Nora Vale", True), ("glaciers", False), ("some books", False)]
)
def test_a_slot_that_nobody_asked_for_takes_names_alone(author: str, kept: bool) -> None:
    args = _joint(
        {"topic": "glaciers"},
        f'{{"topic": "glaciers", "author": "{author}"}}',
        "Find some books about glaciers by Nora Vale",
    )

    assert ("author" in args) is kept


def test_a_call_that_the_reader_is_sure_of_is_made_at_once() -> None:
    tool = {**_FIND["function"], "parameters": {"properties": {"year": {"type": "integer"}}}}
    reader = ScriptedChatModel(replies=[AIMessage("", tool_calls=[make_call("find_books", {})])])
    model, engine = scripted_model("[]", fallback=reader)

    reply = model.bind_tools([{"type": "function", "function": tool}]).invoke("Books, please")

    assert len(reply.tool_calls) == 1
    assert engine.asked == []


def test_made_up_values_are_not_called_and_the_readers_question_stands() -> None:
    asks = AIMessage("What topic should I use?", response_metadata={"asked_for": ["topic"]})
    written = '[{"name": "find_books", "arguments": {"topic": "Oslo"}}]'
    model, _ = scripted_model(written, fallback=ScriptedChatModel(replies=[asks]))

    reply = model.bind_tools([_FIND]).invoke("Find me something")

    assert (reply.text, reply.tool_calls) == ("What topic should I use?", [])


def test_without_sources_it_does_not_answer_in_place_of_a_tool() -> None:
    nothing = AIMessage("I could not find that.", response_metadata={"abstained": True})
    model, engine = scripted_model("[]", fallback=ScriptedChatModel(replies=[nothing]))

    reply = model.bind_tools([_FIND]).invoke("Who won the cup?")

    assert reply.text == "I could not find that."
    assert reply.response_metadata["abstained"] is True
    assert len(engine.asked) == 1


def test_a_share_may_be_said_in_percent() -> None:
    calls = [make_call("grow", {"rate": 0.05, "base": 200, "again": True, "zero": 0})]

    assert invented_values(calls, [AIMessage("5% of 200")], []) == []
    assert invented_values(calls, [AIMessage("6% of 200")], []) != []
