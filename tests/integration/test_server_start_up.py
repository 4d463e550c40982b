"""Between its start and being ready, a server loads what the first turn needs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.routing import WordRouter
from fakes.web_agents import Clerk, serving, until, web_agent
from typing_extensions import override

from mdsa.router import Route
from mdsa.server.start_up import StartUp


async def test_it_is_ready_once_what_the_first_turn_needs_is_there(tmp_path: Path):
    clerk = Clerk()
    agent = web_agent(tmp_path, clerk)
    async with serving(agent, warm_up=True) as (app, http):
        start_up: StartUp = app.state.service.start_up
        await until(lambda: start_up.over)
        assert (await http.get("/ready")).status_code == 200
        # Nothing of it is to be seen, and no model of the domains was asked.
        assert (await http.get("/sessions")).json() == []
        assert (await http.get("/stats")).json()["requests_total"] == 0
        assert clerk.asked == []


async def test_meanwhile_it_is_not_ready_and_answers(tmp_path: Path):
    agent = web_agent(tmp_path, Clerk())
    async with serving(agent) as (app, http):
        app.state.service.start_up = StartUp(agent)  # it was not told to begin
        ready = await http.get("/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "starting")
        assert (await http.post("/chat", json={"message": "an order"})).status_code == 200


class BrokenRouter(WordRouter):
    @override
    def route(self, texts: Sequence[str]) -> list[Route]:
        raise RuntimeError("the router is broken")


async def test_what_nobody_foresaw_is_logged_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    agent = web_agent(tmp_path, Clerk(), router=BrokenRouter({}))
    async with serving(agent, warm_up=True) as (app, _):
        start_up: StartUp = app.state.service.start_up
        await until(lambda: start_up.over)
    assert "RuntimeError: the router is broken" in caplog.text
    assert "in route" in caplog.text


class SlowRouter(WordRouter):
    def __init__(self) -> None:
        super().__init__({})
        self.begun, self.ended = threading.Event(), threading.Event()

    @override
    def route(self, texts: Sequence[str]) -> list[Route]:
        self.begun.set()
        threading.Event().wait(0.5)  # longer than an agent that has done nothing takes to close
        self.ended.set()
        return super().route(texts)


async def test_a_server_that_stops_meanwhile_closes_nothing_that_is_in_use(tmp_path: Path):
    router = SlowRouter()
    async with serving(web_agent(tmp_path, Clerk(), router=router), warm_up=True):
        assert await asyncio.to_thread(router.begun.wait, 30)
    assert router.ended.is_set()
