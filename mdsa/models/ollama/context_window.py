"""Tells from the tokens that Ollama read whether it cut the prompt, which it does silently.

Ollama first leaves out the oldest messages (never the system's or the last one) and then, where
the last one alone is too long, cuts that down to the window, so that the count of prompt tokens
equals the window or is one below it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately

from mdsa.errors import ContextOverflowError

__all__ = ["SMALLEST_WINDOW", "check_prompt_fit"]

_log = logging.getLogger(__name__)

SMALLEST_WINDOW = 2048
"""Ollama's smallest default; a shorter prompt was not cut unless num_ctx was set lower."""


def check_prompt_fit(
    model: str, window: int, read_tokens: int, messages: Sequence[BaseMessage]
) -> bool:
    """Tell whether the model read the whole conversation.

    Args:
        model: name on the server.
        window: tokens that the server reads at once.
        read_tokens: prompt tokens as the server counted them.
        messages: what was sent.

    Returns:
        False where earlier messages were left out, which is logged.

    Raises:
        ContextOverflowError: the last message itself was cut, so that the answer means nothing.
    """
    remedy = f"raise num_ctx (ollama://{model}?num_ctx={2 * window}, or MDSA_OLLAMA_NUM_CTX)"
    if read_tokens >= window - 1:
        raise ContextOverflowError(
            f"Ollama cut the prompt for model {model!r} down to its context of {window} tokens, so "
            f"its answer is not used; {remedy} or retrieve fewer passages (top_k)."
        )
    sent = count_tokens_approximately(messages)
    if sent <= window:
        return True
    _log.warning(
        "Ollama left out earlier messages: about %d tokens went to model %r, which reads %d; %s",
        sent,
        model,
        window,
        remedy,
    )
    return False
