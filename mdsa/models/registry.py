"""From model references to chat models: resolved once, shared, loaded at the first use."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from langchain_core.language_models import BaseChatModel

from mdsa.errors import DuplicateNameError, MdsaError, ModelError, UnknownNameError
from mdsa.models.breakers import CircuitBreakers
from mdsa.models.built_in import BUILT_IN_SCHEMES, built_in_provider
from mdsa.models.circuit_breaker import CircuitBreaker
from mdsa.models.embedded import EMBEDDED_MODELS
from mdsa.models.memory_budget import LoadEvent
from mdsa.models.memory_pools import MemoryPools
from mdsa.models.provider import ModelOptions, ModelProvider, ModelStatus, WarmUpProvider
from mdsa.models.references import ModelReference, parse_reference
from mdsa.settings import Settings, load_settings

__all__ = ["ModelCheck", "ModelFactory", "ModelRegistry"]

_log = logging.getLogger(__name__)

ModelFactory = Callable[[str, ModelOptions], BaseChatModel]
"""Makes a model from the name after `scheme://`. Loading belongs to the first call, not here."""

ModelCheck = Callable[[str], ModelStatus]
"""Looks whether a named model could answer, without loading it."""


class ModelRegistry:
    """Resolves references; one instance for each reference and options. Thread-safe.

    Args:
        settings: addresses of servers, device, memory; read from the environment if None.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        # A lock of its own for what is made at once: `_lock` is held while libraries are imported.
        # Taken inside `_lock`, never around it.
        self._quick = threading.RLock()
        self._models: dict[tuple[ModelReference, ModelOptions], BaseChatModel] = {}
        self._registered: dict[str, tuple[ModelFactory, ModelCheck | None]] = {}
        self._providers: dict[str, ModelProvider] = {}
        self._memory: MemoryPools | None = None
        self._breakers: CircuitBreakers | None = None

    @property
    def schemes(self) -> list[str]:
        """Known schemes, sorted."""
        # Without the lock, which is held while a model's libraries are imported: nobody else should
        # wait for them. A list of a dict's keys is made in one step.
        return sorted({*BUILT_IN_SCHEMES, *list(self._registered)})

    @property
    def memory(self) -> MemoryPools:
        """What holds the weights of models that run in this process."""
        with self._quick:
            if self._memory is None:
                settings = self._own_settings()
                self._memory = MemoryPools(settings.device, settings.model_memory_gb)
            return self._memory

    def register(self, scheme: str, factory: ModelFactory, check: ModelCheck | None = None) -> None:
        """Make references of a scheme resolvable.

        Args:
            scheme: the part before `://`.
            factory: makes a model.
            check: looks whether one is available; None means that making one is the test.

        Raises:
            DuplicateNameError: the scheme is taken.
        """
        with self._lock:
            if scheme in self.schemes:
                raise DuplicateNameError("model scheme", scheme)
            self._registered[scheme] = factory, check

    def parse(self, reference: str) -> ModelReference:
        """Read a reference; see `parse_reference`.

        Raises:
            ConfigError: it is empty.
            UnknownNameError: no such scheme, or no such embedded model.
        """
        parsed = parse_reference(reference, self.schemes)
        if parsed.scheme == "embedded" and parsed.name not in EMBEDDED_MODELS:
            raise UnknownNameError("embedded model", parsed.name, EMBEDDED_MODELS)
        return parsed

    def get(
        self,
        reference: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> BaseChatModel:
        """The model that a reference names; the same object for the same arguments.

        Raises:
            ConfigError: the reference is empty.
            UnknownNameError: no such scheme, or no such embedded model.
            ModelUnavailableError: a package that its kind needs is missing. A missing server or
                missing weights show at the first call of the model, as the same error.
        """
        parsed = self.parse(reference)
        options = ModelOptions(temperature, max_tokens)
        known = self._models.get((parsed, options))
        if known is not None:
            return known
        with self._lock:
            if (parsed, options) not in self._models:
                self._models[parsed, options] = self._make(parsed, options)
            return self._models[parsed, options]

    def breaker(self, reference: str) -> CircuitBreaker:
        """The circuit breaker that all who ask a model share.

        Raises:
            ConfigError: the reference is empty.
            UnknownNameError: no such scheme, or no such embedded model.
        """
        parsed = self.parse(reference)
        with self._quick:
            if self._breakers is None:
                settings = self._own_settings()
                self._breakers = CircuitBreakers(
                    settings.breaker_failures, settings.breaker_recovery_s
                )
            return self._breakers.get(str(parsed))

    def check(self, reference: str) -> ModelStatus:
        """Look whether a model could answer, without loading it and without raising."""
        try:
            parsed = self.parse(reference)
            if parsed.scheme not in self._registered:
                return self._provider(parsed.scheme).check(parsed.name)
            check = self._registered[parsed.scheme][1]
            if check is not None:
                return check(parsed.name)
            self.get(reference)
        except ModelError as error:
            return ModelStatus(reference, available=False, detail=str(error))
        except MdsaError as error:
            return ModelStatus(
                reference, available=False, detail=str(error), remedy="correct the model reference"
            )
        return ModelStatus(reference, available=True, detail=f"made by {parsed.scheme}://")

    def warm_up(self, references: Iterable[str]) -> list[ModelStatus]:
        """Load models before the first question comes, one after another, without raising.

        A warning is logged for each that cannot be loaded.

        Args:
            references: the most wanted first; it is loaded last, so that what does not fit in
                memory together leaves the most wanted in it.

        Returns:
            How each stands afterwards, in the order given; `detail` and `remedy` tell why one could
            not be loaded.
        """
        wanted = list(dict.fromkeys(references))
        failed = {reference: self._load(reference) for reference in reversed(wanted)}
        # Only now, since one that was loaded may have made room for another.
        statuses = [failed[reference] or self.check(reference) for reference in wanted]
        for status in statuses:
            if not status.available:
                _log.warning("%s is not ready: %s", status.reference, status.detail)
        return statuses

    async def awarm_up(self, references: Iterable[str]) -> list[ModelStatus]:
        """Async twin of `warm_up`."""
        return await asyncio.to_thread(self.warm_up, list(references))

    def subscribe(self, listener: Callable[[LoadEvent], None]) -> Callable[[], None]:
        """Tell `listener` what is loaded and released; see `MemoryBudget.subscribe`."""
        return self.memory.subscribe(listener)

    def stats(self) -> dict[str, Any]:
        """What is in memory, and which models are not asked because they failed; JSON-ready.

        Returns:
            `memory` by `cpu` and `cuda`, see `MemoryBudget.stats`, and `breakers` by reference, see
            `CircuitBreaker.snapshot`. What was not used yet is left out.
        """
        with self._quick:
            memory, breakers = self._memory, self._breakers
        return {
            "memory": {} if memory is None else memory.stats(),
            "breakers": {} if breakers is None else breakers.snapshot(),
        }

    def close(self) -> None:
        """Release the memory of all models, of those in use when their call is done.

        A later call loads again.
        """
        with self._lock:
            self._models.clear()
        with self._quick:
            memory = self._memory
        if memory is not None:
            memory.close()

    def _load(self, reference: str) -> ModelStatus | None:
        """Load a model; give a status only where that failed."""
        before = self.check(reference)
        if not before.available:
            return before
        try:
            parsed = self.parse(reference)
            self.get(reference)
            if parsed.scheme not in self._registered:
                provider = self._provider(parsed.scheme)
                if isinstance(provider, WarmUpProvider):
                    provider.warm_up(parsed.name)
        except MdsaError as error:
            return ModelStatus(reference, available=False, detail=str(error))
        return None

    def _make(self, parsed: ModelReference, options: ModelOptions) -> BaseChatModel:
        if parsed.scheme in self._registered:
            return self._registered[parsed.scheme][0](parsed.name, options)
        return self._provider(parsed.scheme).make(parsed.name, options)

    def _provider(self, scheme: str) -> ModelProvider:
        with self._lock:
            if scheme not in self._providers:
                made = built_in_provider(scheme, self._own_settings(), lambda: self.memory)
                self._providers[scheme] = made
            return self._providers[scheme]

    def _own_settings(self) -> Settings:
        with self._quick:
            if self._settings is None:
                self._settings = load_settings()
            return self._settings
