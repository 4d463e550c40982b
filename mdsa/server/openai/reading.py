"""Reads OpenAI's requests: which domains, what was said, whose it is."""

from __future__ import annotations

from typing import Any

from mdsa.errors import InvalidInputError, UnknownNameError
from mdsa.server.caller import Caller
from mdsa.server.openai.schemas import ChatCompletionRequest, InputMessage, ResponsesRequest
from mdsa.server.service import Service

__all__ = [
    "ROUTER",
    "list_models",
    "question_of",
    "session_of",
    "settings_of",
    "texts_of",
    "user_of",
]

ROUTER = "mdsa"
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_IMAGE_PARTS = frozenset({"image_url", "input_image"})


def list_models(service: Service, caller: Caller) -> list[str]:
    """The router, and a model for each domain that the caller may use."""
    return [ROUTER, *(f"{ROUTER}/{name}" for name in caller.visible(service.domain_names))]


def settings_of(service: Service, caller: Caller, model: str) -> dict[str, Any]:
    """The context of a turn of this model.

    A specialist is asked whatever the message is; what is another domain's matter it declines.

    Raises:
        UnknownNameError: there is no such model for the caller.
    """
    known = list_models(service, caller)
    if model not in known:
        raise UnknownNameError("model", model, known)
    _, slash, domain = model.partition("/")
    return {"allowed_domains": [domain], "threshold": 0.0} if slash else {}


def user_of(body: ChatCompletionRequest | ResponsesRequest) -> str | None:
    """One of the caller's users."""
    return body.safety_identifier or body.user or None


def session_of(body: ChatCompletionRequest | ResponsesRequest) -> str | None:
    """The session that the request's metadata name.

    Raises:
        InvalidInputError: the name is no text.
    """
    named = (body.metadata or {}).get("session_id")
    if named is not None and not isinstance(named, str):
        raise InvalidInputError(f"metadata.session_id is {named!r:.60}; give text.")
    return named


def texts_of(messages: list[InputMessage]) -> list[tuple[str, str]]:
    """`(role, text)` of messages.

    Raises:
        InvalidInputError: a message of the user holds something else than text and pictures.
    """
    return [(message.role, _text(message)) for message in messages]


def images_of(message: InputMessage) -> list[str]:
    """The `data:` URLs of a message's pictures; the agent fetches nothing from elsewhere.

    Raises:
        InvalidInputError: a picture is not in the request itself.
    """
    found = []
    for part in message.content if isinstance(message.content, list) else []:
        if part.type in _IMAGE_PARTS:
            given = (part.model_extra or {}).get("image_url")
            url = given.get("url") if isinstance(given, dict) else given
            if not isinstance(url, str) or not url.startswith("data:"):
                raise InvalidInputError(
                    "a picture is not in the request; send it as a data: URL, because nothing is "
                    "fetched from elsewhere."
                )
            found.append(url)
    return found


def question_of(said: list[tuple[str, str]], tools: list[dict[str, Any]] | None) -> str:
    """The message to answer: the last one.

    Raises:
        InvalidInputError: it is not the user's, or the client brings tools.
    """
    if tools:
        raise InvalidInputError(
            "tools of the client cannot be called; the domains have their own. Leave 'tools' out."
        )
    if not said or said[-1][0] != "user":
        raise InvalidInputError("the last message is not the user's; end with one of role 'user'.")
    return said[-1][1]


def _text(message: InputMessage) -> str:
    if isinstance(message.content, str) or message.content is None:
        return message.content or ""
    for part in message.content:
        if part.type not in _TEXT_PARTS | _IMAGE_PARTS and message.role == "user":
            raise InvalidInputError(
                f"a message holds a part of type {part.type!r:.40}; text and pictures are read."
            )
    return "".join(part.text or "" for part in message.content)
