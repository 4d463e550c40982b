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
from mdsa.nodes.model_choice import ModelLoader

__all__ = ["bind_images", "human_message", "may_take_images", "old_images_removed"]

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
    messages: Sequence[BaseMessage],
    *,
    own_reference: str | None,
    optional: bool = False,
) -> Runnable[Any, AIMessage]:
    """Hold images off a model that takes none.

    A fallback gets the text alone unless its profile says that it takes images: one that would
    refuse them could not stand in, and the domain's own model has failed already.

    Args:
        model: the model that is asked.
        bound: the same with its tools.
        messages: what is asked.
        own_reference: names `model` where it is the domain's own; None for a fallback.
        optional: the domain's own model, too, may answer from the text alone.

    Raises:
        InvalidInputError: it is the domain's own, known to take no images, which are not optional.
    """
    if not has_images(messages):
        return bound
    from_text = RunnableLambda(_without_images) | bound
    if own_reference is None:
        return bound if (model.profile or {}).get("image_inputs") is True else from_text
    if not refuses_images(model):
        # Some models find out only when they are called, before anything is answered.
        if optional:
            return bound.with_fallbacks([from_text], exceptions_to_handle=(InvalidInputError,))
        return bound
    if not optional:
        raise InvalidInputError(
            f"the message shows an image, and the model {own_reference or model._llm_type!r} of "
            "the domain that it belongs to takes none; leave the image out, or give the domain a "
            "model that takes images, such as 'ollama://qwen2.5vl:7b'."
        )
    return from_text


def may_take_images(load_model: ModelLoader) -> bool:
    """Tell whether a domain's own model is not known to refuse images; it may have to be made."""
    try:
        return not refuses_images(load_model())
    except Exception as error:
        if not is_model_failure(error):
            raise
        return True


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


def _without_images(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    return [
        HumanMessage(f"{one.text}\n{_LEFT_OUT}", id=one.id) if image_blocks(one) else one
        for one in messages
    ]
