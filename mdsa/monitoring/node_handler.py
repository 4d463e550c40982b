"""A LangChain callback handler that times the nodes of a LangGraph run."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import CancelledError
from threading import Lock
from time import perf_counter
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langgraph.errors import GraphBubbleUp, GraphInterrupt
from typing_extensions import override

from mdsa.monitoring.node_runs import node_key, own_run_key
from mdsa.monitoring.node_stats import NodeOutcome, NodeTable

__all__ = ["NodeMetricsHandler", "NodeSink", "TokenCount"]


class TokenCount(NamedTuple):
    """Tokens of model calls, as the models reported them."""

    input: int
    output: int


class NodeSink(Protocol):
    """Where a handler sends what it measured, besides its own table."""

    def record_node(self, node: str, latency_ms: float, outcome: NodeOutcome) -> None:
        """Count a run of a node that ended."""

    def record_model_call(self, node: str, tokens: TokenCount) -> None:
        """Count a model call that a node made."""


class NodeMetricsHandler(BaseCallbackHandler):
    """Counts runs, errors, latency and tokens per node, for sync and async runs.

    An instance serves one request, whose latency by node it holds, and passes everything on to
    `sink`; see `MonitoringService.request_handler`.

    Args:
        domain: whose subgraph is the whole graph of the run; its nodes are `domain/node`.
    """

    run_inline = True
    """Async runs call it on the event loop: it takes microseconds, a thread hop takes more."""

    def __init__(self, sink: NodeSink | None = None, *, domain: str | None = None) -> None:
        super().__init__()
        self._sink = sink
        self._domain = domain
        self._lock = Lock()
        self._nodes = NodeTable()
        self._started: dict[UUID, tuple[str, float]] = {}
        self._models: dict[UUID, str] = {}

    def latency_by_node(self) -> dict[str, float]:
        """Milliseconds spent in each node so far, over all of its runs.

        Runs of one node that overlap in time are added up, and a domain's own entry contains
        those of the nodes inside it.
        """
        with self._lock:
            return {key: stats.latency.sum_ms for key, stats in self._nodes.items() if stats.count}

    def node_stats(self) -> dict[str, dict[str, Any]]:
        """Counts of each node so far."""
        with self._lock:
            return {key: stats.as_dict() for key, stats in self._nodes.items()}

    def tokens(self) -> TokenCount:
        """Tokens of all model calls so far."""
        with self._lock:
            return TokenCount(
                sum(stats.input_tokens for stats in self._nodes.values()),
                sum(stats.output_tokens for stats in self._nodes.values()),
            )

    @override
    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Start the clock of a node's own run."""
        key = own_run_key(tags, metadata, self._domain)
        if key is not None:
            self._started[run_id] = (key, perf_counter())

    @override
    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """Count a run that succeeded."""
        self._end(run_id, "ok")

    @override
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Count a run that failed, waits for a person, or was cancelled."""
        if isinstance(error, GraphInterrupt):
            self._end(run_id, "interrupted")
        elif isinstance(error, GraphBubbleUp):
            # Other control flow travels as exceptions too, such as Command(graph=PARENT).
            self._end(run_id, "ok")
        elif isinstance(error, asyncio.CancelledError | CancelledError):
            self._end(run_id, "cancelled")
        else:
            self._end(run_id, "error")

    @override
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Note which node calls the model: the end of a model's run does not say."""
        key = node_key(metadata, self._domain)
        if key is not None:
            self._models[run_id] = key

    @override
    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """As `on_chat_model_start`, for a completion model."""
        self.on_chat_model_start(serialized, [], run_id=run_id, metadata=metadata)

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Count a model call and its tokens."""
        key = self._models.pop(run_id, None)
        if key is None:
            return
        tokens = _reported_tokens(response.generations)
        with self._lock:
            self._nodes[key].add_model_call(*tokens)
        if self._sink is not None:
            self._sink.record_model_call(key, tokens)

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget a model call that failed; the node's own run tells what became of it."""
        self._models.pop(run_id, None)

    def _end(self, run_id: UUID, outcome: NodeOutcome) -> None:
        started = self._started.pop(run_id, None)
        if started is None:
            return
        key, at = started
        latency_ms = (perf_counter() - at) * 1000
        with self._lock:
            self._nodes[key].add_run(latency_ms, outcome)
        if self._sink is not None:
            self._sink.record_node(key, latency_ms, outcome)


def _reported_tokens(generations: Sequence[Sequence[object]]) -> TokenCount:
    """Tokens of a call; candidates of one prompt repeat the call's usage, so the first counts."""
    first = generations[0][0] if generations and generations[0] else None
    if isinstance(first, ChatGeneration) and isinstance(first.message, AIMessage):
        usage = first.message.usage_metadata
        if usage:
            return TokenCount(usage["input_tokens"], usage["output_tokens"])
    return TokenCount(0, 0)
