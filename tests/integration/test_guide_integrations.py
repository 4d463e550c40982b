"""The guide's ways of putting an orchestrator behind FastAPI, Flask and Gradio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fakes.agents import make_agent, scripted
from fastapi import FastAPI
from fastapi.testclient import TestClient
from flask import Flask, jsonify, request
from pydantic import BaseModel

from mdsa.core.orchestrator import TinyBERTOrchestrator

STATS = ["requests_total", "domains_registered", "success_rate", "average_latency_ms"]


class ChatRequest(BaseModel):
    message: str
    user_id: str | None = None
    context: dict[str, Any] = {}


@pytest.fixture
def orchestrator(tmp_path: Path) -> Iterator[TinyBERTOrchestrator]:
    agent = make_agent(tmp_path, models={"clerk": scripted("How can I help?")})
    agent.register_domain("customer_support", "Inquiries", ["help"], "fake://clerk")
    with agent:
        yield agent


@pytest.mark.parametrize("user_id", [None, "user_001"])
def test_a_coroutine_of_fastapi_calls_the_blocking_method(
    orchestrator: TinyBERTOrchestrator, user_id: str | None
):
    app = FastAPI()

    @app.post("/chat")
    async def chat(body: ChatRequest) -> dict[str, Any]:
        context = {**body.context, "user_id": body.user_id}
        return dict(orchestrator.process_request(message=body.message, context=context))

    @app.get("/metrics")
    async def metrics() -> dict[str, Any]:
        return orchestrator.get_stats()

    with TestClient(app) as http:
        asked = {"message": "I need help", "user_id": user_id, "context": {"order_id": "7"}}
        answer = http.post("/chat", json=asked).json()
        stats = http.get("/metrics").json()

    assert (answer["response"], answer["domain"]) == ("How can I help?", "customer_support")
    assert answer["latency_ms"] > 0
    assert [stats[name] for name in STATS[:3]] == [1, 1, 1.0]


def test_a_view_of_flask_answers(orchestrator: TinyBERTOrchestrator):
    app = Flask(__name__)

    @app.post("/api/chat")
    def chat() -> Any:
        result = orchestrator.process_request(message=request.json["message"])
        return jsonify({name: result[name] for name in ("response", "domain", "confidence")})  # type: ignore[literal-required] # names of the result's own

    @app.get("/api/metrics")
    def metrics() -> Any:
        return jsonify(orchestrator.get_stats())

    answer = app.test_client().post("/api/chat", json={"message": "help"}).json
    assert answer["response"] == "How can I help?"
    assert 0 <= answer["confidence"] <= 1
    assert set(STATS) <= set(app.test_client().get("/api/metrics").json)


def test_a_chat_of_gradio_grows_by_two_messages(orchestrator: TinyBERTOrchestrator):
    chatbot = gr.Chatbot()
    shown: list[Any] = []
    for count in (2, 4):
        # What a page sends back is not what the function appended before.
        history = chatbot.preprocess(chatbot.postprocess(shown))
        result = orchestrator.process_request(message="help")
        history.append({"role": "user", "content": "help"})
        history.append({"role": "assistant", "content": result["response"]})
        shown = history
        sent = chatbot.postprocess(shown)
        assert [message.role for message in sent.root] == ["user", "assistant"] * (count // 2)
        assert "How can I help?" in str(sent.root[-1].content)
