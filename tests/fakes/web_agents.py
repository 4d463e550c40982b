"""An agent behind the server, and clients that talk to it without a network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fakes.agents import make_agent, scripted
from fakes.chat_models import calls
from fastapi import FastAPI
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import ModelUnavailableError
from mdsa.server import ServerSettings, create_app
from mdsa.tools import Tool, ToolRegistry


async def until(true: Callable[[], bool]) -> None:
    """Wait for a change that another thread or process makes."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - it has no event on this loop
            await asyncio.sleep(0.01)


class Clerk:
    """A model whose answers a test can hold back; it notes what was asked and what was cancelled.

    Args:
        marker: a file that lets everything go on as soon as it exists.
    """

    def __init__(self, marker: Path | None = None) -> None:
        self._marker = marker
        self.asked: list[str] = []
        self.cancelled = 0
        self.held = threading.Event()
        """Something waits."""
        self._go = False

    @property
    def _released(self) -> bool:
        return self._go or (self._marker is not None and self._marker.exists())

    async def holds(self) -> None:
        """Wait until something is held back."""
        assert await asyncio.to_thread(self.held.wait, 30)

    def release(self) -> None:
        """Let everything that is held back go on."""
        self._go = True

    async def reply(self, messages: list[BaseMessage]) -> AIMessage:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            return AIMessage(f"the tool says {last.text}")
        asked = next(str(m.text) for m in reversed(messages) if isinstance(m, HumanMessage))
        question = asked.splitlines()[-1]
        self.asked.append(question)
        if "cancel" in question:
            return calls(("cancel", "call-1", {"order": "7"}))
        if "hold" in question:
            await self._hold()
        earlier = sum(isinstance(message, HumanMessage) for message in messages) - 1
        return AIMessage(f"answer to {question}, after {earlier} others")

    async def _hold(self) -> None:
        self.held.set()
        try:
            await until(lambda: self._released)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def web_agent(folder: Path, clerk: Clerk, **changes: Any) -> TinyBERTOrchestrator:
    """An agent with the domains `orders` (it has a tool that writes), `billing` and `weather`."""
    tools = ToolRegistry()
    tools.register(Tool("cancel", "Cancel an order.", lambda order: f"gone {order}", writes=True))
    models = {"clerk": scripted(clerk.reply), "down": scripted(ModelUnavailableError("no server"))}
    agent = make_agent(folder, models=models, tools=tools, **changes)
    agent.register_domain("orders", "Orders", ["order"], "fake://clerk", tools=["cancel"])
    agent.register_domain("billing", "Invoices", ["invoice"], "fake://clerk")
    agent.register_domain("weather", "Weather", ["rain"], "fake://down")
    return agent


@asynccontextmanager
async def serving(
    agent: TinyBERTOrchestrator,
    *,
    client: tuple[str, int] = ("127.0.0.1", 5),
    workers_folder: Path | None = None,
    **limits: Any,
) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """The application, started, and a client on its machine."""
    settings = ServerSettings(**{"warm_up": False, **limits})
    app = create_app(agent, settings=settings, workers_folder=workers_folder)
    transport = httpx.ASGITransport(app, client=client)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=30) as http,
    ):
        yield app, http
