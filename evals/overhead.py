"""What MDSA adds to a turn over a bare LangGraph graph of the same shape, model time apart.

    python -m mdsa.evals.overhead [--turns 200]

Every turn runs the same number of steps through an outer graph and one subgraph, on a fresh
thread of the same SQLite saver with `durability="sync"`, with a model that answers at once. The
variants take turns within one run, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Send

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.domains import DomainConfig
from mdsa.domains.app_file import demo_app_path, load_app
from mdsa.graph.app_loading import ingest_app
from mdsa.graph.assembly import CLAUSES, Assembly
from mdsa.graph.builder import build_graph
from mdsa.graph.domain_subgraph import Specialist
from mdsa.models import ModelRegistry
from mdsa.router import Route, RouterDomain
from mdsa.router.opening import open_router
from mdsa.sessions import SessionSqliteSaver
from mdsa.settings import Settings
from mdsa.tools import ToolRegistry
from mdsa.tools.loading import load_tool_family

__all__ = ["BARE", "VARIANTS", "Timing", "bare_graph", "measure"]

_INSTANT = "instant://model"

BARE = "bare LangGraph, no-op nodes"
_NO_OP = "MDSA's graph, no-op router and retriever"
_REAL = "MDSA's graph, real router and retriever"
_FACADE = "TinyBERTOrchestrator.aprocess_request"
VARIANTS = (BARE, _NO_OP, _REAL, _FACADE)

Turn = Callable[[str], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds a turn of one variant took."""

    variant: str
    turns: int
    median_ms: float
    p90_ms: float
    ratio: float
    """Of the medians, to the bare graph's."""


class InstantModel(BaseChatModel):
    """Answers at once."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Take the tools and never call them."""
        return self.bind(tools=list(tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],  # noqa: ARG002
        stop: list[str] | None = None,  # noqa: ARG002
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("Answer."))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)


class InstantRouter:
    """Sends everything to one domain."""

    def add_domain(self, domain: RouterDomain) -> None:
        """Take it and forget it."""

    def remove_domain(self, name: str) -> None:
        """Do nothing."""

    def route(self, texts: Sequence[str]) -> list[Route]:
        """Give the one domain full confidence."""
        return [Route({"domain": 1.0}, 0.0) for _ in texts]

    def score_floor(self, target_error: float) -> float | None:  # noqa: ARG002 - the protocol's
        """None: nothing was calibrated."""
        return None


async def measure(turns: int, folder: Path, *, warm_up: int = 10) -> list[Timing]:
    """Time the variants.

    Args:
        turns: measured turns of each variant.
        folder: empty folder for databases and knowledge stores.
        warm_up: turns of each variant that are not counted.

    Returns:
        One entry for each of `VARIANTS`.
    """
    spent: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    async with _variants(folder) as variants:
        for number in range(warm_up + turns):
            for place, (name, turn) in enumerate(variants.items()):
                # Never the same twice: what was embedded before must be of no use.
                parcels = number * len(variants) + place + 2
                question = f"How much is express shipping of {parcels} parcels to Ohio?"
                started = time.perf_counter()
                await turn(question)
                if number >= warm_up:
                    spent[name].append((time.perf_counter() - started) * 1000)
    bare = median(spent[BARE])
    return [
        Timing(
            variant=name,
            turns=len(times),
            median_ms=median(times),
            p90_ms=quantiles(times, n=10)[-1],
            ratio=median(times) / bare,
        )
        for name, times in spent.items()
    ]


@asynccontextmanager
async def _variants(folder: Path) -> AsyncIterator[dict[str, Turn]]:
    settings = Settings(data_dir=folder / "data", chroma_persist_dir=folder / "knowledge")
    async with AsyncExitStack() as stack:
        savers = {
            name: await stack.enter_async_context(SessionSqliteSaver.open(folder / f"{index}.db"))
            for index, name in enumerate((BARE, _NO_OP, _REAL))
        }
        facade = stack.enter_context(_facade(settings))
        yield {
            BARE: _turn(bare_graph(savers[BARE])),
            _NO_OP: _turn(_no_op_graph(savers[_NO_OP])),
            _REAL: _turn(_real_graph(savers[_REAL], facade, settings)),
            _FACADE: facade.aprocess_request,
        }


