"""Failures of an Ollama server as MDSA's errors, each with the command that mends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from ollama import ResponseError
from pydantic import ValidationError

from mdsa.errors import (
    ContextOverflowError,
    ModelError,
    ModelMemoryError,
    ModelOutputError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from mdsa.utils.ollama_commands import pull_command, serve_command
from mdsa.utils.shown_url import shown_url

__all__ = ["explained", "no_server", "not_pulled", "refuses_tools"]

_RETRY_AFTER_S = 0.5
_BUSY_RETRY_AFTER_S = 2.0
_TOO_LONG = ("context length", "context size", "exceeds the available context")


@contextmanager
def explained(
    model: str, base_url: str | None, *, timeout_s: float | None = None
) -> Iterator[None]:
    """Turn what Ollama's client raises into MDSA's errors.

    Args:
        model: name on the server.
        base_url: the server; None is `OLLAMA_HOST` or Ollama's default.
        timeout_s: how long the client waits, for the message.

    Raises:
        ModelUnavailableError: the server does not answer, is busy, breaks off or lacks the model.
        ModelTimeoutError: it takes too long.
        ModelMemoryError: it has no memory for the model.
        ContextOverflowError: the prompt is too long.
        ModelOutputError: it sends what is not its protocol.
        ModelError: it refuses the request for another reason.
    """
    try:
        yield
    except ModelError:  # explained already; ModelUnavailableError is an OSError too
        raise
    except ResponseError as error:
        raise _refusal(model, base_url, error) from error
    except httpx.TimeoutException as error:
        waited = "in time" if timeout_s is None else f"within {timeout_s:g} s"
        raise ModelTimeoutError(
            f"Ollama did not answer {waited} for model {model!r}; it may still be loading: see "
            "'ollama ps', raise MDSA_REQUEST_TIMEOUT_S or take a smaller model."
        ) from error
    except (httpx.ReadError, httpx.RemoteProtocolError) as error:
        raise ModelUnavailableError(
            f"Ollama broke off its answer for model {model!r} ({error or type(error).__name__}); "
            "see the server's log, where running out of memory is the usual reason.",
            retry_after_s=_RETRY_AFTER_S,
        ) from error
    except (httpx.HTTPError, OSError) as error:
        detail, remedy = no_server(model, base_url, error)
        raise ModelUnavailableError(
            f"{detail}; to mend it: {remedy}", retry_after_s=_RETRY_AFTER_S
        ) from error
    except (json.JSONDecodeError, ValidationError) as error:
        raise ModelOutputError(
            f"what answers at {_address(base_url)} for model {model!r} does not speak Ollama's "
            f"protocol ({error}); check OLLAMA_BASE_URL."
        ) from error


def refuses_tools(error: ResponseError) -> bool:
    """Tell whether a server refused a request because its model has no tool calls."""
    return "does not support tools" in error.error


def not_pulled(model: str, base_url: str | None) -> tuple[str, str]:
    """Detail and command for a model that the server lacks."""
    return f"the Ollama server does not have model {model!r}", pull_command(model, base_url)


def no_server(model: str, base_url: str | None, error: Exception) -> tuple[str, str]:
    """Detail, and what starts a server that does not answer."""
    reason = str(error).split(". ", 1)[0] or type(error).__name__
    return (
        f"no Ollama server answers at {_address(base_url)} for model {model!r} ({reason})",
        serve_command(base_url),
    )


def _address(base_url: str | None) -> str:
    return shown_url(base_url) if base_url else "its default address (or OLLAMA_HOST)"


def _refusal(model: str, base_url: str | None, error: ResponseError) -> ModelError:
    said = error.error
    if error.status_code == 404:
        detail, remedy = not_pulled(model, base_url)
        return ModelUnavailableError(f"{detail}; run: {remedy}")
    if error.status_code == 503:
        return ModelUnavailableError(
            f"Ollama is too busy for model {model!r}: {said}; try again, or raise "
            "OLLAMA_MAX_QUEUE on the server.",
            retry_after_s=_BUSY_RETRY_AFTER_S,
        )
    if "system memory" in said or "out of memory" in said:
        return ModelMemoryError(
            f"Ollama cannot load model {model!r}: {said}; free memory with 'ollama stop MODEL' "
            "(see 'ollama ps') or take a smaller model or quantization."
        )
    if any(words in said for words in _TOO_LONG):
        return ContextOverflowError(
            f"the prompt does not fit the context of model {model!r}: {said}; raise num_ctx "
            f"(ollama://{model}?num_ctx=8192, or MDSA_OLLAMA_NUM_CTX) or retrieve fewer passages."
        )
    # A line of a stream carries an error without a status.
    status = "within the answer" if error.status_code < 0 else f"HTTP {error.status_code}"
    return ModelError(
        f"Ollama refused the request for model {model!r}: {said} ({status}); see the server's log."
    )
