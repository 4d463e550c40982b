"""The domains of an agent, by name."""

from __future__ import annotations

import threading

from mdsa.domains.config import DomainConfig
from mdsa.errors import DuplicateNameError, UnknownNameError

__all__ = ["DomainRegistry"]


class DomainRegistry:
    """Domains in the order of registration; safe to change while threads read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._domains: dict[str, DomainConfig] = {}

    def add(self, config: DomainConfig) -> None:
        """Add a domain.

        Raises:
            DuplicateNameError: the name is taken.
        """
        with self._lock:
            if config.name in self._domains:
                raise DuplicateNameError("domain", config.name)
            self._domains = {**self._domains, config.name: config}

    def remove(self, name: str) -> DomainConfig:
        """Remove a domain and return it.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._lock:
            config = self.get(name)
            self._domains = {key: value for key, value in self._domains.items() if key != name}
            return config

    def get(self, name: str) -> DomainConfig:
        """Return a domain.

        Raises:
            UnknownNameError: no such domain.
        """
        if name not in self._domains:
            raise UnknownNameError("domain", name, self._domains)
        return self._domains[name]

    def all(self) -> list[DomainConfig]:
        """Every domain, in the order of registration."""
        return list(self._domains.values())

    def __contains__(self, name: object) -> bool:
        return name in self._domains

    def __len__(self) -> int:
        return len(self._domains)
