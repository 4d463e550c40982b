"""The graph of fakes: two domains, shared knowledge, and a router that goes by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakes.chat_models import ScriptedChatModel
from fakes.routing import WordRouter
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Checkpointer, Command

from mdsa.graph.builder import AgentGraph, build_graph
from mdsa.graph.context import RunContext
from mdsa.graph.domain_subgraph import Specialist

DOMAINS = ("orders", "returns")
UNMATCHED = "unmatched"


def specialist(name: str, *replies: Any, **parts: Any) -> Specialist:
    """A domain whose model is a given chat model, or one that says the replies."""
    given = replies[0] if len(replies) == 1 and isinstance(replies[0], BaseChatModel) else None
    model = given or ScriptedChatModel(replies=list(replies) or [f"{name} answers"])
    parts = {"load_model": lambda: model, **parts}
    return Specialist(name=name, description=f"About {name}", **parts)


def agent(
    checkpointer: Checkpointer = None,
    *,
    reasoning: BaseChatModel | None = None,
    **parts: Any,
) -> AgentGraph:
    """The graph; specialists may be given by name, and so may arguments of `build_graph`."""
    domains = {name: parts.pop(name, None) or specialist(name) for name in DOMAINS}
    return build_graph(
        list(domains.values()),
        router=WordRouter({"orders": ["parcel"], "returns": ["refund"]}),
        unmatched=parts.pop(UNMATCHED, None) or specialist(UNMATCHED),
        load_reasoning_model=None if reasoning is None else lambda: reasoning,
        checkpointer=checkpointer,
        **parts,
    )


def thread(session: str) -> RunnableConfig:
    return {"configurable": {"thread_id": session}, "recursion_limit": 60}


async def ask(
    graph: Any,
    message: str | Command[Any],
    *,
    session: str = "s",
    context: RunContext | None = None,
    run_async: bool = True,
) -> dict[str, Any]:
    """Send a message, or a resumption, and give the state that follows."""
    given = {"messages": [HumanMessage(message)]} if isinstance(message, str) else message
    if run_async:
        state = await graph.ainvoke(given, thread(session), context=context)
    else:
        state = graph.invoke(given, thread(session), context=context)
    return dict(state)


def texts(messages: Sequence[BaseMessage | AnyMessage]) -> list[str]:
    return [str(message.text) for message in messages]
