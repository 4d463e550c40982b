"""The circuit breakers of all models, by reference."""

from __future__ import annotations

import threading
from typing import Any

from mdsa.models.circuit_breaker import CircuitBreaker

__all__ = ["CircuitBreakers"]


class CircuitBreakers:
    """One breaker for each model, whatever the options that it is asked with. Thread-safe.

    Args:
        failures: in a row, after which one opens.
        recovery_s: how long it stays open the first time, in seconds.
    """

    def __init__(self, failures: int, recovery_s: float) -> None:
        self._failures = failures
        self._recovery_s = recovery_s
        self._lock = threading.Lock()
        self._breakers: dict[str, CircuitBreaker] = {}

    def get(self, reference: str) -> CircuitBreaker:
        """The breaker of a model."""
        with self._lock:
            if reference not in self._breakers:
                self._breakers[reference] = CircuitBreaker(
                    failures=self._failures, recovery_s=self._recovery_s
                )
            return self._breakers[reference]

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """The state of each, JSON-ready; see `CircuitBreaker.snapshot`."""
        with self._lock:
            breakers = dict(self._breakers)
        return {reference: breaker.snapshot() for reference, breaker in breakers.items()}
