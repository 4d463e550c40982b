"""Runs turns: the one implementation behind the sync, async and streaming calls of the facade.

Everything here runs on one event loop, which the facade owns; the checkpointer belongs to it too.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.errors import GraphRecursionError
from langgraph.types import Command, Interrupt, StreamMode

from mdsa.core.domain_turn import as_agent_state, for_graph_of_session
from mdsa.core.message_bus import MessageBus, Topic
from mdsa.core.request import TurnRequest
from mdsa.core.result import RequestResult, build_result
from mdsa.core.resumption import resumption
from mdsa.errors import RequestTimeoutError
from mdsa.graph.assembly import Assembly
from mdsa.graph.builder import AgentGraph
from mdsa.graph.domain_subgraph import DomainGraph
from mdsa.monitoring import MonitoringService, RequestMetric
from mdsa.monitoring.tracing import TracedTurn, Tracing
from mdsa.nodes.generate import RESTART
from mdsa.nodes.shown_images import human_message
from mdsa.nodes.time_budget import turn_deadline
from mdsa.sessions import SessionBackend
from mdsa.sessions.reach import check_domains, told_domains

__all__ = ["Engine", "Event"]

Event = dict[str, Any]
"""`{"type": "route" | "node" | "token" | "restart" | "tool" | "interrupt" | "final", …}`."""

_log = logging.getLogger(__name__)

_WHOLE: list[StreamMode] = ["values"]
_LIVE: list[StreamMode] = ["values", "updates", "messages", "custom"]
_RESERVE_S = 1.0
_RESERVE_SHARE = 0.05
"""What a turn keeps of its time for after the domains, the smaller of the two."""

_RECURSION_LIMIT = 100


@dataclass(frozen=True)
class Engine:
    """Answers turns with the assembly's present graph."""

    assembly: Assembly
    sessions: SessionBackend
    monitoring: MonitoringService
    bus: MessageBus
    tracing: Tracing
    timeout_s: float

    async def answer(self, request: TurnRequest) -> RequestResult:
        """Answer a message."""
        return await self._last(self._turn(request, _question(request), live=False))

    async def resume(self, request: TurnRequest, decision: Any) -> RequestResult:
        """Go on with a turn that waits for a decision, or, with None, one that was cut off."""
        return await self._last(self._turn(request, decision, live=False, resuming=True))

    def stream(self, request: TurnRequest) -> AsyncIterator[Event]:
        """Answer a message, giving events on the way; the last one is `final`."""
        return self._turn(request, _question(request), live=True)

    def stream_resumed(self, request: TurnRequest, decision: Any) -> AsyncIterator[Event]:
        """Go on as `resume` does, giving events on the way."""
        return self._turn(request, decision, live=True, resuming=True)

    @staticmethod
    async def _last(events: AsyncIterator[Event]) -> RequestResult:
        result: RequestResult | None = None
        async for event in events:
            if event["type"] == "final":
                result = event["result"]
        if result is None:
            raise RuntimeError("a turn ended without a result")
        return result

    async def _turn(
        self, request: TurnRequest, given: Any, *, live: bool, resuming: bool = False
    ) -> AsyncIterator[Event]:
        request = for_graph_of_session(request, self.assembly.domains, resuming=resuming)
        with self.tracing.turn(
            request_id=request.request_id,
            session_id=request.session_id,
            message=None if resuming else request.message,
            domains=[domain.name for domain in self.assembly.domains.all()],
            domain=request.domain,
        ) as traced:
            events = self._run(request, given, traced, live=live, resuming=resuming)
            async with aclosing(events):
                async for event in events:
                    yield event

    async def _run(
        self, request: TurnRequest, given: Any, traced: TracedTurn, *, live: bool, resuming: bool
    ) -> AsyncGenerator[Event]:
        handler = self.monitoring.request_handler(request.domain)
        started, began = time.perf_counter(), time.monotonic()
        topic = {"request_id": request.request_id, "session_id": request.session_id}
        self.bus.publish(Topic.REQUEST_RECEIVED, topic)
        path = () if request.domain is None else (request.domain,)
        config = merge_configs(
            {"callbacks": request.callbacks},
            {
                "configurable": {"thread_id": request.session_id},
                "callbacks": [handler, *traced.callbacks],
                "recursion_limit": _RECURSION_LIMIT,
            },
        )
        try:
            if resuming:
                # Holding a session notes it, and a mistyped id should not be listed ever after.
                await self.sessions.show(request.session_id, request.run.user_id)
            async with self._limits(), self.sessions.hold(request.session_id, request.run.user_id):
                if request.within is not None:
                    check_domains(await self.sessions.show(request.session_id), request.within)
                graph = await self._graph(request.domain)
                if resuming:
                    given = await self._resumption(graph, config, request, given)
                # Domains end with the turn, so that what others answered is not lost with them.
                reserve_s = min(_RESERVE_S, _RESERVE_SHARE * self.timeout_s)
                turn_deadline.set(began + self.timeout_s - reserve_s)
                started_again = _Restarts()
                state: Any = None
                interrupts: tuple[Interrupt, ...] = ()
                parts: AsyncIterator[Any] = graph.astream(
                    given,
                    config,
                    context=request.run,
                    durability="sync",
                    stream_mode=_LIVE if live else _WHOLE,
                    subgraphs=True,
                )
                async for namespace, mode, data in parts:
                    if mode == "values" and not namespace:
                        interrupts = data.get("__interrupt__", interrupts)
                        state = data
                    elif mode != "values":
                        for event in _live_events((*path, *namespace), mode, data):
                            if started_again.wanted(namespace, event):
                                yield event
                if request.domain is not None:
                    state = as_agent_state(request.domain, state)
                result = build_result(
                    state,
                    interrupts,
                    session_id=request.session_id,
                    request_id=request.request_id,
                    latency_ms=(time.perf_counter() - started) * 1000,
                    node_latency_ms=handler.latency_by_node(),
                    tokens=handler.tokens(),
                )
                # The answer goes out once the turn is on disk.
                await self.sessions.after_turn(
                    request.session_id,
                    messages=len(state["messages"]),
                    last_domain=state.get("last_domain"),
                    domains=told_domains(request.session_id, state),
                )
        except BaseException as error:
            self.monitoring.record(
                RequestMetric(
                    request_id=request.request_id,
                    session_id=request.session_id,
                    latency_ms=(time.perf_counter() - started) * 1000,
                    success=False,
                    error_type=type(error).__name__,
                    node_latency_ms=handler.latency_by_node(),
                )
            )
            self.bus.publish(Topic.REQUEST_FAILED, {**topic, "error_type": type(error).__name__})
            raise
        self._record(result)
        traced.answered(result)
        self._announce(result, topic)
        for approval in result["interrupts"]:
            yield {"type": "interrupt", **approval}
        yield {"type": "final", "result": result}

    async def _graph(self, domain: str | None) -> AgentGraph | DomainGraph:
        # The first graph opens the knowledge store, which takes a second.
        if domain is not None:
            return await asyncio.to_thread(self.assembly.domain_graph, domain, self.sessions.saver)
        ready = self.assembly.compiled(self.sessions.saver)
        if ready is not None:
            return ready
        return await asyncio.to_thread(self.assembly.graph, self.sessions.saver)

    @asynccontextmanager
    async def _limits(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.timeout_s):
                yield
        except TimeoutError as error:
            raise RequestTimeoutError(
                f"the turn took longer than {self.timeout_s:g} s and was stopped; what was "
                "answered before is kept. Raise MDSA_REQUEST_TIMEOUT_S or use a faster model."
            ) from error
        except GraphRecursionError as error:
            raise RequestTimeoutError(
                f"the turn took more than {_RECURSION_LIMIT} steps and was stopped; lower "
                "max_tool_rounds of the domain."
            ) from error

    async def _resumption(
        self,
        graph: AgentGraph | DomainGraph,
        config: RunnableConfig,
        request: TurnRequest,
        decision: Any,
    ) -> Command[Any] | None:
        snapshot = await graph.aget_state(config, subgraphs=True)
        return resumption(
            snapshot, decision, request.run, request.session_id, domain=request.domain
        )

    def _record(self, result: RequestResult) -> None:
        self.monitoring.record(
            RequestMetric(
                request_id=result["request_id"],
                session_id=result["session_id"],
                domains=tuple(result["domains"]) if result["decision"] != "clarify" else (),
                decision=result["decision"],
                confidence=result["confidence"],
                latency_ms=result["latency_ms"],
                success=True,
                interrupted=bool(result["interrupts"]),
                degraded=result["degraded"],
                models=tuple(result["models"]),
                # Those of a turn that waits come again with its answer.
                failures=()
                if result["interrupts"]
                else tuple((item["model"], item["reason"]) for item in result["failures"]),
                input_tokens=result["input_tokens"],
                output_tokens=result["output_tokens"],
                node_latency_ms=result["node_latency_ms"],
            )
        )
        _log.info(
            "request stopped for approval" if result["interrupts"] else "request answered",
            extra={
                "request_id": result["request_id"],
                "session_id": result["session_id"],
                "decision": result["decision"],
                "domains": result["domains"],
                "degraded": result["degraded"],
                "models": result["models"],
                "failures": result["failures"],
                "latency_ms": round(result["latency_ms"], 1),
            },
        )

    def _announce(self, result: RequestResult, topic: dict[str, str]) -> None:
        for call in result["tool_calls"]:
            executed = {**topic, "tool": call["name"], "status": call["status"]}
            self.bus.publish(Topic.TOOL_EXECUTED, executed)
        waits = bool(result["interrupts"])
        self.bus.publish(
            Topic.REQUEST_INTERRUPTED if waits else Topic.REQUEST_COMPLETED,
            {**topic, "domain": result["domain"], "latency_ms": result["latency_ms"]},
        )


