"""What all routes share: the agent, and who is let in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.all_workers import AllWorkers
from mdsa.server.conversations import Conversations
from mdsa.server.keys import KeyStore
from mdsa.server.metrics import ServerMetrics
from mdsa.server.rate_limit import RateLimiter
from mdsa.server.readiness import Readiness
from mdsa.server.settings import ServerSettings
from mdsa.server.start_up import StartUp
from mdsa.server.turns import TurnGate

__all__ = ["Served", "Service"]


@dataclass(kw_only=True)
class Service:
    """The parts of a running server; made when it starts."""

    agent: TinyBERTOrchestrator
    settings: ServerSettings
    keys: KeyStore
    turns: TurnGate
    metrics: ServerMetrics
    workers: AllWorkers
    readiness: Readiness
    start_up: StartUp | None = None
    conversations: Conversations = field(default_factory=Conversations)
    rates: RateLimiter = field(default_factory=RateLimiter)
    _locked: bool = False

    @property
    def domain_names(self) -> list[str]:
        """The registered domains."""
        return [domain.name for domain in self.agent.domains]

    @property
    def starting(self) -> bool:
        """Whether turns would still wait for something to be loaded."""
        return self.start_up is not None and not self.start_up.over

    def needs_key(self) -> bool:
        """Whether an API key is needed; looks at the file.

        Once it is, it stays so: keys that are revoked, or a file that vanishes, open nothing.
        """
        self._locked = self._locked or self.keys.configured
        return self._locked


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(_service)]
