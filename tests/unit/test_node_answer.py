"""answer: text, sources and tool calls of one domain's turn."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from mdsa.nodes.answer import make_answer

PASSAGES = [
    {
        "content": f"text {number}",
        "metadata": {
            "id": f"p{number}",
            "title": f"Title {number}",
            "source": f"{number}.md",
            "scope": "local" if number == 1 else "global",
            "score": 0.5,
        },
    }
    for number in (1, 2, 3)
]


def closed(*turn: AnyMessage, earlier: tuple[AnyMessage, ...] = (), **asked: Any) -> dict[str, Any]:
    question = {"query": "q", "context": "", "position": 2, "replies_from": len(earlier) + 1}
    state: Any = {
        "messages": [*earlier, HumanMessage("q"), *turn],
        "asked": {**question, **asked},
        "passages": PASSAGES,
    }
    (answer,) = make_answer("orders")(state)["answers"]
    return answer


def sources(text: str, **metadata: Any) -> list[str]:
    return [s["id"] for s in closed(AIMessage(text, response_metadata=metadata))["sources"]]


def test_it_tells_who_answered_what() -> None:
    answer = closed(AIMessage(" The answer. ", id="m"))

    assert answer == {
        "domain": "orders",
        "query": "q",
        "position": 2,
        "text": "The answer.",
        "message_id": "m",
        "abstained": False,
        "degraded": False,
        "model": "",
        "failures": [],
        "sources": [],
        "tool_calls": [],
    }


def test_sources_are_the_passages_that_the_text_cites() -> None:
    assert sources("First [2], then [1], again [2].") == ["p2", "p1"]
    assert sources("Nothing is cited.") == []


@pytest.mark.parametrize("text", ["[0]", "[4]", "[99]", "[-1]", "[123]", "[a]", "[]"])
def test_citations_of_passages_that_do_not_exist_are_no_sources(text: str) -> None:
    assert sources(text) == []


def test_passage_ids_of_the_model_win_over_citations() -> None:
    assert sources("See [1].", passage_ids=[3, 2, 3]) == ["p3", "p2"]
    assert sources("See [1].", passage_ids=[]) == []
    assert sources("See [1].", passage_ids=[0, 7]) == []


def test_a_source_says_where_the_passage_is_from() -> None:
    answer = closed(AIMessage("[1][2]"))

    assert answer["sources"][0] == {
        "id": "p1",
        "title": "Title 1",
        "source": "1.md",
        "scope": "local",
        "score": 0.5,
    }
    assert answer["sources"][1]["scope"] == "global"


def test_tool_calls_stand_with_their_results() -> None:
    call = {"name": "status", "args": {"order": "1"}, "id": "c1"}
    lost = {"name": "status", "args": {}, "id": "c2"}
    earlier_call = {"name": "old", "args": {}, "id": "c0"}

    answer = closed(
        AIMessage("", tool_calls=[call, lost]),
        ToolMessage('{"status": "packed"}', tool_call_id="c1", name="status"),
        AIMessage("It is packed."),
        earlier=(
            HumanMessage("before"),
            AIMessage("", tool_calls=[earlier_call]),
            ToolMessage("x", tool_call_id="c0", name="old"),
        ),
    )

    assert answer["tool_calls"] == [
        {
            "id": "c1",
            "name": "status",
            "args": {"order": "1"},
            "status": "success",
            "content": '{"status": "packed"}',
        }
    ]


def test_what_other_agents_said_after_the_question_is_not_the_domains() -> None:
    other = AIMessage("handing over", tool_calls=[{"name": "hand_over", "args": {}, "id": "h"}])
    done = ToolMessage("ok", tool_call_id="h", name="hand_over")

    answer = closed(other, done, AIMessage("mine"), replies_from=3)

    assert answer["tool_calls"] == []
    assert answer["text"] == "mine"


def test_an_empty_reply_is_an_abstention_with_a_sentence_of_our_own() -> None:
    answer = closed(AIMessage(""))

    assert answer["abstained"]
    assert "could not reach an answer" in answer["text"]


def test_the_model_may_say_that_it_abstains() -> None:
    assert closed(AIMessage("I do not know", response_metadata={"abstained": True}))["abstained"]


def test_one_degraded_reply_degrades_the_turn() -> None:
    call = {"name": "status", "args": {}, "id": "c1"}

    answer = closed(
        AIMessage("", tool_calls=[call], response_metadata={"degraded": True}),
        ToolMessage("x", tool_call_id="c1", name="status"),
        AIMessage("fine"),
    )

    assert answer["degraded"] is True
