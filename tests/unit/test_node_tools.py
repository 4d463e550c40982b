"""tools: what runs, what does not, and where generate leads."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.chat_models import calls
from fakes.node_runs import arun, run
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import BaseTool, tool

from mdsa.nodes.tool_loop import after_generate, make_tools


class Ledger:
    """Notes which orders were cancelled."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    def tool(self) -> BaseTool:
        @tool
        def cancel(order: str) -> str:
            """Cancel an order."""
            self.cancelled.append(order)
            return f"cancelled {order}"

        return cancel


async def run_round(ledger: Ledger, state: Any, *, run_async: bool) -> dict[str, Any]:
    node = make_tools([ledger.tool()])
    return await arun(node, state) if run_async else run(node, state)


both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


@both_ways
async def test_calls_run_and_the_round_is_counted(run_async: bool) -> None:
    ledger = Ledger()
    call = calls(("cancel", "a", {"order": "1"}), ("cancel", "b", {"order": "2"}))

    update = await run_round(ledger, {"messages": [call], "rounds": 1}, run_async=run_async)

    assert sorted(ledger.cancelled) == ["1", "2"]
    assert [(m.tool_call_id, m.text, m.status) for m in update["messages"]] == [
        ("a", "cancelled 1", "success"),
        ("b", "cancelled 2", "success"),
    ]
    assert update["rounds"] == 2


@both_ways
async def test_a_declined_call_does_not_run_and_the_model_is_told(run_async: bool) -> None:
    ledger = Ledger()
    call = calls(("cancel", "a", {"order": "1"}), ("cancel", "b", {"order": "2"}))
    state = {"messages": [call], "refused_calls": {"a": "The user declined this call."}}

    update = await run_round(ledger, state, run_async=run_async)

    assert ledger.cancelled == ["2"]
    refused, done = update["messages"]
    assert (refused.tool_call_id, refused.text, refused.status) == (
        "a",
        "The user declined this call.",
        "error",
    )
    assert done.status == "success"


@both_ways
async def test_tools_off_the_list_and_wrong_arguments_are_errors_for_the_model(
    run_async: bool,
) -> None:
    ledger = Ledger()
    call = calls(("delete_everything", "a", {}), ("cancel", "b", {"colour": "red"}))

    update = await run_round(ledger, {"messages": [call]}, run_async=run_async)

    assert ledger.cancelled == []
    assert [message.status for message in update["messages"]] == ["error", "error"]
    assert "delete_everything" in update["messages"][0].text


@pytest.mark.parametrize(
    ("last", "target"),
    [
        (calls(("cancel", "a", {})), "tools"),
        (AIMessage("done"), "answer"),
        (HumanMessage("x"), "answer"),
    ],
)
def test_generate_leads_to_tools_where_the_model_called_some(last: Any, target: str) -> None:
    assert after_generate({"messages": [last]}) == target
