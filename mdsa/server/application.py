"""Builds the server's application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from mdsa import __version__
from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.all_workers import AllWorkers
from mdsa.server.dashboard import figures_routes, knowledge_routes, pages
from mdsa.server.description import install_description
from mdsa.server.keys import KeyStore
from mdsa.server.metrics import ServerMetrics
from mdsa.server.openai import chat_completions, responses
from mdsa.server.problems import install_problems
from mdsa.server.readiness import Readiness
from mdsa.server.request_scope import RequestScope
from mdsa.server.routes import chat, domains, operations, sessions
from mdsa.server.service import Service
from mdsa.server.settings import ServerSettings, load_server_settings
from mdsa.server.start_up import StartUp
from mdsa.server.trace_scope import TraceScope
from mdsa.server.turns import TurnGate

__all__ = ["AgentSource", "create_app"]

AgentSource = TinyBERTOrchestrator | str | Path | Callable[[], TinyBERTOrchestrator] | None
"""An agent, the app file of one, or what makes one; None is `MDSA_APP`'s, else the demo's."""

_DESCRIPTION = """Answers each message with the right specialist small language model.

Errors are `application/problem+json` (RFC 9457). Once an API key was created with
`mdsa keys create`, requests carry one as `Authorization: Bearer mdsa_…`; before that, only this
machine is answered."""


def create_app(
    agent: AgentSource = None,
    *,
    settings: ServerSettings | None = None,
    workers_folder: Path | None = None,
) -> FastAPI:
    """Make an ASGI application of an agent.

    The agent is opened when the server starts and closed when it stops, in its own process.

    Args:
        agent: an agent, the app file of one, or a function that makes one.
        settings: in place of the environment's.
        workers_folder: where several processes that serve one address tell each other their
            figures; None where there is one process.

    Raises:
        ConfigError: a variable of the environment cannot be used.
    """
    limits = settings or load_server_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = await asyncio.to_thread(_open, agent)
        await asyncio.to_thread(opened.tracing.get)  # it imports OpenTelemetry, or refuses
        turns = TurnGate(limits.max_running_turns, limits.max_waiting_turns, limits.queue_wait_s)
        start_up = StartUp(opened) if limits.warm_up else None
        metrics = ServerMetrics(opened, turns)
        workers = AllWorkers(opened, turns, metrics, workers_folder)
        app.state.service = Service(
            agent=opened,
            settings=limits,
            keys=KeyStore(opened.settings.data_dir),
            turns=turns,
            metrics=metrics,
            workers=workers,
            readiness=Readiness(opened),
            start_up=start_up,
        )
        beside = [asyncio.create_task(metrics.loop_lag.watch())]
        if workers.files is not None:
            beside.append(asyncio.create_task(workers.files.share()))
        preparing = None if start_up is None else asyncio.create_task(start_up.run())
        try:
            yield
        finally:
            turns.draining = True
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            if preparing is not None:
                await preparing
            await asyncio.to_thread(opened.close)

    app = FastAPI(
        title="MDSA",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Their pages load scripts from other hosts.
        docs_url=None,
        redoc_url=None,
    )
    install_problems(app)
    install_description(app)
    for part in (chat, sessions, domains, operations, chat_completions, responses):
        app.include_router(part.router)
    if limits.langserve:
        from mdsa.server.langserve import routes

        app.include_router(routes.router)
    if limits.dashboard:
        for part in (pages, figures_routes, knowledge_routes):
            app.include_router(part.router)
    app.add_middleware(TraceScope)
    app.add_middleware(RequestScope, settings=limits)
    if limits.cors_origins:  # outermost: a browser is to read refusals, too
        app.add_middleware(
            CORSMiddleware,
            allow_origins=limits.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    return app


def _open(agent: AgentSource) -> TinyBERTOrchestrator:
    if isinstance(agent, TinyBERTOrchestrator):
        return agent
    if callable(agent):
        return agent()
    return TinyBERTOrchestrator.from_app(agent)
