"""`ollama://`: LangChain's ChatOllama, with errors that say what to run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from httpx import HTTPError
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_ollama import ChatOllama
from ollama import Client, ResponseError

from mdsa.errors import ModelError, ModelUnavailableError

__all__ = ["OllamaChatModel", "find_problem"]

_CHECK_TIMEOUT_S = 3.0


class OllamaChatModel(ChatOllama):
    """ChatOllama whose failures are MDSA's errors.

    Every call may raise ModelUnavailableError where the server does not answer or lacks the
    model, with the command that mends it, and ModelError where the server refuses the request.
    """

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._explained():
            return super()._generate(messages, stop, run_manager, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with self._explained():
            return await super()._agenerate(messages, stop, run_manager, **kwargs)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self._explained():
            yield from super()._stream(messages, stop, run_manager, **kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with self._explained():
            async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
                yield chunk

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ModelError:  # explained already; ModelUnavailableError is an OSError too
            raise
        except ResponseError as error:
            if error.status_code == 404:
                detail, remedy = _not_pulled(self.model)
                raise ModelUnavailableError(f"{detail}; run: {remedy}") from error
            raise ModelError(
                f"Ollama refused the request for model {self.model!r}: {error.error} "
                f"(HTTP {error.status_code}); see the server's log."
            ) from error
        except (HTTPError, OSError) as error:
            detail, remedy = _no_server(self.model, self.base_url, error)
            raise ModelUnavailableError(f"{detail}; run: {remedy}") from error


def find_problem(model: str, base_url: str | None) -> tuple[str, str] | None:
    """Why a model could not answer and the command that mends it; None where it could.

    Args:
        model: name on the server; without a tag, `latest`.
        base_url: the server; None is `OLLAMA_HOST` or Ollama's default.
    """
    try:
        listed = Client(host=base_url, timeout=_CHECK_TIMEOUT_S).list().models
    except (HTTPError, OSError, ResponseError) as error:
        return _no_server(model, base_url, error)
    wanted = model if ":" in model else f"{model}:latest"
    return None if wanted in {entry.model for entry in listed} else _not_pulled(model)


def _not_pulled(model: str) -> tuple[str, str]:
    return f"the Ollama server does not have model {model!r}", f"ollama pull {model}"


def _no_server(model: str, base_url: str | None, error: Exception) -> tuple[str, str]:
    where = base_url or "its default address (or OLLAMA_HOST)"
    reason = str(error).split(". ", 1)[0] or type(error).__name__
    return f"no Ollama server answers at {where} for model {model!r} ({reason})", "ollama serve"
