"""Asks a model in an async run, and gives up where it does not begin to answer."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import Runnable, RunnableConfig

from mdsa.errors import ModelOutputError, ModelTimeoutError

__all__ = ["ask_async"]


async def ask_async(
    model: BaseChatModel,
    runnable: Runnable[Any, AIMessage],
    messages: list[BaseMessage],
    config: RunnableConfig,
    first_token_s: float | None,
    name: str,
) -> AIMessage:
    """Give a model's reply.

    Args:
        model: the model.
        runnable: the same with what is bound to it.
        messages: the prompt.
        config: of the run.
        first_token_s: longest time until the first piece of the reply, in seconds; holds for models
            that stream in async code, since no other wait can be broken off.
        name: for the error.

    Raises:
        ModelTimeoutError: the model did not begin in time.
    """
    streams = type(model)._astream is not BaseChatModel._astream
    if first_token_s is None or not streams or getattr(model, "whole_at_once", False):
        return await runnable.ainvoke(messages, config)
    pieces: list[AIMessageChunk] = []
    limit = asyncio.timeout(first_token_s)
    try:
        async with limit:
            async for piece in runnable.astream(messages, config):
                limit.reschedule(None)
                if not isinstance(piece, AIMessageChunk):  # streaming is turned off for the model
                    return piece
                pieces.append(piece)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise ModelTimeoutError(
            f"{name} did not begin to answer within {first_token_s:g} s; raise "
            "MDSA_FIRST_TOKEN_TIMEOUT_S, or load it before it is asked (warm_up in the app file)."
        ) from error
    if not pieces:
        raise ModelOutputError(f"{name} wrote nothing")
    # Added one by one, each sum would copy all that was said before.
    whole = message_chunk_to_message(add_ai_message_chunks(*pieces))
    if not isinstance(whole, AIMessage):
        raise TypeError(f"{name} answered with a {type(whole).__name__}")
    return whole
