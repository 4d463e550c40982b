"""One reply of SmolLM2: the settings of its calls to the engine, and what they used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata

from mdsa.models.smollm2.engine import Engine, Sampling

__all__ = ["Run"]


class Run:
    """One reply.

    Args:
        name: the model's reference.
        settings: `temperature`, `seed` and `max_tokens`, as the model or the call has them.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self._name = name
        self._temperature = float(settings["temperature"] or 0.0)
        self._seed = settings["seed"]
        self.max_tokens = int(settings["max_tokens"])
        self._sent = self._made = 0
        self._finish = "stop"

    def sampling(
        self,
        stops: Sequence[str] = (),
        schema: Mapping[str, Any] | None = None,
        longest: int | None = None,
    ) -> Sampling:
        """How a text is continued; `longest` takes the place of `max_tokens`."""
        return Sampling(
            max_tokens=longest or self.max_tokens,
            temperature=self._temperature,
            seed=self._seed,
            stop=tuple(stops),
            schema=schema,
        )

    def texts(self, engine: Engine, prompt: str, sampling: Sampling) -> Iterator[str]:
        """Continue a prompt, counting what is used."""
        for piece in engine.generate(prompt, sampling):
            usage = piece.get("usage")
            if usage:
                self._sent += usage["prompt_tokens"]
                self._made += usage["completion_tokens"]
            for choice in piece["choices"]:
                if choice["finish_reason"]:
                    self._finish = choice["finish_reason"]
                if choice["text"]:
                    yield choice["text"]

    def last(self, metadata: Mapping[str, Any] | None = None) -> AIMessageChunk:
        """The chunk that ends a reply, with what was used."""
        return AIMessageChunk(
            content="",
            usage_metadata=UsageMetadata(
                input_tokens=self._sent,
                output_tokens=self._made,
                total_tokens=self._sent + self._made,
            ),
            response_metadata={
                "model_name": self._name,
                "finish_reason": self._finish,
                **(metadata or {}),
            },
            chunk_position="last",
        )
