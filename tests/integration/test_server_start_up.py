"""Between its start and being ready, a server loads what the first turn needs."""

from __future__ import annotations

from pathlib import Path

from fakes.web_agents import Clerk, serving, until, web_agent

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
