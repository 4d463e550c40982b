"""merge: one message, in the order of the questions, and a bounded history."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langgraph.graph.message import add_messages

from mdsa.nodes.merge import make_merge


def answer(domain: str, position: int, text: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "domain": domain,
        "query": f"question {position}",
        "position": position,
        "text": text or f"answer {position}",
        "message_id": f"id-{position}",
        "abstained": False,
        "degraded": False,
        "model": "",
        "failures": [],
        "sources": [],
        "tool_calls": [],
        **fields,
    }


def state(answers: Any, *, decision: str = "direct", **fields: Any) -> Any:
    route = {
        "decision": decision,
        "domains": [a["domain"] for a in sorted(answers, key=lambda a: a["position"])],
        "scores": {"order_tracking": 0.5, "returns": 0.1},
        "declined": [],
        "degraded": False,
        **fields.pop("route", {}),
    }
    sub_queries = [
        {"domain": a["domain"], "query": a["query"], "context": ""}
        for a in sorted(answers, key=lambda a: a["position"])
    ]
    return {
        "messages": [HumanMessage("the message", id="h")],
        "answers": answers,
        "sub_queries": sub_queries,
        "route": route,
        **fields,
    }


def merged(given: Any) -> AIMessage:
    message = make_merge()(given)["messages"][-1]
    assert isinstance(message, AIMessage)
    return message


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_answers_stand_in_the_order_of_the_questions_whatever_came_first(
    order: tuple[int, ...],
) -> None:
    answers = [answer("abc"[position], position) for position in order]

    message = merged(state(answers, decision="decompose"))

    assert message.text == "answer 0\n\nanswer 1\n\nanswer 2"
    assert message.response_metadata == {
        "domains": ["a", "b", "c"],
        "decision": "decompose",
        "degraded": False,
        "models": [],
    }
    assert message.id is None


def test_the_message_tells_who_answered_and_whether_that_was_meant() -> None:
    first = answer("a", 0, model="ollama://x")
    second = answer("b", 1, model="embedded://reader", degraded=True)

    metadata = merged(state([second, first], decision="decompose")).response_metadata

    assert (metadata["degraded"], metadata["models"]) == (True, ["ollama://x", "embedded://reader"])


def test_a_single_answer_keeps_the_id_under_which_it_was_streamed() -> None:
    message = merged(state([answer("returns", 0)]))

    assert (message.id, message.text) == ("id-0", "answer 0")
    assert message.additional_kwargs == {"domain": "returns"}


def test_a_text_that_was_not_streamed_gets_an_id_of_its_own() -> None:
    given = state([answer("unmatched", 0, abstained=True)], decision="unmatched")

    assert merged(given).id is None


def test_an_answer_of_a_model_without_ids_gets_none() -> None:
    assert merged(state([answer("returns", 0, message_id="")])).id is None


def test_no_fact_is_lost_and_none_is_repeated() -> None:
    answers = [
        answer("a", 0, "Returns are free. The refund takes 5 days."),
        answer("b", 1, "The refund takes 5 days. Call 555-0100."),
    ]

    assert merged(state(answers, decision="decompose")).text == (
        "Returns are free. The refund takes 5 days.\n\nCall 555-0100."
    )


def test_a_part_that_a_stand_in_answered_says_so_beside_others() -> None:
    stand_in = {"degraded": True, "model": "embedded://reader"}
    answers = [answer("a", 0), answer("b", 1, **stand_in)]

    assert merged(state(answers, decision="decompose")).text == (
        "answer 0\n\nanswer 1\n\n(“question 1” was answered in a simpler way than usual.)"
    )
    assert merged(state([answer("b", 0, **stand_in)])).text == "answer 0"


def test_a_part_that_nobody_answered_is_not_said_to_be_answered() -> None:
    answers = [answer("a", 0), answer("b", 1, "I could not answer this in time.", degraded=True)]

    assert merged(state(answers, decision="decompose")).text == (
        "answer 0\n\nI could not answer this in time."
    )


def test_declined_parts_are_named_after_the_answers() -> None:
    message = merged(state([answer("returns", 0)], route={"declined": ["what does Bob earn"]}))

    assert message.text == "answer 0\n\nI can't help with this part: “what does Bob earn”"
    assert message.id is None


def test_an_abstention_says_which_part_it_is_about() -> None:
    answers = [answer("returns", 0), answer("orders", 1, "I do not know.", abstained=True)]

    assert merged(state(answers, decision="decompose")).text == (
        "answer 0\n\nI do not know. (“question 1”)"
    )


def test_where_no_domain_fits_and_nothing_is_found_the_permitted_domains_are_offered() -> None:
    given = state(
        [answer("unmatched", 0, abstained=True)],
        decision="unmatched",
        route={"domains": []},
        sub_queries=[],
    )

    assert merged(given).text == "I can't help with that. I can help with order tracking, returns."
    given["route"]["scores"] = {}
    assert merged(given).text == "I can't help with that."


def test_shared_knowledge_answers_what_no_domain_takes() -> None:
    given = state(
        [answer("unmatched", 0)], decision="unmatched", route={"domains": []}, sub_queries=[]
    )

    update = make_merge()(given)

    assert update["messages"][-1].text == "answer 0"
    assert update["messages"][-1].response_metadata["domains"] == []
    assert update["last_question"] == "the message"
    assert "last_domain" not in update


def test_the_last_question_and_its_domain_are_kept_together_for_follow_ups() -> None:
    answers = [answer("a", 0), answer("b", 1), answer("a", 2)]
    given = state(answers, decision="decompose", route={"domains": ["a", "b"]})
    given["sub_queries"][-1]["context"] = "before"

    update = make_merge()(given)

    assert update["last_domain"] == "a"
    assert update["last_question"] == "before question 2"


def test_the_last_question_does_not_grow_without_end() -> None:
    given = state([answer("a", 0)])
    given["sub_queries"][0] = {"domain": "a", "query": "end", "context": "x" * 10_000}

    question = make_merge()(given)["last_question"]

    assert len(question) == 500
    assert question.endswith("x end")


@pytest.mark.parametrize("limit", [2, 3, 4, 5, 8])
def test_a_session_keeps_whole_turns_within_its_limit(limit: int) -> None:
    history: list[AnyMessage] = []
    for turn in range(12):
        history = add_messages(history, [HumanMessage(f"q{turn}")])  # type: ignore[assignment]  # declared wider
        update = make_merge(limit)(
            state([answer("a", 0, f"a{turn}", message_id="")], messages=history)
        )
        history = add_messages(history, update["messages"])  # type: ignore[assignment]  # declared wider

        assert len(history) <= limit
        assert isinstance(history[0], HumanMessage)
        assert [message.text for message in history[-2:]] == [f"q{turn}", f"a{turn}"]
    assert len(history) == limit - limit % 2


def test_questions_without_an_answer_are_cut_like_turns() -> None:
    history = [HumanMessage(f"q{n}", id=f"{n}") for n in range(5)]

    update = make_merge(3)(state([answer("a", 0)], messages=history))

    removed = [message.id for message in update["messages"] if isinstance(message, RemoveMessage)]
    assert removed == ["0", "1", "2"]
