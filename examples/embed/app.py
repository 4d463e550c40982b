"""A domain of MDSA as one tool of another LangChain agent, approvals included."""

import argparse
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool, tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from mdsa import DomainConfig, DualRAG, build_domain_graph, domain_tool
from mdsa.models import ModelRegistry

RETURNS = DomainConfig(
    name="returns",
    description="Answers questions on returns, refunds and sending shoes back; starts a return.",
)
DOCUMENTS = [
    "Unworn shoes can be returned within 100 days.",
    "Refunds reach a credit card within 5 business days.",
]


def start_return(order_id: str) -> str:
    """Start the return of one order. Use it only when the customer asks to return an order.

    Args:
        order_id: order number, for example ORD-1001.
    """
    return f"The return of order {order_id} has been started."


@tool
def opening_hours() -> str:
    """Tells when the shop is open: its opening hours on every day."""
    return "The shop is open from 9 to 18 on weekdays."


class WordMatcher(BaseChatModel):
    """Stands in for a model that chooses tools, so that this example needs none.

    It asks the tool whose description shares the most words with the message, and repeats what the
    tool says.
    """

    @property
    def _llm_type(self) -> str:
        return "word-matcher"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools."""
        offered = [convert_to_openai_tool(each)["function"] for each in tools]
        return self.bind(offered=offered, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        offered: Sequence[dict[str, Any]] = (),
        **kwargs: Any,
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage) or not offered:
            reply = AIMessage(last.text)
        else:
            asked = _words(last.text)
            chosen = max(offered, key=lambda each: len(asked & _words(each["description"])))
            args = {"query": last.text} if "query" in chosen["parameters"]["properties"] else {}
            call = {"name": chosen["name"], "args": args, "id": f"call-{len(messages)}"}
            reply = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=reply)])


def _words(text: str) -> set[str]:
    return {word.rstrip("s") for word in re.findall(r"\w+", text.lower())}


def main() -> None:
    """Talk to the agent."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", help="in place of the stand-in, such as ollama://llama3:8b")
    reference = arguments.parse_args().model
    models = ModelRegistry()

    with TemporaryDirectory() as folder, DualRAG(persist_directory=folder) as rag:
        rag.add_local_documents("returns", [{"content": text} for text in DOCUMENTS])
        returns = build_domain_graph(
            RETURNS,
            model=models.get("embedded://reader"),
            retriever=rag.retriever("returns"),
            tools=[StructuredTool.from_function(start_return, metadata={"writes": True})],
        )
        agent = create_agent(
            models.get(reference) if reference else WordMatcher(),
            tools=[domain_tool(returns, RETURNS.description), opening_hours],
            checkpointer=InMemorySaver(),
        )
        config: RunnableConfig = {"configurable": {"thread_id": "terminal"}}
        print("Ask about returns or opening hours; an empty line or Ctrl-D ends it.")
        with suppress(EOFError):
            while message := input("you> ").strip():
                state = agent.invoke({"messages": [HumanMessage(message)]}, config)
                while waiting := state.get("__interrupt__"):
                    for call in waiting[0].value["calls"]:
                        print(f"waits for approval: {call['name']}({call['args']})")
                    approved = input("approve? [y/n] ").strip().lower() == "y"
                    state = agent.invoke(Command(resume=approved), config)
                print(state["messages"][-1].text)


if __name__ == "__main__":
    main()
