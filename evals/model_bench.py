"""What the questions about models share: the models, the data folder, the draws, the clock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable

from mdsa.evals.routing_metrics import Estimate, bootstrap, mean_of
from mdsa.evals.routing_report import Figure, Target, Unit
from mdsa.models.registry import ModelRegistry
from mdsa.nodes.failures import MODEL_FAILURES

__all__ = ["DEFAULT_MODEL", "Asked", "ModelBench", "Progress", "latency"]

DEFAULT_MODEL = "embedded://reader"

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model replied, and how long it took; no reply where it failed."""

    reply: AIMessage | None
    seconds: float


@dataclass
class ModelBench:
    """What every question about models is given.

    Attributes:
        data_dir: published data: `rag/`, `tools/`, `intent/`.
        references: models to ask.
        sample: cases of each set that have an answer; of those without, half as many are drawn.
        sets: names of the grounded sets; all of them where it is empty.
        router: a trained router's folder, for the split by clauses; None routes by descriptions.
        seed: of the draws.
        resamples: of the bootstrap.
        registry: resolves the references.
        progress: told how far it is.
        misses: where to keep what went wrong, as rows for JSON; None keeps nothing.
    """

    data_dir: Path
    references: Sequence[str] = (DEFAULT_MODEL,)
    sample: int = 100
    sets: Sequence[str] = ()
    router: Path | None = None
    seed: int = 5
    resamples: int = 1000
    registry: ModelRegistry = field(default_factory=ModelRegistry)
    progress: Progress = lambda _what, _done, _total: None
    misses: list[dict[str, Any]] | None = None

    def models(self) -> Iterator[tuple[str, BaseChatModel]]:
        """Every model with its reference.

        Raises:
            MdsaError: a reference is wrong, or its kind is not supported.
        """
        for reference in self.references:
            yield reference, self.registry.get(reference, temperature=0.0)

    def miss(self, question: str, model: str, **facts: Any) -> None:
        """Keep what went wrong, where that is wanted."""
        if self.misses is not None:
            self.misses.append({"question": question, "model": model, **facts})

    def ask_all(
        self,
        what: str,
        model: Runnable[Any, AIMessage],
        prompts: Sequence[Sequence[BaseMessage]],
    ) -> list[Asked]:
        """Ask one prompt after the other; see `ask`."""
        asked: list[Asked] = []
        for done, prompt in enumerate(prompts):
            self.progress(what, done, len(prompts))
            asked.append(self.ask(model, prompt, asked))
        self.progress(what, len(prompts), len(prompts))
        return asked

    def ask(
        self,
        model: Runnable[Any, AIMessage],
        prompt: Sequence[BaseMessage],
        before: Sequence[Asked],
    ) -> Asked:
        """Ask once.

        A failure counts as no reply, so that one broken answer does not cost the whole run; but
        until the model has replied once it is raised: so would the rest fail.

        Args:
            model: with its tools bound.
            prompt: messages.
            before: what was asked of it so far.

        Raises:
            ModelError: the model cannot be used.
        """
        started = time.perf_counter()
        try:
            reply = model.invoke(list(prompt))
        except MODEL_FAILURES as error:
            if not any(one.reply for one in before):
                raise
            _log.warning("no reply: %s: %s", type(error).__name__, error)
            return Asked(None, time.perf_counter() - started)
        return Asked(reply, time.perf_counter() - started)

    def share(
        self,
        subject: str,
        system: str,
        measure: str,
        outcomes: Sequence[float] | Sequence[bool],
        target: Target | None = None,
        unit: Unit = "%",
    ) -> Figure | None:
        """A mean with its bootstrap interval; None where there is nothing to average."""
        if not outcomes:
            return None
        values = np.asarray(outcomes, dtype=float)
        estimate = bootstrap(mean_of, values, resamples=self.resamples, seed=self.seed)
        return Figure(subject, system, measure, estimate, unit, target, len(values))


def latency(subject: str, system: str, asked: Sequence[Asked]) -> list[Figure]:
    """Median and 95th percentile of the time that a reply took."""
    times = sorted(1000 * one.seconds for one in asked)
    if not times:
        return []
    return [
        Figure(subject, system, f"p{share}", Estimate(float(np.percentile(times, share))), "ms")
        for share in (50, 95)
    ]
