"""Images on their way to a domain's model, and out of the session again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda

from mdsa.errors import InvalidInputError
from mdsa.models.images import has_images, image_blocks, refuses_images
from mdsa.nodes.failures import is_model_failure
from mdsa.nodes.model_choice import ModelLoader, as_choice

__all__ = ["bind_images", "human_message", "old_images_removed"]

_QUESTIONS_WITH_IMAGES = 3
"""A follow-up may still be about the picture; later questions carry it no more."""

_LEFT_OUT = "[an image was shown here]"


def human_message(text: str, images: Sequence[dict[str, Any]]) -> HumanMessage:
    """A message of the user's with the images that belong to it."""
    if not images:
        return HumanMessage(text)
    return HumanMessage([{"type": "text", "text": text}, *images])


def bind_images(
    model: BaseChatModel,
    bound: Runnable[Any, AIMessage],
    load_own: ModelLoader,
    messages: Sequence[BaseMessage],
) -> Runnable[Any, AIMessage]:
    """Hold images off a model that takes none, before it is called.

    Args:
        model: the model that is asked.
        bound: the same with its tools.
        load_own: gives the domain's own model, which `model` may be a fallback for.
        messages: what is asked.

    Raises:
        InvalidInputError: it is the domain's own. A fallback answers from the text alone.
    """
    if not refuses_images(model) or not has_images(messages):
        return bound
    if _own(load_own) is model:
        reference = as_choice(load_own).reference or model._llm_type
        raise InvalidInputError(
            f"the message shows an image, and the model {reference!r} of the domain that it "
            "belongs to takes none; leave the image out, or give the domain a model that takes "
            "images, such as 'ollama://qwen2.5vl:7b'."
        )
    return RunnableLambda(_without_images) | bound


def old_images_removed(
    messages: Sequence[AnyMessage], removed: Collection[str | None] = ()
) -> list[AnyMessage]:
    """Earlier questions whose images a session keeps no longer, as they are from now on.

    Images of the last three questions stay, for follow-ups; each would else be written into every
    checkpoint for as long as the session lives.

    Args:
        messages: of the session.
        removed: ids of messages that leave it anyway.
    """
    asked = [one for one in messages if isinstance(one, HumanMessage)]
    return [
        HumanMessage(f"{one.text}\n{_LEFT_OUT}", id=one.id)
        for one in asked[:-_QUESTIONS_WITH_IMAGES]
        if one.id not in removed and image_blocks(one)
    ]


def _own(load_own: ModelLoader) -> BaseChatModel | None:
    try:
        return load_own()
    except Exception as error:
        if not is_model_failure(error):
            raise
        return None


def _without_images(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    return [
        HumanMessage(f"{one.text}\n{_LEFT_OUT}", id=one.id) if image_blocks(one) else one
        for one in messages
    ]
