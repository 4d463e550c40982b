"""tools: runs the calls of the model's last message, and counts the round."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.types import Command

from mdsa.graph.state import DomainState
from mdsa.nodes.time_budget import TimeBudget
from mdsa.nodes.time_limit import within_time
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["after_generate", "make_tools"]

ToolReply = ToolMessage | Command[Any]


_OUT_OF_TIME = "The time of this turn was over; whether the call took effect is not known."


def make_tools(
    tools: Sequence[BaseTool], budget: TimeBudget | None = None
) -> TwoWayNode[DomainState]:
    """Build the node over the domain's allow-listed tools; any other name is an error message.

    A tool that is still running when the domain's time is over gets an error message as well.
    """
    node = ToolNode(
        list(tools), wrap_tool_call=_run_unless_refused, awrap_tool_call=_arun_unless_refused
    )

    def run(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        return {**node.invoke(state, config), "rounds": state.get("rounds", 0) + 1}

    async def arun(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        return {**await node.ainvoke(state, config), "rounds": state.get("rounds", 0) + 1}

    return within_time(TwoWayNode(run, arun), budget or TimeBudget(), _give_up)


def after_generate(state: DomainState) -> str:
    """Where generate leads: `tools` where the model called some, else `answer`."""
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "answer"


def _give_up(state: DomainState) -> dict[str, Any]:
    last = state["messages"][-1]
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    return {
        "messages": [
            ToolMessage(_OUT_OF_TIME, name=call["name"], tool_call_id=call["id"], status="error")
            for call in calls
        ]
    }


def _run_unless_refused(
    request: ToolCallRequest, execute: Callable[[ToolCallRequest], ToolReply]
) -> ToolReply:
    return _refusal(request) or execute(request)


async def _arun_unless_refused(
    request: ToolCallRequest, execute: Callable[[ToolCallRequest], Awaitable[ToolReply]]
) -> ToolReply:
    return _refusal(request) or await execute(request)


def _refusal(request: ToolCallRequest) -> ToolMessage | None:
    call = request.tool_call
    reason = request.state.get("refused_calls", {}).get(call["id"])
    if reason is None:
        return None
    return ToolMessage(reason, name=call["name"], tool_call_id=str(call["id"]), status="error")
