"""One text that the adapter of a small language model is trained on."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A prompt and what should follow it.

    Attributes:
        job: `grounded`, `call`, `split`, `merge` or `chat`.
        source: the data set, or `templates`.
        prompt: in the form of `mdsa.models.smollm2.prompt`.
        answer: without the mark that ends a turn.
    """

    job: str
    source: str
    prompt: str
    answer: str
