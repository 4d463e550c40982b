"""llama.cpp's server in this process, from the package xllamacpp: loads, continues texts, stops."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdsa.errors import ContextOverflowError, ModelError, ModelUnavailableError
from mdsa.models.smollm2.signals import kept_signal_handlers

__all__ = ["CONTEXT_TOKENS", "Engine", "Sampling", "open_engine"]

CONTEXT_TOKENS = 4096
_QUIET = -1
_MOST_THREADS = 4


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a text is continued.

    Attributes:
        max_tokens: at most.
        temperature: 0 takes the likeliest token.
        seed: of the draws; None draws anew each time.
        stop: texts before which it ends.
        schema: JSON schema that the text is held to.
    """

    max_tokens: int
    temperature: float = 0.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None


@dataclass
class Engine:
    """A loaded model. Thread-safe: one text at a time is continued, others wait.

    Attributes:
        server: xllamacpp's.
        folder: holds the server's socket.
    """

    server: Any
    folder: Path
    _closed: bool = field(default=False, init=False)

    def generate(self, prompt: str, sampling: Sampling) -> Iterator[Mapping[str, Any]]:
        """Continue a prompt; pieces come as the server writes them (OpenAI's completion chunks).

        Closing the iterator stops the model at its next token.

        Raises:
            ContextOverflowError: the prompt is longer than the model reads.
            ModelError: the server refused the request or failed.
        """
        pieces: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
        cancelled = threading.Event()
        failures: list[Exception] = []

        def take(piece: Mapping[str, Any]) -> bool:
            pieces.put(piece)
            return cancelled.is_set()

        def run() -> None:
            try:
                self.server.handle_completions(_request(prompt, sampling), take)
            except (RuntimeError, ValueError, TypeError) as error:
                failures.append(error)
            finally:
                pieces.put(None)

        worker = threading.Thread(target=run, name="smollm2", daemon=True)
        worker.start()
        try:
            while (piece := pieces.get()) is not None:
                if "error" in piece:
                    raise _failure(piece["error"])
                yield piece
        finally:
            cancelled.set()
            worker.join()
        if failures:
            raise ModelError(f"embedded://smollm2 failed: {failures[0]}.") from failures[0]

    def close(self) -> None:
        """Give the memory back."""
        if not self._closed:
            self._closed = True
            self.server = None  # its destructor stops the server and frees the weights
            shutil.rmtree(self.folder, ignore_errors=True)


def open_engine(weights: Path, adapter: Path | None) -> Engine:
    """Load the weights, with an adapter or without.

    The server that xllamacpp starts cannot be kept from listening. It gets a socket in a folder
    that only this user may enter, or on Windows a port of this machine, and in both cases a key
    that nobody is told.

    Raises:
        ModelUnavailableError: xllamacpp is not installed, or the file does not load.
    """
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelUnavailableError(
            "embedded://smollm2 needs the package xllamacpp; run: pip install 'mdsa[slm]'"
        ) from error
    folder = Path(tempfile.mkdtemp(prefix="mdsa-slm-"))
    threads = max(1, min(_MOST_THREADS, (os.cpu_count() or 2) // 2))
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = 0  # prompts of the past are kept in the one slot, not in memory beside
    params.warmup = False
    params.verbosity = _QUIET
    params.endpoint_slots = False
    params.ui = False
    params.n_threads_http = 1
    params.api_keys = [secrets.token_urlsafe(32)]
    if os.name == "posix":
        params.hostnames = [str(folder / "llama.sock")]
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    try:
        with kept_signal_handlers():
            server = xllamacpp.Server(params)
    except RuntimeError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ModelUnavailableError(
            f"{weights} does not load in xllamacpp ({error}); run: mdsa models pull smollm2 --force"
        ) from error
    return Engine(server, folder)


def _request(prompt: str, sampling: Sampling) -> dict[str, Any]:
    request: dict[str, Any] = {
        "prompt": prompt,
        "n_predict": sampling.max_tokens,
        "temperature": sampling.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
    if sampling.seed is not None:
        request["seed"] = sampling.seed
    if sampling.stop:
        request["stop"] = list(sampling.stop)
    if sampling.schema is not None:
        request["json_schema"] = sampling.schema
    return request


def _failure(error: Any) -> ModelError:
    details = error if isinstance(error, dict) else {"message": str(error)}
    with contextlib.suppress(ValueError, TypeError):
        details = json.loads(details["message"])["error"]
    message = details.get("message", str(error))
    if details.get("type") == "exceed_context_size_error":
        return ContextOverflowError(
            f"the prompt has {details.get('n_prompt_tokens', 'too many')} tokens and "
            f"embedded://smollm2 reads {CONTEXT_TOKENS}; send fewer or shorter messages."
        )
    return ModelError(f"embedded://smollm2 refused the request: {message}.")
