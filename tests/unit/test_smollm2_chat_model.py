"""The chat model over a scripted engine: checks, calls, streams."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel
from fakes.smollm2 import ScriptedFinder, evidence, scripted_model
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from mdsa.errors import InvalidInputError
from mdsa.models.partial_answers import PartialAnswer, merge_prompt
from mdsa.models.passages import format_passages
from mdsa.models.smollm2.chat_model import SmolLM2ChatModel

_TOOL = {
    "type": "function",
    "function": {
        "name": "track",
        "description": "Look up an order.",
        "parameters": {
            "type": "object",
            "properties": {"order": {"type": "integer"}},
            "required": ["order"],
        },
    },
}


def _asked(question: str, *texts: str) -> list[BaseMessage]:
    block = format_passages([Document(text) for text in texts])
    return [HumanMessage(f"{block}\n\n{question}")]


_FEE = _asked("What is the fee?", "Open on Mondays.", "The fee is 6 euros.")


_FOUND = evidence("What is the fee?", {2: "Everybody pays a fee of 6 euros at the door."})
_QUOTE = _FOUND.found.text
_ORDER = [
    HumanMessage("Where is order 7?"),
    AIMessage("", tool_calls=[{"name": "track", "args": {"order": 7}, "id": "a"}]),
    ToolMessage("in Lyon", name="track", tool_call_id="a"),
]


def _words(*replies: str, confidence: float = 0.9) -> SmolLM2ChatModel:
    found = evidence("What is the fee?", {2: _QUOTE}, confidence)
    return scripted_model(*replies, finder=ScriptedFinder(found))[0]


def test_what_the_reader_finds_is_worded_and_names_its_passage() -> None:
    reply = _words("The fee is 6 euros [2].").invoke(_FEE)

    assert reply.text == "The fee is 6 euros [2]."
    assert reply.response_metadata["passage_ids"] == [2]
    assert reply.response_metadata["abstained"] is False
    assert "answered_by" not in reply.response_metadata


def test_the_model_reads_the_sentences_of_the_reader_alone() -> None:
    model, engine = scripted_model("The fee is 6 euros [2].", finder=ScriptedFinder(_FOUND))

    model.invoke(_FEE)

    assert f"[2] {_QUOTE}\nQuestion: What is the fee?" in engine.asked[0][0]
    assert "Mondays" not in engine.asked[0][0]


def test_citations_of_passages_that_are_not_there_are_taken_out() -> None:
    assert _words("The fee is 6 euros [7].").invoke(_FEE).text == "The fee is 6 euros."


@pytest.mark.parametrize(
    "wording",
    [
        "The fee is 9 euros [2].",
        "The fee is 6 euros and goes to Oslo [2].",
        "The fee is 6 euros and covers lunch, towels and sauna [2].",
        "The fee is the fee [2].",
        "Nobody pays a fee of 6 euros [2].",
        "Everybody pays at the door [2].",
    ],
)
def test_a_wording_that_says_something_else_is_never_said(wording: str) -> None:
    model = _words(wording)

    pieces = [str(chunk.text) for chunk in model.stream(_FEE)]
    reply = model.invoke(_FEE)

    assert "".join(pieces) == reply.text == _QUOTE
    assert reply.response_metadata["answered_by"] == "embedded://reader"
    assert reply.response_metadata["passage_ids"] == [2]


def test_what_the_reader_would_say_is_said_although_the_model_finds_nothing() -> None:
    silence = "I could not find that in my documents."

    assert _words(silence, confidence=0.16).invoke(_FEE).text == _QUOTE
    assert _words(silence, confidence=0.1).invoke(_FEE).response_metadata["abstained"] is True


def test_the_model_may_find_what_the_reader_would_not_say_where_its_kind_can_be_told() -> None:
    typed = evidence("How much is the fee?", {2: _QUOTE}, 0.1)
    other = evidence("Tell me of the fee.", {2: _QUOTE}, 0.1)
    said = "The fee is 6 euros [2]."

    found = [
        scripted_model(said, finder=ScriptedFinder(one))[0].invoke(_FEE).text
        for one in (typed, other)
    ]

    assert found == [said, "I could not find that in my documents."]


def test_nothing_found_is_an_abstention_without_asking_the_model() -> None:
    model, engine = scripted_model(finder=ScriptedFinder(evidence("What is the fee?", {})))

    reply = model.invoke(_FEE)

    assert reply.text == "I could not find that in my documents."
    assert engine.asked == []


def test_every_question_of_a_message_is_answered_in_turn() -> None:
    second = evidence("And who runs it?", {1: "It is run by Ines Borg."})
    third = evidence("And where?", {})
    finder = ScriptedFinder(_FOUND, second, third)
    model, _ = scripted_model("The fee is 6 euros [2].", "Ines Borg runs it [1].", finder=finder)

    reply = model.invoke(_FEE)

    assert reply.text == (
        "The fee is 6 euros [2]. Ines Borg runs it [1]. I could not find the rest in my documents."
    )
    assert reply.response_metadata["passage_ids"] == [2, 1]


def test_what_is_invented_about_a_result_is_never_said_and_the_fallback_answers() -> None:
    fallback = ScriptedChatModel(replies=[AIMessage("Order 7 is in Lyon.")])
    model, _ = scripted_model("Order 9 is in Oslo.", fallback=fallback)

    pieces = [str(chunk.text) for chunk in model.stream(_ORDER)]
    reply = model.invoke(_ORDER)

    assert "".join(pieces) == reply.text == "Order 7 is in Lyon."
    assert reply.response_metadata["degraded"] is True
    reason = "stands in no source: 9; stands in no source: Oslo"
    assert reply.response_metadata["degraded_reason"] == reason


def test_without_a_fallback_an_invention_is_marked() -> None:
    model, _ = scripted_model("Order 9 is in Oslo.")

    assert model.invoke(_ORDER).response_metadata["degraded"] is True


def test_a_merge_that_loses_a_figure_is_left_to_the_fallback() -> None:
    answers = [PartialAnswer("Fee?", "The fee is 6 euros."), PartialAnswer("When?", "At 9 a.m.")]
    fallback = ScriptedChatModel(replies=[AIMessage("The fee is 6 euros. At 9 a.m.")])
    model, _ = scripted_model("The fee is 6 euros.", fallback=fallback)

    reply = model.invoke(merge_prompt("Fee and when?", answers))

    assert reply.text == "The fee is 6 euros. At 9 a.m."
    assert "is left out: 9" in reply.response_metadata["degraded_reason"]


def test_an_answer_by_schema_is_held_to_it() -> None:
    model, engine = scripted_model('{"fee": 6}')
    form = {"title": "fee", "type": "object", "properties": {"fee": {"type": "integer"}}}

    assert model.with_structured_output(form).invoke("What is the fee?") == {"fee": 6}
    schema = engine.asked[0][1].schema
    assert schema is not None
    assert set(schema["properties"]) == {"fee"}


def test_calls_are_held_to_the_schema_and_read_back() -> None:
    model, engine = scripted_model('[{"name": "track", "arguments": {"order": 7}}]')

    reply = model.bind_tools([_TOOL], tool_choice="any").invoke("Where is order 7?")

    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [("track", {"order": 7})]
    schema = engine.asked[0][1].schema
    assert schema is not None
    assert schema["type"] == "array"
    assert schema["minItems"] == 1


def test_no_call_under_auto_leads_to_an_answer() -> None:
    model, engine = scripted_model("[]", "Hello!")

    reply = model.bind_tools([_TOOL]).invoke("Hi")

    assert (reply.text, reply.tool_calls) == ("Hello!", [])
    first = engine.asked[0][1].schema
    assert first is not None
    assert first["minItems"] == 0
    assert engine.asked[1][1].schema is None


def test_a_result_is_answered_from_and_no_tool_is_called_again() -> None:
    model, engine = scripted_model("Order 7 is in Lyon.")
    messages = [
        HumanMessage("Where is order 7?"),
        AIMessage("", tool_calls=[{"name": "track", "args": {"order": 7}, "id": "a"}]),
        ToolMessage("in Lyon", name="track", tool_call_id="a"),
    ]

    reply = model.bind_tools([_TOOL]).invoke(messages)

    assert reply.text == "Order 7 is in Lyon."
    assert len(engine.asked) == 1


def test_a_call_that_was_cut_off_is_invalid() -> None:
    model, _ = scripted_model('[{"name": "track", "arguments": {"order": 7}}, {"name": "tr')

    reply = model.bind_tools([_TOOL], tool_choice="any").invoke("Orders 7 and 8?")

    assert [call["args"] for call in reply.tool_calls] == [{"order": 7}]
    assert len(reply.invalid_tool_calls) == 1


def test_a_call_that_is_said_again_counts_once() -> None:
    call = '{"name": "track", "arguments": {"order": 7}}'
    model, _ = scripted_model(f"[{call}, {call}, {call.replace('7', '8')}]")

    reply = model.bind_tools([_TOOL], tool_choice="any").invoke("Orders 7 and 8?")

    assert [made["args"] for made in reply.tool_calls] == [{"order": 7}, {"order": 8}]


def test_an_unknown_choice_is_refused() -> None:
    model, _ = scripted_model("")

    with pytest.raises(InvalidInputError, match="'fly'"):
        model.bind_tools([_TOOL], tool_choice="fly")


async def test_settings_reach_the_engine_and_usage_comes_back() -> None:
    model, engine = scripted_model("Hello there.", temperature=0.5, seed=3, max_tokens=20)

    total: Any = None
    async for chunk in model.astream("Hi", stop=["!"]):
        total = chunk if total is None else total + chunk

    sampling = engine.asked[0][1]
    assert (sampling.temperature, sampling.seed, sampling.max_tokens) == (0.5, 3, 20)
    assert sampling.stop[0] == "!"
    assert total.text == "Hello there."
    assert total.usage_metadata["output_tokens"] == 3
    assert total.response_metadata["finish_reason"] == "stop"
