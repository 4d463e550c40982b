"""SmolLM2 for tests: an engine that says what it is told to, and the real weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from mdsa.errors import ModelUnavailableError
from mdsa.models.memory_budget import MemoryBudget
from mdsa.models.reader.extraction import Extract
from mdsa.models.reader.features import Question
from mdsa.models.reader.prompt import Conversation
from mdsa.models.reader.sentences import Sentence
from mdsa.models.smollm2.chat_model import SmolLM2ChatModel
from mdsa.models.smollm2.engine import Sampling
from mdsa.models.smollm2.evidence import Evidence, EvidenceFinder
from mdsa.models.smollm2.files import find_weights
from mdsa.models.smollm2.pull import pull_weights
from mdsa.models.smollm2.weights import SmolLM2Weights
from mdsa.settings import Settings


class ScriptedEngine:
    """Gives its replies one after the other, in pieces of four letters."""

    def __init__(self, replies: Sequence[str]) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[str, Sampling]] = []

    def generate(self, prompt: str, sampling: Sampling) -> Iterator[Mapping[str, Any]]:
        text = self.replies[len(self.asked) % len(self.replies)]
        self.asked.append((prompt, sampling))
        for start in range(0, len(text), 4):
            yield {"choices": [{"text": text[start : start + 4], "finish_reason": None}]}
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}
        yield {"choices": [{"text": "", "finish_reason": "stop"}], "usage": usage}


class ScriptedWeights(SmolLM2Weights):
    """Loads a scripted engine."""

    def __init__(self, engine: ScriptedEngine) -> None:
        super().__init__("embedded://smollm2", lambda: Path("unused.gguf"))
        self.engine = engine
        self.loads = 0

    def estimate_bytes(self) -> int:
        return 1000

    def load(self) -> Any:
        self.loads += 1
        return self.engine


def scripted_model(*replies: str, **settings: Any) -> tuple[SmolLM2ChatModel, ScriptedEngine]:
    """A chat model over an engine that gives these replies."""
    engine = ScriptedEngine(replies)
    model = SmolLM2ChatModel(
        weights=ScriptedWeights(engine), memory=MemoryBudget(10_000), **settings
    )
    return model, engine


class ScriptedFinder(EvidenceFinder):
    """Finds the same for every message."""

    def __init__(self, *parts: Evidence) -> None:
        super().__init__()
        self.parts = list(parts)

    def find(self, conversation: Conversation) -> list[Evidence]:
        return list(self.parts)


def evidence(question: str, sentences: Mapping[int, str], confidence: float = 0.9) -> Evidence:
    """Evidence with one sentence of each passage, by its id."""
    found = tuple(Sentence(text, place, 0, 0, "prose") for place, text in sentences.items())
    return Evidence(Question(question), Extract(confidence, found), {})


@lru_cache(maxsize=1)
def weights_settings(folder: Path) -> Settings:
    """Settings whose cache holds the real weights: those of this machine's user, or pulled.

    Skips the test where they can be neither found nor pulled.
    """
    own = Settings(cache_dir=user_cache_path("mdsa"))
    try:
        find_weights(own)
    except ModelUnavailableError:
        own = Settings(cache_dir=folder)
        try:
            pull_weights(own)
        except ModelUnavailableError as error:
            pytest.skip(str(error))
    return own
