"""What the dashboard's routes share; made when the first of them is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from mdsa.server.dashboard.feed import Feed
from mdsa.server.service import Served

__all__ = ["Dashboard", "Shown"]

_MOST_UPLOADS = 4


@dataclass(kw_only=True)
class Dashboard:
    """The parts of a running dashboard; for one event loop."""

    feed: Feed
    uploading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MOST_UPLOADS))
    """Files are held in memory; those that wait for this are not read yet."""
    writing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """One file is read and embedded at a time: it takes a processor."""


async def _dashboard(request: Request, service: Served) -> Dashboard:
    # The application may be started again, with another loop and another service.
    found: tuple[object, Dashboard] | None = getattr(request.app.state, "dashboard", None)
    if found is None or found[0] is not service:
        found = (service, Dashboard(feed=Feed(service.agent.message_bus)))
        request.app.state.dashboard = found
    return found[1]


Shown = Annotated[Dashboard, Depends(_dashboard)]
