"""What a caller asks: the message and context of `process_request`, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from mdsa.errors import InvalidInputError, UnknownNameError
from mdsa.graph.context import RunContext
from mdsa.sessions.transcript import validate_session_id
from mdsa.utils import clean_message
from mdsa.utils.validation import describe_problems

__all__ = ["TurnRequest", "read_context", "read_request"]

_SETTINGS = frozenset(RunContext.model_fields) - {"facts"}


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One turn of one session."""

    message: str
    session_id: str
    run: RunContext
    request_id: str


def read_request(
    message: object,
    context: Mapping[str, Any] | None,
    *,
    threshold: float,
    max_chars: int,
    domains: frozenset[str],
) -> TurnRequest:
    """Check a message and its context.

    Raises:
        InvalidInputError: the message or a value of the context cannot be used.
        UnknownNameError: `allowed_domains` names a domain that does not exist.
    """
    session_id, run = read_context(context, threshold=threshold, domains=domains)
    return TurnRequest(clean_message(message, max_chars), session_id, run, uuid4().hex)


def read_context(
    context: Mapping[str, Any] | None, *, threshold: float, domains: frozenset[str]
) -> tuple[str, RunContext]:
    """Split a context into the session's id and the run's settings.

    Keys that are no settings, such as `order_id`, are facts: the domain's model may use them. A
    missing `session_id` starts a new session.
    """
    if context is not None and not isinstance(context, Mapping):
        raise InvalidInputError(
            f"context is of type {type(context).__name__}; pass a dict such as "
            '{"session_id": "sess_abc123"}.'
        )
    values = {"threshold": threshold, **(context or {})}
    session_id = values.pop("session_id", None)
    facts = {
        name: _fact(name, values.pop(name))
        for name in list(values)
        if name not in _SETTINGS and name != "facts"
    }
    given = values.pop("facts", {})
    try:
        run = RunContext(**values, facts={**(given if isinstance(given, Mapping) else {}), **facts})
    except ValidationError as error:
        problems = describe_problems(error)
        raise InvalidInputError(f"the context cannot be used: {problems}") from error
    for name in run.allowed_domains or ():
        if name not in domains:
            raise UnknownNameError("domain", name, domains)
    return uuid4().hex if session_id is None else validate_session_id(session_id), run


def _fact(name: object, value: object) -> object:
    if not isinstance(name, str):
        raise InvalidInputError(f"the context's key {name!r} is not text; use names.")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InvalidInputError(
        f"the context's {name!r} is of type {type(value).__name__}; facts are text, numbers, "
        "true, false or None."
    )
