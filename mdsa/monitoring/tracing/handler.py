"""A LangChain callback handler that makes spans of nodes, model calls, retrieval and tools.

OpenInference's instrumentor for LangChain does the like, but patches LangChain for the whole
process, makes spans of every conditional edge, and writes exceptions' messages and tracebacks even
where contents are hidden (openinference-instrumentation-langchain 0.1.80). Its span kinds are set
here, so that viewers made for it know the spans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context
from typing_extensions import override

from mdsa.monitoring.node_runs import own_run_key
from mdsa.monitoring.tracing import model_call
from mdsa.monitoring.tracing.content import Content
from mdsa.monitoring.tracing.outcome import set_failure

__all__ = ["SpanHandler"]


class SpanHandler(BaseCallbackHandler):
    """Spans of one turn, for sync and async runs.

    Args:
        tracer: makes them.
        context: holds the turn's span.
        domains: names of the nodes that are domains.
        content: writes what users, models and tools said; None leaves it out.
        domain: whose subgraph is the whole graph of the turn; its nodes are `domain/node`.
    """

    run_inline = True
    """Async runs call it on the event loop: it takes microseconds, a thread hop takes more."""

    def __init__(
        self,
        tracer: Tracer,
        context: Context,
        domains: frozenset[str],
        content: Content | None,
        *,
        domain: str | None = None,
    ) -> None:
        super().__init__()
        self._tracer = tracer
        self._turn = context
        self._domains = domains
        self._content = content
        self._domain = domain
        self._contexts: dict[UUID, Context] = {}
        self._spans: dict[UUID, Span] = {}
        self._asked_at: dict[UUID, float] = {}

    def close(self) -> None:
        """End the spans of what was cut off."""
        while self._spans:
            _, span = self._spans.popitem()
            span.set_attribute("mdsa.outcome", "cancelled")
            span.end()

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
        """Open the span of a node; other runs pass their parent's on."""
        key = own_run_key(tags, metadata, self._domain)
        if key is None:
            self._contexts[run_id] = self._parent(parent_run_id)
            return
        attributes = {"mdsa.node": key, "openinference.span.kind": "CHAIN"}
        if key in self._domains:
            attributes |= {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": key,
                "openinference.span.kind": "AGENT",
            }
            key = f"invoke_agent {key}"
        self._start(run_id, parent_run_id, key, attributes)

    @override
    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """End a node's span."""
        self._end(run_id)

    @override
    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a node that failed, waits for a person, or was cancelled."""
        self._end(run_id, error)

    @override
    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the span of a model call."""
        asked = model_call.request_attributes(metadata or {}, kwargs.get("invocation_params") or {})
        if self._content is not None and messages:
            asked |= model_call.request_content(messages[0], self._content)
        name = f"chat {asked.get('gen_ai.request.model', '')}".strip()
        self._asked_at[run_id] = perf_counter()
        self._start(run_id, parent_run_id, name, asked, SpanKind.CLIENT)

    @override
    def on_llm_new_token(self, token: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Note how long the first piece of an answer took."""
        asked_at = self._asked_at.pop(run_id, None)
        if asked_at is not None and (span := self._spans.get(run_id)):
            taken_s = perf_counter() - asked_at
            span.set_attribute("gen_ai.response.time_to_first_chunk", taken_s)

    @override
    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a model call, with its tokens."""
        if span := self._spans.get(run_id):
            span.set_attributes(model_call.response_attributes(response, self._content))
        self._asked_at.pop(run_id, None)
        self._end(run_id)

    @override
    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a model call that failed."""
        self._asked_at.pop(run_id, None)
        self._end(run_id, error)

    @override
    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the span of a search."""
        name = str((metadata or {}).get("ls_retriever_name", "documents"))
        attributes = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": name,
            "openinference.span.kind": "RETRIEVER",
        }
        if self._content is not None:
            attributes["gen_ai.retrieval.query.text"] = self._content.text(query)
        self._start(run_id, parent_run_id, f"retrieval {name}", attributes)

    @override
    def on_retriever_end(
        self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any
    ) -> None:
        """End the span of a search."""
        if span := self._spans.get(run_id):
            span.set_attribute("mdsa.retrieval.count", len(documents))
            if self._content is not None:
                found = self._content.passages(documents)
                span.set_attribute("gen_ai.retrieval.documents", found)
        self._end(run_id)

    @override
    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a search that failed."""
        self._end(run_id, error)

    @override
    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the span of a tool."""
        name = str(kwargs.get("name") or (serialized or {}).get("name", "tool"))
        attributes = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "openinference.span.kind": "TOOL",
        }
        if call_id := kwargs.get("tool_call_id"):
            attributes["gen_ai.tool.call.id"] = str(call_id)
        if self._content is not None:
            attributes["gen_ai.tool.call.arguments"] = self._content.text(input_str)
        self._start(run_id, parent_run_id, f"execute_tool {name}", attributes)

    @override
    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a tool."""
        span = self._spans.get(run_id)
        if span and self._content is not None:
            text = output.text if isinstance(output, BaseMessage) else output
            span.set_attribute("gen_ai.tool.call.result", self._content.text(str(text)))
        if span and getattr(output, "status", None) == "error":
            # What a tool refuses goes back to the model as its result.
            span.set_attribute("mdsa.outcome", "refused")
        self._end(run_id)

    @override
    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the span of a tool that failed."""
        self._end(run_id, error)

    def _parent(self, parent_run_id: UUID | None) -> Context:
        return (
            self._turn if parent_run_id is None else self._contexts.get(parent_run_id, self._turn)
        )

    def _start(
        self,
        run_id: UUID,
        parent_run_id: UUID | None,
        name: str,
        attributes: Mapping[str, Any],
        kind: SpanKind = SpanKind.INTERNAL,
    ) -> None:
        span = self._tracer.start_span(
            name, context=self._parent(parent_run_id), kind=kind, attributes=dict(attributes)
        )
        self._spans[run_id] = span
        self._contexts[run_id] = set_span_in_context(span, self._turn)

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        self._contexts.pop(run_id, None)
        span = self._spans.pop(run_id, None)
        if span is None:
            return
        if error is not None:
            set_failure(span, error)
        span.end()
