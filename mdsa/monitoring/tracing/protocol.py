"""What the engine and the server ask of tracing, and its answer while it is off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

from langchain_core.callbacks import BaseCallbackHandler

__all__ = ["HttpSpan", "NoTracing", "TracedTurn", "Tracing"]


class TracedTurn(Protocol):
    """A turn while its span is open."""

    @property
    def callbacks(self) -> Sequence[BaseCallbackHandler]:
        """Handlers for the graph's run."""

    def answered(self, result: Mapping[str, Any]) -> None:
        """Note what became of the turn."""


class HttpSpan(Protocol):
    """An HTTP request while its span is open."""

    def ended(self, route: str, status: int) -> None:
        """Note the route as it was declared, and the status code."""


class Tracing(Protocol):
    """Opens spans; safe among threads."""

    def turn(
        self,
        *,
        request_id: str,
        session_id: str,
        message: str | None,
        domains: Iterable[str],
        domain: str | None,
    ) -> AbstractContextManager[TracedTurn]:
        """Open the span of a turn, below the caller's span where there is one.

        Args:
            request_id: of the turn.
            session_id: conversation that it belongs to.
            message: the user's text; None where a turn goes on.
            domains: names of the graph's nodes that are domains.
            domain: the one whose subgraph is asked alone; None is the whole graph.
        """

    def http_request(
        self, *, method: str, headers: Mapping[str, str], request_id: str
    ) -> AbstractContextManager[HttpSpan]:
        """Open the span of an HTTP request, in the trace that its `traceparent` names."""

    def close(self) -> None:
        """Send what was not sent yet; takes three seconds at most."""


class NoTracing:
    """Tracing that is off."""

    callbacks: Sequence[BaseCallbackHandler] = ()

    def turn(
        self,
        *,
        request_id: str,  # noqa: ARG002
        session_id: str,  # noqa: ARG002
        message: str | None,  # noqa: ARG002
        domains: Iterable[str],  # noqa: ARG002
        domain: str | None,  # noqa: ARG002
    ) -> AbstractContextManager[TracedTurn]:
        """Open nothing."""
        return nullcontext(self)

    def http_request(
        self,
        *,
        method: str,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
        request_id: str,  # noqa: ARG002
    ) -> AbstractContextManager[HttpSpan]:
        """Open nothing."""
        return nullcontext(self)

    def answered(self, result: Mapping[str, Any]) -> None:
        """Note nothing."""

    def ended(self, route: str, status: int) -> None:
        """Note nothing."""

    def close(self) -> None:
        """Send nothing."""
