"""What a server does between its start and being ready."""

from __future__ import annotations

import asyncio
import logging

from mdsa.core.first_turn import prepare
from mdsa.core.orchestrator import TinyBERTOrchestrator

__all__ = ["StartUp"]

_log = logging.getLogger(__name__)


class StartUp:
    """Gets an agent ready while the server answers `/health` already.

    Turns that come meanwhile are answered; they wait for what they need, as without it.
    """

    def __init__(self, agent: TinyBERTOrchestrator) -> None:
        self._agent = agent
        self.over = False
        """Whether the agent is as ready as it gets."""

    async def run(self) -> None:
        """Get ready.

        The thread that does it cannot be cancelled, and would open again what is closed meanwhile:
        wait for the end before closing the agent.
        """
        try:
            await asyncio.to_thread(prepare, self._agent)
        except Exception:  # noqa: BLE001 - logged whole; turns are answered without
            # The checks of `/ready` tell what is wrong; a part may also come back by itself.
            _log.exception("the agent could not be made ready beforehand")
        finally:
            self.over = True
