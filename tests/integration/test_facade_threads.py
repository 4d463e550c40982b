"""One agent, many threads and event loops: turns are serialised by session, and none is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes.agents import make_agent, scripted
from fakes.routing import WordRouter
from langchain_core.messages import BaseMessage, HumanMessage

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import MdsaError, RequestTimeoutError, SessionBusyError
from mdsa.models import ModelRegistry
from mdsa.router import Route

THREADS = 8


class Gate:
    """Tells the question and how many turns came before; "wait" in it waits for the test."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.open = threading.Event()

    async def __call__(self, messages: list[BaseMessage]) -> str:
        if "wait" in str(messages[-1].text):
            self.asked.set()
            await asyncio.to_thread(self.open.wait)
        earlier = sum(isinstance(message, HumanMessage) for message in messages) - 1
        return f"{messages[-1].text} after {earlier} turns"


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def agent(tmp_path: Path, gate: Gate) -> Iterator[TinyBERTOrchestrator]:
    with make_agent(tmp_path, models={"gate": scripted(lambda m: gate(m))}) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://gate")
        yield agent
        gate.open.set()


def contents(agent: TinyBERTOrchestrator, session: str) -> list[str]:
    return [message["content"] for message in agent.sessions.show(session).messages]


def load_all(agent: TinyBERTOrchestrator) -> None:
    """Load what the first turn would, so that it costs no turn its time."""
    agent.rag.query("order", domain="orders")
    ModelRegistry().get("embedded://reader").invoke("order")
    assert agent.sessions.list() == []


def test_threads_with_sessions_of_their_own(agent: TinyBERTOrchestrator):
    def talk(number: int) -> None:
        for turn in range(3):
            message = f"order {number}.{turn}"
            result = agent.process_request(message, {"session_id": f"s{number}"})
            assert message in result["response"]

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(talk, range(THREADS)))

    for number in range(THREADS):
        asked = contents(agent, f"s{number}")[::2]
        assert asked == [f"order {number}.{turn}" for turn in range(3)]
    stats = agent.get_stats()
    assert stats["requests_total"] == stats["requests_success"] == 3 * THREADS
    assert stats["domain_stats"] == {"orders": 3 * THREADS}
    assert stats["nodes"]["merge"]["count"] == 3 * THREADS
    assert stats["message_bus"]["messages_by_topic"]["request.completed"] == 3 * THREADS


def test_threads_on_one_session_take_turns(agent: TinyBERTOrchestrator):
    messages = [f"order {number}" for number in range(2 * THREADS)]

    def ask(message: str) -> str:
        return agent.process_request(message, {"session_id": "shared"})["response"]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = dict(zip(messages, pool.map(ask, messages), strict=True))

    kept = contents(agent, "shared")
    assert sorted(kept[::2]) == sorted(messages)
    # Each question is followed by its own answer, and each turn was told of those before it.
    for number, (question, answer) in enumerate(zip(kept[::2], kept[1::2], strict=True)):
        assert answer == answers[question] == f"{question} after {number} turns"
    assert agent.sessions.show("shared").turns == len(messages)


def test_two_event_loops_share_an_agent(agent: TinyBERTOrchestrator):
    async def talk(name: str) -> list[str]:
        turns = (agent.aprocess_request(f"order {name}{n}", {"session_id": "s"}) for n in range(4))
        return [result["response"] for result in await asyncio.gather(*turns)]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda name: asyncio.run(talk(name)), "ab"))

    assert sorted(contents(agent, "s")[::2]) == sorted(
        f"order {n}{i}" for n in "ab" for i in range(4)
    )
    assert sorted(contents(agent, "s")[1::2]) == sorted(answers[0] + answers[1])


async def test_the_sync_call_works_from_within_an_event_loop(agent: TinyBERTOrchestrator):
    # As the guide's FastAPI example has it.
    assert agent.process_request("an order")["domain"] == "orders"


def test_a_subscriber_that_asks_again_is_refused_and_the_turn_goes_on(agent: TinyBERTOrchestrator):
    heard: list[Any] = []

    def ask_again(message: Any) -> None:
        # On the agent's own loop, where waiting for it could not end.
        with pytest.raises(RuntimeError, match="event loop") as raised:
            agent.process_request("an order")
        heard.append(raised.value)

    subscription = agent.message_bus.subscribe("request.completed", ask_again)
    assert agent.process_request("an order")["domain"] == "orders"
    subscription.unsubscribe()
    assert len(heard) == 1


