"""generate: the domain's model answers or calls a tool; a fallback answers where it cannot."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.runtime import get_runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import DomainState
from mdsa.nodes.failures import MODEL_FAILURES
from mdsa.nodes.prompt import domain_prompt
from mdsa.nodes.tool_calls import with_call_ids, without_calls
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["ModelLoader", "make_generate"]

ModelLoader = Callable[[], BaseChatModel]
"""Gives the model when it is first needed; loading may take seconds."""

_log = logging.getLogger(__name__)


def make_generate(
    load_model: ModelLoader,
    *,
    system_prompt: str = "",
    load_fallback: ModelLoader | None = None,
    tools: Sequence[BaseTool] = (),
    max_tool_rounds: int = 4,
    timeout_s: float | None = None,
) -> TwoWayNode[DomainState]:
    """Build the node.

    Args:
        load_model: the domain's model.
        system_prompt: the domain's instructions.
        load_fallback: answers where the model is unreachable, too slow or fails. The answer is
            marked as degraded. None lets the failure through.
        tools: what the model may call.
        max_tool_rounds: rounds of a turn after which the tools are withheld.
        timeout_s: time that the model may take, in seconds; needs an async run, since Python
            cannot stop a thread.
    """

    def offers_tools(state: DomainState) -> bool:
        return bool(tools) and state.get("rounds", 0) < max_tool_rounds

    def bind(model: BaseChatModel, state: DomainState) -> Runnable[Any, AIMessage]:
        return model.bind_tools(list(tools)) if offers_tools(state) else model

    def update(reply: AIMessage, state: DomainState) -> dict[str, Any]:
        if offers_tools(state):
            return {"messages": [with_call_ids(reply, state["messages"])]}
        return {"messages": [without_calls(reply)]}

    def prompt(state: DomainState) -> list[Any]:
        context = get_runtime(RunContext).context
        facts = context.facts if isinstance(context, RunContext) else {}
        return domain_prompt(system_prompt, state, facts)

    def generate(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        messages = prompt(state)
        try:
            reply = bind(load_model(), state).invoke(messages, config)
        except MODEL_FAILURES as error:
            if load_fallback is None:
                raise
            reply = _degraded(bind(load_fallback(), state).invoke(messages, config), error)
        return update(reply, state)

    async def agenerate(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        messages = prompt(state)
        try:
            async with asyncio.timeout(timeout_s):
                model = await asyncio.to_thread(load_model)
                reply = await bind(model, state).ainvoke(messages, config)
        except MODEL_FAILURES as error:
            if load_fallback is None:
                raise
            fallback = await asyncio.to_thread(load_fallback)
            reply = _degraded(await bind(fallback, state).ainvoke(messages, config), error)
        return update(reply, state)

    return TwoWayNode(generate, agenerate)


def _degraded(reply: AIMessage, error: Exception) -> AIMessage:
    _log.warning("the fallback model answers: %s: %s", type(error).__name__, error)
    metadata = {**reply.response_metadata, "degraded": True}
    return reply.model_copy(update={"response_metadata": metadata})
