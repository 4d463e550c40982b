"""How many tokens a turn took, as OpenAI's two interfaces say it.

A turn may call several models, or none: the figures are sums of what the models reported, the same
that `GET /stats` adds up, and 0 where no model counted. Cached and reasoning tokens are not told
apart.
"""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, Field

from mdsa.core.result import RequestResult

__all__ = ["CompletionUsage", "InputTokensDetails", "OutputTokensDetails", "ResponseUsage"]


class CompletionUsage(BaseModel):
    """Tokens of `/v1/chat/completions`."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    total_tokens: int = Field(ge=0)

    @classmethod
    def of(cls, result: RequestResult) -> Self:
        """Those of a turn."""
        read, written = result["input_tokens"], result["output_tokens"]
        return cls(prompt_tokens=read, completion_tokens=written, total_tokens=read + written)


class InputTokensDetails(BaseModel):
    """Parts of the input tokens; OpenAI's clients look for them."""

    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputTokensDetails(BaseModel):
    """Parts of the output tokens; OpenAI's clients look for them."""

    reasoning_tokens: int = 0


class ResponseUsage(BaseModel):
    """Tokens of `/v1/responses`."""

    input_tokens: int = Field(ge=0)
    input_tokens_details: InputTokensDetails = Field(default_factory=InputTokensDetails)
    output_tokens: int = Field(ge=0)
    output_tokens_details: OutputTokensDetails = Field(default_factory=OutputTokensDetails)
    total_tokens: int = Field(ge=0)

    @classmethod
    def of(cls, result: RequestResult) -> Self:
        """Those of a turn."""
        read, written = result["input_tokens"], result["output_tokens"]
        return cls(input_tokens=read, output_tokens=written, total_tokens=read + written)
