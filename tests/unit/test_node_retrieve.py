"""retrieve: the question, its passages, and a clean start of the turn."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.node_runs import arun, run
from fakes.retrieving import ListRetriever, passage
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.errors import InvalidInputError
from mdsa.nodes.retrieve import make_retrieve


def retrieve(state: Any, *documents: Any) -> tuple[dict[str, Any], list[str]]:
    retriever = ListRetriever(documents=list(documents))
    return run(make_retrieve(retriever), state), retriever.queries


def test_it_searches_for_the_question_with_the_one_that_it_follows() -> None:
    state = {
        "messages": [HumanMessage("how long does it take")],
        "query": "how long does it take",
        "context": "how do refunds work",
        "position": 1,
    }

    update, queries = retrieve(state, passage("five days", "refunds"))

    assert queries == ["how do refunds work how long does it take"]
    assert update["asked"] == {
        "query": "how long does it take",
        "context": "how do refunds work",
        "position": 1,
        "replies_from": 1,
        "images_optional": False,
    }
    (found,) = update["passages"]
    assert found["content"] == "five days"
    assert found["metadata"]["title"] == "refunds"


def test_the_last_human_message_is_the_question_where_no_query_is_given() -> None:
    update, queries = retrieve({"messages": [HumanMessage("a"), AIMessage("b"), HumanMessage("c")]})

    assert queries == ["c"]
    assert update["messages"] == []
    assert (update["asked"]["query"], update["asked"]["replies_from"]) == ("c", 3)
    assert (update["asked"]["context"], update["asked"]["position"]) == ("", 0)


def test_a_question_without_a_message_becomes_one() -> None:
    update, _ = retrieve({"messages": [HumanMessage("a"), AIMessage("b")], "query": "c"})

    assert [message.text for message in update["messages"]] == ["c"]
    assert update["asked"]["replies_from"] == 3


def test_what_follows_the_question_is_not_counted_as_this_domains_reply() -> None:
    update, _ = retrieve({"messages": [HumanMessage("a"), AIMessage("by another agent")]})

    assert update["asked"]["query"] == "a"
    assert update["asked"]["replies_from"] == 2
    assert update["messages"] == []


def test_everything_of_an_earlier_turn_is_reset() -> None:
    state = {
        "messages": [HumanMessage("c")],
        "rounds": 4,
        "refused_calls": {"x": "no"},
        "passages": [{"content": "old", "metadata": {}}],
    }

    update, _ = retrieve(state)

    assert (update["rounds"], update["refused_calls"], update["passages"]) == (0, {}, [])
    assert update["answers"] is None


async def test_an_async_run_finds_the_same() -> None:
    state = {"messages": [HumanMessage("c")]}
    retriever = ListRetriever(documents=[passage("five days", "refunds")])

    update = await arun(make_retrieve(retriever), state)

    expected, _ = retrieve(state, passage("five days", "refunds"))
    assert {**update, "spent_s": 0} == {**expected, "spent_s": 0}
    assert update["spent_s"] >= 0


def test_a_domain_without_knowledge_has_no_passages() -> None:
    update = run(make_retrieve(None), {"messages": [HumanMessage("c")]})

    assert update["passages"] == []


@pytest.mark.parametrize(
    "state", [{"messages": []}, {"messages": [HumanMessage(" ")]}, {"messages": [AIMessage("a")]}]
)
def test_no_question_is_refused_with_the_way_out(state: Any) -> None:
    with pytest.raises(InvalidInputError, match="send a human message"):
        run(make_retrieve(None), state)
