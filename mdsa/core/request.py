"""What a caller asks: the message and context of `process_request`, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import Callbacks
from pydantic import ValidationError

from mdsa.core.images import read_images
from mdsa.errors import InvalidInputError, UnknownNameError
from mdsa.graph.context import RunContext
from mdsa.sessions.transcript import validate_session_id
from mdsa.utils import clean_message
from mdsa.utils.validation import describe_problems

__all__ = ["WITHIN", "TurnRequest", "read_context", "read_request"]

WITHIN = "within_domains"
"""In a context: a frozenset of the domains that the turn's session may tell of."""

_SETTINGS = frozenset(RunContext.model_fields) - {"facts"}
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_LARGEST_NUMBER = 2**63


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One turn of one session."""

    message: str
    session_id: str
    run: RunContext
    request_id: str
    images: tuple[dict[str, Any], ...] = ()
    domain: str | None = None
    """The domain whose subgraph alone is asked; None is the whole graph."""
    within: frozenset[str] | None = None
    """Refused is a session that tells of other domains; None is every one."""
    callbacks: Callbacks = None
    """Of a LangChain application around the turn."""


def read_request(
    message: object,
    context: Mapping[str, Any] | None,
    *,
    defaults: Mapping[str, Any],
    max_chars: int,
    domains: frozenset[str],
) -> TurnRequest:
    """Check a message and its context; see `read_context`, and `read_images` for its `images`.

    Raises:
        InvalidInputError: the message or a value of the context cannot be used.
        UnknownNameError: `allowed_domains` names a domain that does not exist.
    """
    images: list[dict[str, Any]] = []
    within: frozenset[str] | None = None
    if isinstance(context, Mapping):
        context = {**context}
        if "images" in context:
            images = read_images(context.pop("images"))
        # Of the server's making; what is said under this name elsewhere is a fact.
        if isinstance(context.get(WITHIN), frozenset):
            within = context.pop(WITHIN)
    session_id, run = read_context(context, defaults=defaults, max_chars=max_chars, domains=domains)
    text = clean_message(message, max_chars)
    return TurnRequest(text, session_id, run, uuid4().hex, tuple(images), within=within)


def read_context(
    context: Mapping[str, Any] | None,
    *,
    defaults: Mapping[str, Any],
    max_chars: int,
    domains: frozenset[str],
) -> tuple[str, RunContext]:
    """Split a context into the session's id and the run's settings.

    Keys that are no settings, such as `order_id`, are facts: the domain's model may use them. A
    missing `session_id` starts a new session.

    Args:
        context: as the caller gave it.
        defaults: settings of runs whose context does not say otherwise. A threshold of the
            context's own stands in the place of a default target error.
        max_chars: most characters of all facts.
        domains: those that exist.

    Raises:
        InvalidInputError: a key or a value cannot be used.
        UnknownNameError: `allowed_domains` names a domain that does not exist.
    """
    if context is not None and not isinstance(context, Mapping):
        raise InvalidInputError(
            f"context is of type {type(context).__name__}; pass a dict such as "
            '{"session_id": "sess_abc123"}.'
        )
    values = {**defaults, **(context or {})}
    if context and "threshold" in context and "target_error" not in context:
        values.pop("target_error", None)
    session_id = values.pop("session_id", None)
    given = values.pop("facts", {})
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            f"the context's 'facts' is of type {type(given).__name__}; pass a dict such as "
            '{"order_id": "12345"}.'
        )
    others = {name: values.pop(name) for name in list(values) if name not in _SETTINGS}
    facts = {name: _fact(name, value) for name, value in {**given, **others}.items()}
    _check_size(facts, max_chars)
    for name, value in values.items():
        _check_text(name, value)
    try:
        run = RunContext(**values, facts=facts)
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
    _check_text(name, name)
    _check_text(name, value)
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        raise InvalidInputError(
            f"the context's {name!r} is a number of {value.bit_length()} bits; pass it as text."
        )
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise InvalidInputError(
        f"the context's {name!r} is of type {type(value).__name__}; facts are text, numbers, "
        "true, false or None."
    )


def _check_text(name: object, value: object) -> None:
    """Refuse what neither a database nor a tokenizer takes."""
    wrong = _UNSTORABLE.search(value) if isinstance(value, str) else None
    if wrong:
        raise InvalidInputError(
            f"the context's {name!a} holds {wrong.group()!a} at position {wrong.start()}; remove "
            "it, or decode the text before you pass it."
        )


def _check_size(facts: Mapping[str, object], max_chars: int) -> None:
    length = sum(len(name) + len(str(value)) for name, value in facts.items())
    if length > max_chars:
        longest = max(facts, key=lambda name: len(name) + len(str(facts[name])))
        raise InvalidInputError(
            f"the context's facts have {length} characters, the most is {max_chars}, and "
            f"{longest[:60]!r} is the longest; leave some out, or raise MDSA_MAX_MESSAGE_CHARS."
        )
