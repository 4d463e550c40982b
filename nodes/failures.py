"""Failures of a model, or of the way to it, after which another way of answering is tried."""

from __future__ import annotations

from typing import Literal

import httpx
from langchain_core.exceptions import ContextOverflowError as LangChainContextOverflowError
from langchain_core.exceptions import ModelError as LangChainModelError
from langchain_core.exceptions import ModelTimeoutError as LangChainTimeoutError

from mdsa.errors import (
    ContextOverflowError,
    ModelError,
    ModelOutputError,
    ModelUnavailableError,
)
from mdsa.models.out_of_memory import is_out_of_memory

__all__ = [
    "MODEL_FAILURES",
    "CircuitOpenError",
    "FailureKind",
    "failure_kind",
    "is_model_failure",
    "retry_after_s",
]

MODEL_FAILURES = (
    ModelError,
    LangChainModelError,
    ConnectionError,
    TimeoutError,
    MemoryError,
    httpx.HTTPError,
)

FailureKind = Literal[
    "circuit_open",
    "unavailable",
    "busy",
    "timeout",
    "out_of_memory",
    "context_overflow",
    "bad_output",
    "error",
]
"""Why a model did not answer, as metrics count it."""

_TIMEOUTS = (TimeoutError, httpx.TimeoutException, LangChainTimeoutError)
_OVERFLOWS = (ContextOverflowError, LangChainContextOverflowError)
_RECONNECT_S = 0.2
"""A refused or reset connection is tried again after this: a server that restarts, a dropped
keep-alive."""


class CircuitOpenError(ModelUnavailableError):
    """A model that is not asked for a while, because it failed several times in a row."""


def is_model_failure(error: BaseException) -> bool:
    """Whether another model may answer where this error stopped one; a bug is none."""
    if isinstance(error, MODEL_FAILURES):
        return True
    # torch's is a plain RuntimeError.
    return isinstance(error, RuntimeError) and is_out_of_memory(error)


def failure_kind(error: BaseException) -> FailureKind:
    """Name the kind of a failure."""
    if isinstance(error, CircuitOpenError):
        return "circuit_open"
    if isinstance(error, _OVERFLOWS):
        return "context_overflow"
    if is_out_of_memory(error):
        return "out_of_memory"
    if isinstance(error, _TIMEOUTS):
        return "timeout"
    if isinstance(error, ModelOutputError):
        return "bad_output"
    if isinstance(error, ConnectionError | httpx.TransportError):
        return "unavailable"
    if retry_after_s(error) is not None:
        return "busy"
    return "error"


def retry_after_s(error: BaseException) -> float | None:
    """Seconds, not below 0, after which the same call may succeed; None where it never will."""
    if isinstance(error, ModelError):
        return None if error.retry_after_s is None else max(0.0, error.retry_after_s)
    if isinstance(error, _TIMEOUTS):
        return None
    if isinstance(error, LangChainModelError):
        return _RECONNECT_S if error.is_retryable else None
    if isinstance(error, httpx.HTTPStatusError):
        return _asked_for(error.response)
    if isinstance(error, ConnectionError | httpx.TransportError):
        return _RECONNECT_S
    return None


def _asked_for(response: httpx.Response) -> float | None:
    if response.status_code not in (429, 503):
        return None
    try:
        return max(0.0, float(response.headers.get("retry-after", _RECONNECT_S)))
    except ValueError:  # a date, which is further away than a turn waits
        return None
