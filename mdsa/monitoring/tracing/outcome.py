"""How a span ended. An error's class is told, never its message, which may quote a user."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError

from langgraph.errors import GraphBubbleUp, GraphInterrupt
from opentelemetry.trace import Span, Status, StatusCode

__all__ = ["set_failure"]


def set_failure(span: Span, error: BaseException) -> None:
    """Mark a span by what was raised; waiting for a person and being cancelled are no errors."""
    if isinstance(error, GraphInterrupt):
        span.set_attribute("mdsa.outcome", "interrupted")
    elif isinstance(error, asyncio.CancelledError | CancelledError | GeneratorExit):
        span.set_attribute("mdsa.outcome", "cancelled")
    elif not isinstance(error, GraphBubbleUp):
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR))
