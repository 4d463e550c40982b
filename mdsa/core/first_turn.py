"""Does what an agent's first turn would wait for."""

from __future__ import annotations

from langchain_core.messages import HumanMessage

from mdsa.core.inspection import explain_route
from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.graph.assembly import READER

__all__ = ["prepare"]

_QUESTION = "How long does it take?"


def prepare(agent: TinyBERTOrchestrator) -> None:
    """Open sessions and knowledge, compile the graph, and use the router and the reader once.

    No turn is taken: nothing is counted, and no session is made. Other models are left alone, as
    it is for the app file to say whether they are to be loaded (`warm_up`).

    Raises:
        MdsaError: a part cannot be used; the first turn would say so too.
    """
    agent._assembly.graph(agent._start().store.saver)
    explain_route(agent, _QUESTION)
    reader = agent.models.get(READER)
    for domain in agent.domains:
        agent.rag.search(_QUESTION, domain=domain.name)
        tools = agent.tools.langchain_tools(domain.tools)
        (reader.bind_tools(tools) if tools else reader).invoke([HumanMessage(_QUESTION)])
