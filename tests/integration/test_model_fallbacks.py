"""An agent whose models fail: the turn is answered, the result says by whom, and metrics count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.agents import make_agent, scripted
from fakes.chat_models import ScriptedChatModel, calls

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import ContextOverflowError, ModelUnavailableError, RegistryError, UnknownNameError
from mdsa.tools import Tool, ToolRegistry

DOWN = ModelUnavailableError("no server")


def open_agent(folder: Path, *, fallback: Any = (), **models: ScriptedChatModel) -> Any:
    agent = make_agent(folder, models=models, breaker_failures=2)
    agent.register_domain("orders", "Orders", ["order"], "fake://main", fallback=fallback)
    agent.rag.add_local_documents(
        domain="orders", documents=[{"content": "An order is packed within two days."}]
    )
    return agent


def test_the_domains_fallback_answers_before_the_reader(tmp_path: Path):
    models = {"main": scripted(DOWN), "spare": scripted("from the spare one")}
    with open_agent(tmp_path, fallback="fake://spare", **models) as agent:
        result = agent.process_request("When is an order packed?")

    assert result["response"] == "from the spare one"
    assert (result["degraded"], result["models"]) == (True, ["fake://spare"])
    assert result["failures"] == [{"model": "fake://main", "reason": "unavailable"}]


def test_calls_that_a_fallback_proposes_are_told_to_be_its_own(tmp_path: Path):
    tools = ToolRegistry()
    tools.register(Tool("cancel", "Cancel an order.", lambda: "gone", writes=True))
    models = {"main": scripted(DOWN), "spare": scripted(calls(("cancel", "c", {})), "done")}
    with make_agent(tmp_path, models=models, tools=tools) as agent:
        agent.register_domain(
            "orders", "Orders", ["order"], "fake://main", tools=["cancel"], fallback="fake://spare"
        )
        waiting = agent.process_request("cancel the order", {"session_id": "s"})
        assert waiting["interrupts"]
        asked_in_vain = [{"model": "fake://main", "reason": "unavailable"}]
        assert (waiting["degraded"], waiting["failures"]) == (True, asked_in_vain)
        assert agent.get_stats()["model_failures"] == {}

        done = agent.resume("s", True)
        assert (done["degraded"], done["failures"][:1]) == (True, asked_in_vain)


def test_the_settings_fallback_serves_domains_that_name_none(tmp_path: Path):
    models = {"main": scripted(DOWN), "spare": scripted("from the spare one")}
    with make_agent(tmp_path, models=models, fallback_models=["fake://spare"]) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://main")
        assert agent.process_request("an order")["models"] == ["fake://spare"]


def test_after_all_others_the_reader_answers_from_the_passages(tmp_path: Path):
    models = {"main": scripted(DOWN), "spare": scripted("")}
    with open_agent(tmp_path, fallback=["fake://spare"], **models) as agent:
        result = agent.process_request("When is an order packed?")

    assert "two days" in result["response"]
    assert result["models"] == ["embedded://reader"]
    assert [failure["reason"] for failure in result["failures"]] == ["unavailable", "bad_output"]


def test_a_model_that_keeps_failing_is_not_asked_for_a_while(tmp_path: Path):
    main = scripted(DOWN)
    with open_agent(tmp_path, main=main) as agent:
        results = [agent.process_request("When is an order packed?") for _ in range(4)]
        stats = agent.get_stats()

    assert len(main.prompts) == 2
    assert all("two days" in result["response"] for result in results)
    assert stats["model_failures"] == {"fake://main": {"unavailable": 2, "circuit_open": 2}}
    assert stats["model_stats"] == {"embedded://reader": 4}
    breaker = stats["models"]["breakers"]["fake://main"]
    assert (breaker["state"], breaker["refused_total"]) == ("open", 2)
    assert stats["requests_failed"] == 0


def test_domains_of_one_model_share_its_breaker(tmp_path: Path):
    main = scripted(DOWN)
    with open_agent(tmp_path, main=main) as agent:
        agent.register_domain("bills", "Bills", ["bill"], "fake://main", temperature=0.1)
        for message in ("an order", "a bill", "an order", "a bill"):
            assert agent.process_request(message)["degraded"]

    assert len(main.prompts) == 2


def test_the_reasoning_model_shares_the_breaker_too(tmp_path: Path):
    main = scripted(DOWN)
    with make_agent(
        tmp_path, models={"main": main}, reasoning="fake://main", breaker_failures=2
    ) as agent:
        for name, word in (("orders", "parcel"), ("returns", "refund")):
            agent.register_domain(name, name, [word])
        for _ in range(4):
            result = agent.process_request("how does a refund work? and where is my parcel?")
            assert result["domains"] == ["returns", "orders"]
            assert result["degraded"]
            assert result["failures"][0]["model"] == "fake://main"
        counts = agent.get_stats()["model_failures"]["fake://main"]

    assert len(main.prompts) == 2
    assert counts == {"unavailable": 2, "circuit_open": 2}


def test_a_prompt_that_is_too_long_is_answered_without_the_worst_passages(tmp_path: Path):
    main = scripted(ContextOverflowError("4096 tokens at most"), "short")
    with open_agent(tmp_path, main=main) as agent:
        agent.rag.add_local_documents(
            domain="orders",
            documents=[{"content": f"An order of kind {n} is packed at once."} for n in range(6)],
        )
        result = agent.process_request("When is an order packed?")

    assert (result["response"], result["degraded"]) == ("short", False)
    full, shortened = (str(prompt[-1].text).count("<passage ") for prompt in main.prompts)
    assert (full, shortened) == (5, 3)


def test_an_unknown_fallback_is_refused_when_the_domain_is_registered(tmp_path: Path):
    with make_agent(tmp_path) as agent, pytest.raises(UnknownNameError, match="did you mean"):
        agent.register_domain("orders", "Orders", ["order"], fallback=["olama://x"])


def test_a_tool_that_a_domain_counts_on_cannot_be_removed(tmp_path: Path):
    tools = ToolRegistry()
    tools.register(Tool("look_up", "Look up.", lambda: "seven", {}))
    with make_agent(tmp_path, tools=tools) as agent:
        agent.register_domain("orders", "Orders", ["order"], tools=["look_up"])

        with pytest.raises(RegistryError, match=r"'look_up'.*domain 'orders'"):
            tools.unregister("look_up")
        assert "told" in agent.process_request("an order")["response"]

        agent.remove_domain("orders")
        tools.unregister("look_up")
        assert "look_up" not in tools


def test_a_domain_that_could_not_be_registered_holds_no_tool(tmp_path: Path):
    tools = ToolRegistry()
    tools.register(Tool("look_up", "Look up.", lambda: "seven", {}))
    with make_agent(tmp_path, tools=tools) as agent:
        with pytest.raises(UnknownNameError):
            agent.register_domain("orders", "Orders", ["order"], "olama://x", tools=["look_up"])
        tools.unregister("look_up")


def test_warm_up_tells_what_is_ready(tmp_path: Path):
    with make_agent(tmp_path) as agent:
        agent.register_domain("orders", "Orders", ["order"], "hf://no/such-model")
        statuses = {status.reference: status for status in agent.warm_up()}

    assert statuses["embedded://reader"].available
    assert statuses["fake://parrot"].available
    missing = statuses["hf://no/such-model"]
    assert (missing.available, missing.remedy) == (False, "hf download no/such-model")


def test_the_models_of_all_domains_come_before_any_fallback(tmp_path: Path):
    models = {name: scripted("yes") for name in ("main", "other", "spare", "splits")}
    with make_agent(tmp_path, models=models, reasoning="fake://splits") as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://main", fallback="fake://spare")
        agent.register_domain("returns", "Returns", ["refund"], "fake://other")
        listed = [status.reference for status in agent.check_models()]

    own = ["fake://main", "fake://other", "fake://parrot", "fake://splits"]
    assert listed == [*own, "fake://spare", "embedded://reader"]


def test_an_agent_closes_the_registry_that_it_made(tmp_path: Path):
    agent = TinyBERTOrchestrator(
        reasoning_model_path="embedded://clauses",
        settings=make_agent(tmp_path).settings,
    )
    first = agent.models.get("embedded://reader")

    agent.close()

    assert agent.models.get("embedded://reader") is not first
