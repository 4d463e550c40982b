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
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["after_generate", "make_tools"]

ToolReply = ToolMessage | Command[Any]


def make_tools(tools: Sequence[BaseTool]) -> TwoWayNode[DomainState]:
    """Build the node over the domain's allow-listed tools; any other name is an error message."""
    node = ToolNode(
        list(tools), wrap_tool_call=_run_unless_refused, awrap_tool_call=_arun_unless_refused
    )

    def run(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        return {**node.invoke(state, config), "rounds": state.get("rounds", 0) + 1}

    async def arun(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        return {**await node.ainvoke(state, config), "rounds": state.get("rounds", 0) + 1}

    return TwoWayNode(run, arun)


def after_generate(state: DomainState) -> str:
    """Where generate leads: `tools` where the model called some, else `answer`."""
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "answer"


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
