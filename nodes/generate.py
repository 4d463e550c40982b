"""generate: the domain's model answers or calls a tool; a fallback answers where it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.runtime import get_runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import DomainState
from mdsa.nodes.model_chain import ModelChain, ModelRequest
from mdsa.nodes.model_choice import ModelLoader, as_choice
from mdsa.nodes.prompt import domain_prompt
from mdsa.nodes.shown_images import bind_images
from mdsa.nodes.time_budget import TimeBudget, out_of_time
from mdsa.nodes.time_limit import within_time
from mdsa.nodes.tool_calls import with_call_ids, without_calls
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["RESTART", "make_generate"]

RESTART = "restart"
"""Type of the custom stream event which says that the tokens of this node so far are no answer."""


def make_generate(
    load_model: ModelLoader,
    *,
    fallbacks: Sequence[ModelLoader] = (),
    system_prompt: str = "",
    tools: Sequence[BaseTool] = (),
    max_tool_rounds: int = 4,
    timeout_s: float | None = None,
    first_token_s: float | None = None,
    budget: TimeBudget | None = None,
) -> TwoWayNode[DomainState]:
    """Build the node.

    Args:
        load_model: the domain's model.
        fallbacks: models that are asked in turn where the one before is unreachable, too slow or
            fails. Their answer is marked as degraded. Without one, the failure comes through.
        system_prompt: the domain's instructions.
        tools: what the models may call.
        max_tool_rounds: rounds of a turn after which the tools are withheld.
        timeout_s: time that a model may take, in seconds; needs an async run, since Python cannot
            stop a thread.
        first_token_s: time after which a model that streams must have begun, in seconds.
        budget: time of the domain; where none is left, the reply says so.
    """
    budget = budget or TimeBudget()
    chain = ModelChain(
        [load_model, *fallbacks],
        timeout_s=timeout_s,
        first_token_s=first_token_s,
        clock=budget.clock,
    )

    def offers_tools(state: DomainState) -> bool:
        return bool(tools) and state.get("rounds", 0) < max_tool_rounds

    def request(state: DomainState) -> ModelRequest:
        runtime = get_runtime(RunContext)
        facts = runtime.context.facts if isinstance(runtime.context, RunContext) else {}
        offered = offers_tools(state)

        def prompt(shortened: bool) -> list[BaseMessage]:
            return list(domain_prompt(system_prompt, state, facts, shortened=shortened))

        def bind(model: BaseChatModel, is_own: bool) -> Runnable[Any, AIMessage]:
            bound = model.bind_tools(list(tools)) if offered else model
            optional = state["asked"].get("images_optional", False)
            reference = as_choice(load_model).reference if is_own else None
            return bind_images(
                model, bound, state["messages"], own_reference=reference, optional=optional
            )

        def restarted() -> None:
            runtime.stream_writer({"type": RESTART})

        return ModelRequest(prompt, bind, tools_offered=offered, restarted=restarted)

    def update(reply: AIMessage, state: DomainState) -> dict[str, Any]:
        if offers_tools(state):
            return {"messages": [with_call_ids(reply, state["messages"])]}
        return {"messages": [without_calls(reply)]}

    def left_s(state: DomainState) -> float | None:
        return budget.left_s(state.get("spent_s", 0.0))

    def generate(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        return update(chain.invoke(request(state), config, left_s=left_s(state)), state)

    async def agenerate(state: DomainState, config: RunnableConfig) -> dict[str, Any]:
        return update(await chain.ainvoke(request(state), config, left_s=left_s(state)), state)

    def give_up(state: DomainState) -> dict[str, Any]:
        get_runtime(RunContext).stream_writer({"type": RESTART})
        return {"messages": [out_of_time(state["asked"]["query"])]}

    return within_time(TwoWayNode(generate, agenerate), budget, give_up)
