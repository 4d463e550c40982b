"""The yardstick of the load command: a bare FastAPI app over a bare LangGraph graph.

Its graph has as many nodes as a turn of MDSA's, in the same order, one level deep like it, and
none does anything. Sessions lie in LangGraph's own `AsyncSqliteSaver`, or in memory.

    LOAD_BARE_DB=FILE uvicorn mdsa.evals.load_bare_app:make_app --factory
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Response
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from pydantic import BaseModel

from mdsa.evals.overhead import bare_graph
from mdsa.server.loop_lag import LoopLag

__all__ = ["make_app"]


class Message(BaseModel):
    """A user's message."""

    message: str


def make_app() -> FastAPI:
    """Make the app; LOAD_BARE_DB is the file of its sessions, none keeps them in memory."""
    registry = CollectorRegistry()
    lag = LoopLag(registry)
    graphs: list[Any] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with _saver() as saver:
            graphs.append(bare_graph(saver))
            watching = asyncio.create_task(lag.watch())
            yield
            watching.cancel()

    app = FastAPI(lifespan=lifespan)

    @app.post("/chat")
    async def chat(body: Message) -> dict[str, Any]:
        session_id = uuid4().hex
        state = await graphs[0].ainvoke(
            {"messages": [HumanMessage(body.message)]},
            {"configurable": {"thread_id": session_id}},
            durability="sync",
        )
        return {"response": state["messages"][-1].text, "session_id": session_id}

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


@asynccontextmanager
async def _saver() -> AsyncIterator[Any]:
    path = os.environ.get("LOAD_BARE_DB")
    if not path:
        yield InMemorySaver()
        return
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        yield saver