def _turn(graph: Any) -> Turn:
    async def turn(question: str) -> None:
        config = {"configurable": {"thread_id": uuid4().hex}}
        state = await graph.ainvoke(
            {"messages": [HumanMessage(question)]}, config, durability="sync"
        )
        if len(state.get("answers", [None])) != 1:
            raise RuntimeError(f"the turn took another way: {state['route']['decision']}")

    return turn


def bare_graph(saver: BaseCheckpointSaver[Any]) -> Any:
    """The same nodes in the same order, all doing nothing."""

    def nothing(state: MessagesState) -> dict[str, Any]:  # noqa: ARG001 - LangGraph's name for it
        return {}

    inner = StateGraph(MessagesState)
    for name, before in (("retrieve", START), ("generate", "retrieve"), ("answer", "generate")):
        inner.add_node(name, nothing)
        inner.add_edge(before, name)
    inner.add_edge("answer", END)
    outer = StateGraph(MessagesState)
    outer.add_node("classify", nothing)
    outer.add_node("gate", nothing)
    outer.add_node("domain", inner.compile(name="domain"))
    outer.add_node("merge", nothing, defer=True)
    outer.add_edge(START, "classify")
    outer.add_edge("classify", "gate")
    outer.add_conditional_edges("gate", lambda state: [Send("domain", state)], ["domain"])
    outer.add_edge("domain", "merge")
    outer.add_edge("merge", END)
    return outer.compile(checkpointer=saver, name="bare")


def _no_op_graph(saver: SessionSqliteSaver) -> Any:
    model = InstantModel()
    specialists = [
        Specialist(name=name, description="Anything", load_model=lambda: model)
        for name in ("domain", "unmatched")
    ]
    domain, unmatched = specialists
    router = InstantRouter()
    return build_graph([domain], router=router, unmatched=unmatched, checkpointer=saver)


def _real_graph(saver: SessionSqliteSaver, facade: TinyBERTOrchestrator, settings: Settings) -> Any:
    assembly = Assembly(
        router=open_router(),
        models=_models(settings),
        tools=facade.tools,
        knowledge=lambda: facade.rag,
        default_model=_INSTANT,
        reasoning_model=CLAUSES,
    )
    for config in _demo_domains():
        assembly.add_domain(config)
    return assembly.graph(saver)


def _facade(settings: Settings) -> TinyBERTOrchestrator:
    app = load_app(demo_app_path())
    tools = ToolRegistry()
    for family in app.file.tools:
        for tool in load_tool_family(family, data_dir=settings.data_dir):
            tools.register(tool)
    facade = TinyBERTOrchestrator(
        reasoning_model_path=CLAUSES,
        tools=tools,
        models=_models(settings),
        default_model=_INSTANT,
        settings=settings,
    )
    for config in _demo_domains():
        facade.register_domain(config)
    ingest_app(app, facade.rag)
    return facade


def _demo_domains() -> list[DomainConfig]:
    return [entry.config for entry in load_app(demo_app_path()).domains]


def _models(settings: Settings) -> ModelRegistry:
    registry = ModelRegistry(settings)
    registry.register("instant", lambda *_: InstantModel())
    return registry


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m mdsa.evals.overhead")
    parser.add_argument("--turns", type=int, default=200, help="measured turns of each variant")
    turns = parser.parse_args().turns
    with TemporaryDirectory() as folder:
        timings = asyncio.run(measure(turns, Path(folder)))
    lines = [f"{'variant':42} {'turns':>6} {'median ms':>10} {'p90 ms':>8} {'ratio':>6}"]
    lines += [
        f"{t.variant:42} {t.turns:6} {t.median_ms:10.2f} {t.p90_ms:8.2f} {t.ratio:6.2f}"
        for t in timings
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
