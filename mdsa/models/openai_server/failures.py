"""Failures of an OpenAI-compatible server as MDSA's errors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import openai

from mdsa.errors import (
    ContextOverflowError,
    MdsaError,
    ModelError,
    ModelMemoryError,
    ModelOutputError,
    ModelTimeoutError,
    ModelUnavailableError,
)
from mdsa.models.openai_server.credentials import key_variable
from mdsa.utils.loopback import is_loopback

__all__ = ["explained", "refuses_tools"]

_RETRY_AFTER_S = 0.5
_TOO_LONG = ("context length", "context size", "context window", "context_length", "too long")
_NO_TOOLS = ("tool choice requires", "requires --jinja", "not support tool", "support tools")
_PASSING = (429, 502, 503, 504)
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
"""What the client and LangChain raise when they take apart what has another shape."""
_MOST_CHARS = 300


@contextmanager
def explained(model: str, base_url: str, timeout_s: float) -> Iterator[None]:
    """Turn what the client raises into MDSA's errors.

    Raises:
        ModelUnavailableError: the server does not answer, is busy, breaks off or lacks the model.
        ModelTimeoutError: it takes too long.
        ModelMemoryError: it has no memory for the request.
        ContextOverflowError: the prompt is too long.
        ModelOutputError: it sends what is not its protocol.
        ModelError: it refuses the request for another reason.
    """
    try:
        yield
    except MdsaError:
        raise
    except (openai.APITimeoutError, httpx.TimeoutException, TimeoutError) as error:
        raise ModelTimeoutError(
            f"{base_url} did not answer within {timeout_s:g} s for model {model!r}; raise "
            "MDSA_REQUEST_TIMEOUT_S or take a smaller model."
        ) from error
    except openai.APIStatusError as error:
        raise _refusal(model, base_url, error) from error
    except (openai.APIConnectionError, httpx.HTTPError, OSError) as error:
        raise _no_answer(model, base_url, error) from error
    except openai.APIError as error:  # within a stream
        raise _of_text(model, base_url, error.message, "within the answer") from error
    except _UNREADABLE as error:
        told = error.args[0] if error.args else None
        if isinstance(told, Mapping):  # LangChain's ValueError of an error that came with HTTP 200
            said = str(told.get("message") or dict(told))
            raise _of_text(model, base_url, said, "in the place of an answer") from error
        raise ModelOutputError(
            f"what {base_url} sent for model {model!r} cannot be read ({_shortened(error)}); check "
            "that it is an OpenAI-compatible server."
        ) from error


def refuses_tools(error: Exception) -> bool:
    """Tell whether a server refused a request because it gives this model no tool calls."""
    return isinstance(error, openai.APIStatusError) and any(
        words in error.message for words in _NO_TOOLS
    )


def _shortened(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}…"


def _no_answer(model: str, base_url: str, error: BaseException) -> ModelUnavailableError:
    reason = error
    while isinstance(reason.__cause__, Exception) and not isinstance(reason, httpx.HTTPError):
        reason = reason.__cause__
    why = str(reason) or type(reason).__name__
    if isinstance(reason, httpx.ReadError | httpx.RemoteProtocolError):
        text = f"{base_url} broke off its answer for model {model!r} ({why}); see the server's log."
    else:
        local = is_loopback(urlsplit(base_url).hostname or "")
        mend = (
            "start it, or correct the reference"
            if local
            else "look whether it is up and can be reached from here, or correct the reference. A "
            "server without TLS is openai://http://HOST/MODEL"
        )
        text = f"no server answers at {base_url} for model {model!r} ({why}); {mend}."
    return ModelUnavailableError(text, retry_after_s=_RETRY_AFTER_S)


def _refusal(model: str, base_url: str, error: openai.APIStatusError) -> ModelError:
    status, said = error.status_code, error.message
    if status in (401, 403):
        return ModelError(
            f"{base_url} refuses the key for model {model!r} (HTTP {status}); set "
            f"{key_variable(base_url)} to a key that it takes."
        )
    if status == 404:
        return ModelUnavailableError(
            f"{base_url} does not have model {model!r}: {said}; see {base_url}/models for what it "
            "serves."
        )
    if status in _PASSING:
        return ModelUnavailableError(
            f"{base_url} is too busy for model {model!r} (HTTP {status}); try again later.",
            retry_after_s=_asked_pause(error.response.headers),
        )
    return _of_text(model, base_url, said, f"HTTP {status}")


def _asked_pause(headers: Mapping[str, str]) -> float:
    try:
        pause_s = float(headers.get("retry-after", _RETRY_AFTER_S))
    except ValueError:  # a date
        return _RETRY_AFTER_S
    # Whatever a server sends, a caller sleeps for it or tells its own client.
    return max(0.0, pause_s) if math.isfinite(pause_s) else _RETRY_AFTER_S


def _of_text(model: str, base_url: str, said: str, where: str) -> ModelError:
    lowered = said.lower()
    if any(words in lowered for words in _TOO_LONG):
        return ContextOverflowError(
            f"the prompt does not fit the context of model {model!r} at {base_url}: {said}; "
            "retrieve fewer passages (top_k) or start the server with a longer context."
        )
    if "out of memory" in lowered:
        return ModelMemoryError(
            f"{base_url} has no memory for model {model!r}: {said}; take a smaller model."
        )
    return ModelError(
        f"{base_url} refused the request for model {model!r}: {said} ({where}); see its log."
    )
