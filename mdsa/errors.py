"""The errors that MDSA raises.

MdsaError
├── InvalidInputError        a message, argument or file that cannot be used (also ValueError)
├── ConfigError              a setting, app file or domain folder that is wrong
├── RegistryError            (also LookupError)
│   ├── UnknownNameError     no such domain, tool, model scheme …
│   └── DuplicateNameError   the name is taken
├── ToolError                a tool that could not be run
│   ├── ToolArgumentError    arguments that its schema refuses
│   ├── ToolTimeoutError     it ran longer than it may
│   └── ToolExecutionError   it raised
├── ModelError               a model that gave no usable answer
│   ├── ModelUnavailableError  server, weights or package missing (also ConnectionError)
│   ├── ModelTimeoutError    it took longer than it may (also TimeoutError)
│   ├── ModelMemoryError     it does not fit in memory (also MemoryError)
│   ├── ContextOverflowError   the prompt is longer than it reads
│   └── ModelOutputError     it wrote nothing, or nothing that can be read
├── RetrievalError           a document that cannot be read, or a store that cannot be used
├── StorageError             data directory full, read-only or corrupt
├── SessionError
│   ├── SessionBusyError     another writer holds the session
│   ├── SessionAccessError   the session belongs to another user
│   └── UnknownSessionError  no such session
└── RequestTimeoutError      the turn ran out of its time budget (also TimeoutError)

Every message says what was wrong, with the value, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ConfigError",
    "ContextOverflowError",
    "DuplicateNameError",
    "InvalidInputError",
    "MdsaError",
    "ModelError",
    "ModelMemoryError",
    "ModelOutputError",
    "ModelTimeoutError",
    "ModelUnavailableError",
    "RegistryError",
    "RequestTimeoutError",
    "RetrievalError",
    "SessionAccessError",
    "SessionBusyError",
    "SessionError",
    "StorageError",
    "ToolArgumentError",
    "ToolError",
    "ToolExecutionError",
    "ToolTimeoutError",
    "UnknownNameError",
    "UnknownSessionError",
]


class MdsaError(Exception):
    """Base of every error that MDSA raises on purpose."""


class InvalidInputError(MdsaError, ValueError):
    """A message, argument or file content that cannot be used."""


class ConfigError(MdsaError):
    """A setting, app file or domain folder that is wrong; names the file and the key."""


class RegistryError(MdsaError, LookupError):
    """A name that a registry refuses."""


class UnknownNameError(RegistryError):
    """A name that is not registered; lists those that are, the nearest spelling first."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        listing = ", ".join(names) if names else "none"
        super().__init__(f"unknown {kind} {name!r}{hint} Registered: {listing}.")
        self.name = name


class DuplicateNameError(RegistryError):
    """A name that is registered already."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"{kind} {name!r} is registered already; remove it first or choose another name."
        )
        self.name = name


class ToolError(MdsaError):
    """A tool that could not be run."""


class ToolArgumentError(ToolError):
    """Arguments that the tool's schema refuses."""


class ToolTimeoutError(ToolError):
    """A tool that ran longer than it may."""


class ToolExecutionError(ToolError):
    """A tool that raised."""


class ModelError(MdsaError):
    """A model that gave no usable answer.

    Args:
        message: what was wrong and what to do.
        retry_after_s: seconds after which the same call may succeed: a refused or reset connection,
            or what a server that answered 429 or 503 asks for. None where trying again is useless.
    """

    def __init__(self, message: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ModelUnavailableError(ModelError, ConnectionError):
    """A model whose server, weights or package is missing; says the command that mends it."""


class ModelTimeoutError(ModelError, TimeoutError):
    """A model that took longer than it may, to begin its answer or to end it."""


class ModelMemoryError(ModelError, MemoryError):
    """A model that does not fit in memory: its weights, or what this prompt takes beside them."""


class ContextOverflowError(ModelError):
    """A prompt that is longer than the model reads; a shorter one may be answered."""


class ModelOutputError(ModelError):
    """A reply that is empty or cannot be read: special tokens, a broken call, one phrase again."""


class RetrievalError(MdsaError):
    """A document that cannot be read, or a store that cannot be used."""


class StorageError(MdsaError):
    """A data directory that is full, read-only or corrupt."""


class SessionError(MdsaError):
    """A session that cannot be used."""


class SessionBusyError(SessionError):
    """Another writer holds the session."""


class SessionAccessError(SessionError):
    """The session belongs to another user."""


class UnknownSessionError(SessionError):
    """No session has this id."""


class RequestTimeoutError(MdsaError, TimeoutError):
    """The turn ran out of its time budget."""
