"""An agent whose domains each have secrets, and whose models tell all that they know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fakes.agents import make_agent, repeat_all, scripted
from fakes.chat_models import calls
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.tools import Tool, ToolRegistry

NAMES = ["alpha", "beta", "gamma"]


def document_secret(name: str) -> str:
    return f"DOC-{name[::-1]}-7313"


def tool_secret(name: str) -> str:
    return f"TOOL-{name[::-1]}-4242"


def secrets(*names: str) -> list[str]:
    return [secret(name) for name in names for secret in (document_secret, tool_secret)]


def other(*names: str) -> list[str]:
    return [name for name in NAMES if name not in names]


class Caller:
    """Calls a tool that the question names as `call:NAME`, then repeats all it was told."""

    def __call__(self, messages: list[BaseMessage]) -> AIMessage:
        question = next(str(m.text) for m in reversed(messages) if isinstance(m, HumanMessage))
        if "call:" in question and not isinstance(messages[-1], ToolMessage):
            name = question.rpartition("call:")[2].split()[0]
            return calls((name, "call-1", {}))
        return AIMessage(repeat_all(messages))


PLANS: list[Any] = []
"""What the reasoning model answers next; the last one for ever after."""


def build(folder: Path) -> TinyBERTOrchestrator:
    tools = ToolRegistry()
    for name in NAMES:
        tools.register(
            Tool(f"look_{name}", "Look something up.", lambda name=name: tool_secret(name), {})
        )
    models = {
        "caller": scripted(Caller()),
        "planner": scripted(lambda _: PLANS[-1] if PLANS else "no plan"),
    }
    agent = make_agent(folder, models=models, tools=tools, reasoning="fake://planner")
    for name in NAMES:
        agent.register_domain(
            name, f"All about {name}", [name], "fake://caller", tools=[f"look_{name}"]
        )
        agent.rag.add_local_documents(
            name, [{"content": f"the code is {document_secret(name)}", "metadata": {"owner": name}}]
        )
    agent.rag.add_global_documents([{"content": "the code of everybody is SHARED-1"}])
    return agent


def assert_nothing_of(names: list[str], shown: object, *, also_names: bool = False) -> None:
    text = json.dumps(shown, default=str)
    for secret in secrets(*names):
        assert secret not in text
    if also_names:
        for name in names:
            assert name not in text, f"{name} is named in {text}"
