"""Whether the agent could answer now: its sessions, its knowledge and its models."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import MdsaError

__all__ = ["CheckResult", "Readiness"]

Kind = Literal["sessions", "knowledge", "model"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one part stands."""

    kind: Kind
    name: str
    ok: bool
    detail: str = ""
    remedy: str = ""


class Readiness:
    """Looks at the agent's parts, at most once in a while, however many ask.

    Args:
        agent: whose parts they are.
        fresh_s: for how long a result is given again.
        limit_s: what takes longer is not ready.
    """

    def __init__(
        self, agent: TinyBERTOrchestrator, *, fresh_s: float = 5.0, limit_s: float = 10.0
    ) -> None:
        self._agent = agent
        self._fresh_s = fresh_s
        self._limit_s = limit_s
        self._lock = asyncio.Lock()
        self._found: tuple[float, list[CheckResult]] | None = None

    async def check(self) -> list[CheckResult]:
        """Give how each part stands."""
        async with self._lock:
            now = time.monotonic()
            if self._found is None or now - self._found[0] > self._fresh_s:
                found = await asyncio.gather(
                    self._look("sessions", self._sessions),
                    self._look("knowledge", self._knowledge),
                    self._look("model", self._models),
                )
                self._found = now, [result for results in found for result in results]
            return self._found[1]

    async def _look(
        self, kind: Kind, look: Callable[[], Sequence[CheckResult]]
    ) -> Sequence[CheckResult]:
        try:
            return await asyncio.wait_for(asyncio.to_thread(look), self._limit_s)
        except TimeoutError:
            detail = f"took longer than {self._limit_s:g} s"
        except MdsaError as error:
            detail = str(error)
        return [CheckResult(kind, kind, ok=False, detail=detail)]

    def _sessions(self) -> Sequence[CheckResult]:
        self._agent.sessions.list(limit=1)
        return [CheckResult("sessions", "sessions", ok=True)]

    def _knowledge(self) -> Sequence[CheckResult]:
        self._agent.rag.stats()
        return [CheckResult("knowledge", "knowledge", ok=True)]

    def _models(self) -> Sequence[CheckResult]:
        return [
            CheckResult("model", status.reference, status.available, status.detail, status.remedy)
            for status in self._agent.check_models()
        ]
