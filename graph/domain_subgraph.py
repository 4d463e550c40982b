"""One domain as a compiled graph: retrieve → generate ⇄ tools → answer.

It works inside MDSA's own graph and, alone, inside any LangChain application.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import BaseTool, StructuredTool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Checkpointer, RetryPolicy

from mdsa.domains.config import DomainConfig
from mdsa.graph.context import RunContext
from mdsa.graph.state import BranchOutput, DomainInput, DomainOutput, DomainState
from mdsa.nodes.answer import make_answer
from mdsa.nodes.approve import make_approve, pending_writes
from mdsa.nodes.generate import make_generate
from mdsa.nodes.model_choice import ModelLoader
from mdsa.nodes.on_loop import OnLoop
from mdsa.nodes.retrieve import make_retrieve
from mdsa.nodes.time_budget import TimeBudget
from mdsa.nodes.tool_loop import after_generate, make_tools

__all__ = ["DomainGraph", "Specialist", "build_domain_graph", "compile_specialist", "domain_tool"]

DomainGraph = CompiledStateGraph[DomainState, RunContext, DomainInput, Any]


@dataclass(frozen=True, slots=True)
class Specialist:
    """What a subgraph is built of; the retriever and the tools are bound to it for good."""

    name: str
    description: str
    load_model: ModelLoader
    retriever: BaseRetriever | None = None
    tools: Sequence[BaseTool] = ()
    fallbacks: Sequence[ModelLoader] = ()
    """Models that answer, marked as degraded, where the one before fails."""
    system_prompt: str = ""
    max_tool_rounds: int = 4
    model_timeout_s: float | None = None
    """Longest time of one model's answer."""
    first_token_s: float | None = None
    """Longest time until a model that streams begins."""
    time_limit_s: float | None = None
    """Longest time of the domain's turn; it then says that it could not answer in time."""


def build_domain_graph(
    config: DomainConfig,
    *,
    model: BaseChatModel,
    retriever: BaseRetriever | None = None,
    tools: Sequence[BaseTool] = (),
    fallback: BaseChatModel | None = None,
    time_limit_s: float | None = None,
    checkpointer: Checkpointer = None,
) -> DomainGraph:
    """Compile one domain, named after it.

    Add it as a node to a graph whose state has `messages`; call it with `{"messages": [...]}` or
    `{"messages": [], "query": "…"}`; or make a tool of it with `domain_tool`. It runs sync and
    async. Calls of tools that write stop in an `interrupt` and need a checkpointer.

    Args:
        config: the domain.
        model: its chat model; one that is given tools must support `bind_tools`.
        retriever: its knowledge, such as `DualRAG.retriever(config.name)`.
        tools: LangChain tools; those with `metadata={"writes": True}` wait for approval.
        fallback: answers, marked as degraded, where the model fails.
        time_limit_s: after so many seconds the domain says that it could not answer in time; only
            an async run can stop a model or a tool.
        checkpointer: the application's own; None inherits that of the graph around it.

    Returns:
        A graph whose output holds `messages` and one entry of `answers`.
    """
    specialist = Specialist(
        name=config.name,
        description=config.description,
        load_model=lambda: model,
        retriever=retriever,
        tools=tools,
        fallbacks=() if fallback is None else (lambda: fallback,),
        system_prompt=config.system_prompt,
        max_tool_rounds=config.max_tool_rounds,
        time_limit_s=time_limit_s,
    )
    return compile_specialist(specialist, DomainOutput, checkpointer)


def compile_specialist(
    specialist: Specialist,
    output: type[DomainOutput] | type[BranchOutput],
    checkpointer: Checkpointer = None,
) -> DomainGraph:
    """Compile a specialist; `output` says whether its messages leave the subgraph."""
    writing = {tool.name for tool in specialist.tools if (tool.metadata or {}).get("writes")}
    builder = StateGraph(
        DomainState, context_schema=RunContext, input_schema=DomainInput, output_schema=output
    )
    metadata = {"domain": specialist.name}
    budget = TimeBudget(specialist.time_limit_s)
    builder.add_node(
        "retrieve",
        make_retrieve(specialist.retriever, budget),
        retry_policy=RetryPolicy(max_attempts=2),
        metadata=metadata,
    )
    builder.add_node(
        "generate",
        make_generate(
            specialist.load_model,
            system_prompt=specialist.system_prompt,
            fallbacks=specialist.fallbacks,
            tools=specialist.tools,
            max_tool_rounds=specialist.max_tool_rounds,
            timeout_s=specialist.model_timeout_s,
            first_token_s=specialist.first_token_s,
            budget=budget,
        ),
        metadata=metadata,
    )
    builder.add_node("answer", OnLoop(make_answer(specialist.name)), metadata=metadata)
    builder.add_edge(START, "retrieve")
    builder.add_edge("retrieve", "generate")
    if not specialist.tools:
        builder.add_edge("generate", "answer")
    else:
        builder.add_node("tools", make_tools(specialist.tools, budget), metadata=metadata)
        builder.add_edge("tools", "generate")
        targets = ["tools", "answer"]
        if writing:
            builder.add_node("approve", make_approve(specialist.name, writing), metadata=metadata)
            builder.add_edge("approve", "tools")
            targets.append("approve")

        def route_reply(state: DomainState) -> str:
            return "approve" if pending_writes(state, writing) else after_generate(state)

        builder.add_conditional_edges("generate", OnLoop(route_reply), targets)
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=checkpointer, name=specialist.name)


def domain_tool(graph: DomainGraph, description: str) -> BaseTool:
    """Make a tool of a domain's graph: it takes a `query` and gives the answer as text.

    Args:
        graph: a graph made by `build_domain_graph`.
        description: tells another model when to call it; `config.description` suits.
    """

    def question(query: str) -> DomainInput:
        return {"messages": [HumanMessage(query)]}

    def ask(query: str) -> str:
        return str(graph.invoke(question(query))["answers"][-1]["text"])

    async def aask(query: str) -> str:
        return str((await graph.ainvoke(question(query)))["answers"][-1]["text"])

    return StructuredTool.from_function(ask, aask, name=graph.get_name(), description=description)
