"""The agent in your own FastAPI application: JSON, server-sent events, a session per client."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import uuid4

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel
from starlette.middleware.sessions import SessionMiddleware

from mdsa import MdsaError, TinyBERTOrchestrator
from mdsa.core.result import RequestResult
from mdsa.server.problems import describe, install_problems


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, TinyBERTOrchestrator]]:
    """Open the agent that `MDSA_APP` describes, or the example shop's, once for all requests."""
    agent = await asyncio.to_thread(TinyBERTOrchestrator.from_app)
    yield {"agent": agent}
    await asyncio.to_thread(agent.close)


# The pages of docs_url and redoc_url load scripts from other hosts.
app = FastAPI(title="Shop assistant", lifespan=lifespan, docs_url=None, redoc_url=None)
install_problems(app)  # errors of the agent become application/problem+json
app.add_middleware(
    SessionMiddleware,
    # Set it where cookies should outlive the process, or several processes should share them.
    secret_key=os.environ.get("SECRET_KEY") or secrets.token_hex(),
    same_site="strict",
)


def opened_agent(request: Request) -> TinyBERTOrchestrator:
    """The agent of this process."""
    agent: TinyBERTOrchestrator = request.state.agent
    return agent


def client_context(request: Request) -> dict[str, Any]:
    """Who asks, from the signed cookie: what a body said of it could be anybody's."""
    return {
        "user_id": request.session.setdefault("user", uuid4().hex),
        "session_id": request.session.setdefault("conversation", uuid4().hex),
    }


Agent = Annotated[TinyBERTOrchestrator, Depends(opened_agent)]
Context = Annotated[dict[str, Any], Depends(client_context)]


class Message(BaseModel):
    """What the user wrote."""

    message: str


class Decision(BaseModel):
    """On the tool calls that an answer's `interrupts` name."""

    approve: bool


@app.post("/chat")
async def chat(body: Message, agent: Agent, context: Context) -> RequestResult:
    """Answer a message."""
    return await agent.aprocess_request(body.message, context)


@app.post("/chat/stream", response_class=EventSourceResponse)
async def stream(
    body: Message, request: Request, agent: Agent, context: Context
) -> AsyncIterator[ServerSentEvent]:
    """Answer a message, telling what happens on the way; the last event is `final` or `error`."""
    try:
        async for event in agent.astream_request(body.message, context):
            yield ServerSentEvent(event=event["type"], data=event)
    except MdsaError as error:
        problem, _ = describe(error, request.scope)
        yield ServerSentEvent(event="error", data=problem)


@app.post("/chat/decision")
async def decide(body: Decision, agent: Agent, context: Context) -> RequestResult:
    """Approve or decline the tool calls that wait, and finish the turn."""
    return await agent.aresume(context["session_id"], body.approve, {"user_id": context["user_id"]})


@app.delete("/chat", status_code=204)
async def begin_anew(request: Request) -> None:
    """Let the next message begin another conversation."""
    request.session.pop("conversation", None)


@app.get("/health")
async def health() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "healthy"}


@app.get("/metrics")
async def metrics(agent: Agent) -> dict[str, Any]:
    """Tell what happened so far; keep it from the public."""
    return agent.get_stats()


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