def test_domains_come_and_go_while_requests_run(agent: TinyBERTOrchestrator):
    done = threading.Event()

    def come_and_go() -> None:
        number = 0
        while not done.wait(0.01):  # without a pause the compiler of graphs gets no turn
            agent.register_domain("billing", f"Invoices {number}", ["invoice"])
            agent.get_stats()
            agent.remove_domain("billing")
            number += 1

    def ask(number: int) -> set[str]:
        found = set()
        for _ in range(5):
            result = agent.process_request(f"an invoice for order {number}")
            assert "order" in result["response"] or result["decision"] == "clarify"
            found.add(result["domain"])
            assert set(result["domains"]) <= {"orders", "billing"}
        return found

    changing = threading.Thread(target=come_and_go)
    changing.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = set().union(*pool.map(ask, range(4)))
    finally:
        done.set()
        changing.join()

    assert "orders" in found
    assert found <= {"orders", "billing", "clarify"}
    assert agent.get_stats()["requests_failed"] == 0
    assert [domain.name for domain in agent.domains] == ["orders"]


def test_a_session_that_is_busy_for_too_long(tmp_path: Path, gate: Gate):
    models = {"gate": scripted(lambda m: gate(m))}
    with make_agent(tmp_path, models=models, session_wait_s=0.05) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://gate")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(agent.process_request, "wait order", {"session_id": "s"})
            assert gate.asked.wait(30)

            with pytest.raises(SessionBusyError, match="'s' is busy"):
                agent.process_request("an order", {"session_id": "s"})
            assert agent.process_request("an order", {"session_id": "t"})["domain"] == "orders"

            gate.open.set()
            assert "wait order" in first.result()["response"]
        assert contents(agent, "s")[::2] == ["wait order"]


def test_a_model_that_takes_too_long_is_replaced(tmp_path: Path, gate: Gate):
    models = {"gate": scripted(lambda m: gate(m))}
    with make_agent(tmp_path, models=models, request_timeout_s=3.0) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://gate")
        load_all(agent)

        # Half of the time belongs to the model; then the reader answers in its place.
        try:
            result = agent.process_request("wait order", {"session_id": "s"})
        finally:
            gate.open.set()

        assert result["degraded"] is True
        assert agent.sessions.show("s").turns == 1


def test_a_stuck_reader_of_the_knowledge_is_left_behind(tmp_path: Path):
    with make_agent(tmp_path, request_timeout_s=1.5) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://parrot")
        load_all(agent)
        with agent.rag._snapshots._lock:  # stands for a disk that does not answer
            result = agent.process_request("an order", {"session_id": "s"})
        assert result["response"] == "I could not answer this in time: “an order”"
        assert result["degraded"] is True
        assert "told" in agent.process_request("an order", {"session_id": "s"})["response"]


class StuckRouter(WordRouter):
    """Waits for the test before it routes."""

    def __init__(self) -> None:
        super().__init__({})
        self.open = threading.Event()

    def route(self, texts: Sequence[str]) -> list[Route]:
        self.open.wait(30)
        return super().route(texts)


def test_a_turn_that_gets_nowhere_is_stopped(tmp_path: Path):
    router = StuckRouter()
    with make_agent(tmp_path, router=router, request_timeout_s=0.2) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://parrot")
        with pytest.raises(RequestTimeoutError, match=r"0\.2 s.*MDSA_REQUEST_TIMEOUT_S"):
            agent.process_request("an order", {"session_id": "s"})
        router.open.set()
        assert agent.get_stats()["errors"] == {"RequestTimeoutError": 1}


def test_close_waits_for_the_turn_and_the_agent_can_be_used_again(
    agent: TinyBERTOrchestrator, gate: Gate
):
    with ThreadPoolExecutor(2) as pool:
        turn = pool.submit(agent.process_request, "wait order", {"session_id": "s"})
        assert gate.asked.wait(30)
        closing = pool.submit(agent.close)
        assert not closing.done()
        gate.open.set()
        assert "wait order" in turn.result()["response"]
        closing.result()
    agent.close()

    assert agent.process_request("an order", {"session_id": "s"})["domain"] == "orders"
    assert contents(agent, "s")[::2] == ["wait order", "an order"]


def test_threads_that_close_while_others_ask(agent: TinyBERTOrchestrator):
    def ask(number: int) -> bool:
        try:
            return (
                agent.process_request(f"order {number}", {"session_id": "s"})["domain"] == "orders"
            )
        except MdsaError as error:
            if "closed" not in str(error):
                raise
            return False

    with ThreadPoolExecutor(4) as pool:
        turns = [pool.submit(ask, number) for number in range(24)]
        for _ in range(4):
            agent.close()
        answered = sum(turn.result() for turn in turns)

    assert agent.sessions.show("s").turns == answered
    assert len(contents(agent, "s")) == 2 * answered


async def test_a_cancelled_caller_stops_the_turn(agent: TinyBERTOrchestrator, gate: Gate):
    turn = asyncio.create_task(agent.aprocess_request("wait order", {"session_id": "s"}))
    assert await asyncio.to_thread(gate.asked.wait, 30)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn

    # The lease is free although the gate never opened.
    result = await agent.aprocess_request("an order", {"session_id": "s"})
    assert result["domain"] == "orders"
