"""Follow-ups that leave out the order that the turn before was about."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from mdsa.models import ReaderChatModel
from mdsa.tools.langchain import tool_to_langchain
from mdsa.tools.orders.tools import build_order_tools


@pytest.mark.parametrize(
    ("before", "question", "call"),
    [
        ("Where is order ORD-1002?", "and what is in it?", "list_order_items"),
        ("What is in order ORD-1002?", "And where is it?", "get_order_status"),
        ("What is in ORD-1002?", "Show me each stop of that parcel.", "get_shipment_history"),
    ],
)
def test_a_pronoun_takes_the_order_of_the_turn_before(
    tmp_path: Path, before: str, question: str, call: str
) -> None:
    tools = [tool_to_langchain(tool) for tool in build_order_tools(tmp_path / "orders.db")]
    model = ReaderChatModel().bind_tools(tools)

    reply = model.invoke(
        [
            SystemMessage("Help."),
            HumanMessage(before),
            AIMessage("It is on its way."),
            HumanMessage(question),
        ]
    )

    made = [(each["name"], each["args"]["order_id"]) for each in reply.tool_calls]
    assert made == [(call, "ORD-1002")]


def test_nothing_is_cancelled_by_a_question_with_a_pronoun(tmp_path: Path) -> None:
    tools = [tool_to_langchain(tool) for tool in build_order_tools(tmp_path / "orders.db")]
    model = ReaderChatModel().bind_tools(tools)

    reply = model.invoke([HumanMessage("Where is ORD-1002?"), HumanMessage("Can I cancel it?")])

    assert "cancel_order" not in [each["name"] for each in reply.tool_calls]