def _question(request: TurnRequest) -> dict[str, Any]:
    return {"messages": [human_message(request.message, request.images)]}


def _live_events(namespace: tuple[str, ...], mode: str, data: Any) -> list[Event]:
    """Events of one part of LangGraph's stream; `node` is `domain/node` inside a domain."""
    path = [part.partition(":")[0] for part in namespace]
    if mode == "messages":
        message, metadata = data
        # Outside of the domains a model writes plans, such as decompose's, and no answers.
        return _told([*path, metadata["langgraph_node"]], message) if path else []
    if mode == "custom":
        restart = isinstance(data, dict) and data.get("type") == RESTART and path
        return [{"type": RESTART, "node": "/".join([*path, "generate"])}] if restart else []
    events: list[Event] = []
    for name, update in data.items():
        if name == "__interrupt__":
            continue
        events.append({"type": "node", "node": "/".join([*path, name])})
        if name == "gate" and not path:
            events.append({"type": "route", "route": update["route"]})
    return events


class _Restarts:
    """Keeps a restart from those who read a stream where they were shown nothing to take back."""

    def __init__(self) -> None:
        self._shown: set[tuple[str, ...]] = set()

    def wanted(self, namespace: tuple[str, ...], event: Event) -> bool:
        if event["type"] == RESTART:
            wanted = namespace in self._shown
            self._shown.discard(namespace)
            return wanted
        if event["type"] == "token":
            self._shown.add(namespace)
        elif event["type"] == "tool":
            # What was said before a tool ran is no part of the reply after it.
            self._shown.discard(namespace)
        return True


def _told(path: list[str], message: BaseMessage) -> list[Event]:
    """What a domain's node said: a piece of an answer, or a tool's result.

    Updates do not hold the latter: of a domain's subgraph they show what leaves it, its answers.
    """
    if isinstance(message, ToolMessage):
        return [
            {
                "type": "tool",
                "domain": path[0],
                "name": message.name,
                "status": message.status,
                "content": message.text,
            }
        ]
    if isinstance(message, AIMessageChunk) and message.text:
        return [{"type": "token", "node": "/".join(path), "text": message.text}]
    return []
