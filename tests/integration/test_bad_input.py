"""Input that cannot be used: one clear error each, nothing lost, and the agent goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fakes.agents import make_agent, scripted
from fakes.chat_models import calls

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.domains import DomainConfig
from mdsa.errors import (
    ConfigError,
    DuplicateNameError,
    InvalidInputError,
    MdsaError,
    SessionAccessError,
    UnknownNameError,
    UnknownSessionError,
)
from mdsa.retrieval.ingest import ingest
from mdsa.tools import Tool, ToolRegistry

MEGABYTE = "order " * (2**20 // 6)


def _cancel_order(order_id: str) -> str:
    return f"cancelled {order_id}"


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyBERTOrchestrator]:
    tools = ToolRegistry()
    tools.register(Tool("cancel_order", "Cancel an order.", _cancel_order, writes=True))
    clerk = scripted(
        calls(("cancel_order", "call-1", {"order_id": "7"})), lambda m: str(m[-1].text)
    )
    folder = tmp_path_factory.mktemp("bad_input")
    with make_agent(folder, models={"clerk": clerk}, tools=tools, ollama_base_url=None) as agent:
        agent.register_domain("orders", "Orders", ["order"])
        agent.register_domain(
            "cancelling", "Cancelling", ["cancel"], "fake://clerk", tools=["cancel_order"]
        )
        agent.rag.add_local_documents("orders", [{"content": "An order takes two days."}])
        agent.process_request("an order", {"session_id": "kept", "user_id": "owner"})
        agent.process_request("an order", {"session_id": "done"})
        agent.process_request("cancel it", {"session_id": "waiting"})
        yield agent


def state_of(agent: TinyBERTOrchestrator) -> Any:
    """Everything that a refused call could have changed."""
    return (
        [agent.sessions.show(info.session_id) for info in agent.sessions.list()],
        agent.domains,
        agent.tools.names(),
        agent.rag.stats(),
    )


@contextmanager
def nothing_changes(agent: TinyBERTOrchestrator) -> Iterator[None]:
    before = state_of(agent)
    yield
    assert state_of(agent) == before
    result = agent.process_request("an order")
    assert result["domain"] == "orders"
    agent.sessions.delete(result["session_id"])


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("\u200b\u202e", "empty"),
        (MEGABYTE, "1048572 characters, the most is 20000.*MDSA_MAX_MESSAGE_CHARS"),
        ("an \0 order", r"'\\x00' at position 3"),
        ("an \ud83d order", r"surrogate pair, '\\ud83d', at position 3"),
        (None, "NoneType"),
        (12345, "int"),
        (b"an order", "bytes"),
        (["an order"], "list"),
    ],
    ids=["empty", "blank", "invisible", "1MB", "NUL", "surrogate", "None", "int", "bytes", "list"],
)
async def test_a_message_that_cannot_be_read(
    agent: TinyBERTOrchestrator, message: Any, reason: str
):
    context = {"session_id": "kept"}
    with nothing_changes(agent):
        with pytest.raises(InvalidInputError, match=reason):
            agent.process_request(message, context)
        with pytest.raises(InvalidInputError, match=reason):
            await agent.aprocess_request(message, context)
        with pytest.raises(InvalidInputError, match=reason):
            agent.stream_request(message, context)
        with pytest.raises(InvalidInputError, match=reason):
            await anext(agent.astream_request(message, context))


@pytest.mark.parametrize(
    "message",
    [
        "أين طلبي order؟",
        "איפה ההזמנה order שלי",
        "order 📦🚚 👩‍👩‍👧‍👦 🇫🇷?",
        "order e\u0301te\u0301",
        "order\r\n\tnow",
        "\u202eredro order\u202c",
    ],
)
def test_any_script_is_answered_and_kept(agent: TinyBERTOrchestrator, message: str):
    result = agent.process_request(message)

    composed = message.replace("e\u0301", "é").strip()
    assert result["domain"] == "orders"
    assert composed in result["response"]
    shown = agent.sessions.show(result["session_id"]).messages
    assert [item["content"] for item in shown] == [composed, result["response"]]


def test_a_long_message_is_answered_where_settings_allow_it(tmp_path: Path):
    with make_agent(tmp_path, max_message_chars=2**21) as agent:
        agent.register_domain("orders", "Orders", ["order"])

        long = " ".join(f"order {number}" for number in range(80_000))
        assert len(long) > 20_000
        assert long in agent.process_request(long)["response"]


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (5, "type int"),
        ("kept", "type str"),
        ({"session_id": ""}, "session_id ''"),
        ({"session_id": 5}, "session_id 5"),
        ({"session_id": "a\0"}, r"a\\x00"),
        ({"session_id": "\ud83d"}, r"\\ud83d"),
        ({"session_id": "s" * 201}, "200 printable"),
        ({"user_id": 5}, "'user_id'.*got 5"),
        ({"user_id": "\ud83d"}, r"'user_id' holds '\\ud83d'"),
        ({"user_id": "a\0"}, r"'user_id' holds '\\x00'"),
        ({"threshold": "high"}, "'threshold'.*'high'"),
        ({"threshold": 1.5}, "'threshold'.*1.5"),
        ({"threshold": float("nan")}, "'threshold'.*nan"),
        ({"max_domains": 0}, "'max_domains'.*got 0"),
        ({"allowed_domains": "orders"}, "'allowed_domains'.*'orders'"),
        ({"allowed_domains": [5]}, "'allowed_domains.0'.*got 5"),
        ({"order": object()}, "'order' is of type object"),
        ({"order": ["7"]}, "'order' is of type list"),
        ({"order": "\ud83d"}, r"'order' holds '\\ud83d'"),
        ({"order": "7\0"}, r"'order' holds '\\x00' at position 1"),
        ({"order\ud83d": 7}, r"holds '\\ud83d'"),
        ({"order": MEGABYTE}, "1048577 characters, the most is 20000, and 'order'"),
        ({"order": 10**5000}, "bits; pass it as text"),
        ({5: "order"}, "key 5 is not text"),
        ({"facts": "order"}, "'facts' is of type str"),
        ({"facts": {"order": object()}}, "'order' is of type object"),
    ],
)
def test_a_context_that_cannot_be_used(agent: TinyBERTOrchestrator, context: Any, reason: str):
    with nothing_changes(agent), pytest.raises(InvalidInputError, match=reason):
        agent.process_request("an order", context)


def test_an_unknown_domain_in_the_context_lists_the_known(agent: TinyBERTOrchestrator):
    with (
        nothing_changes(agent),
        pytest.raises(UnknownNameError, match="'order'; did you mean 'orders'"),
    ):
        agent.process_request("an order", {"allowed_domains": ["order"]})


STRANGER = {"session_id": "kept", "user_id": "stranger"}


@pytest.mark.parametrize(
    "call",
    [
        lambda agent: agent.process_request("an order", STRANGER),
        lambda agent: list(agent.stream_request("an order", STRANGER)),
        lambda agent: agent.resume("kept", True, {"user_id": "stranger"}),
        lambda agent: agent.sessions.show("kept", "stranger"),
        lambda agent: agent.sessions.delete("kept", "stranger"),
    ],
    ids=["process", "stream", "resume", "show", "delete"],
)
def test_another_users_session(agent: TinyBERTOrchestrator, call: Callable[[Any], object]):
    with nothing_changes(agent), pytest.raises(SessionAccessError, match=r"'kept'.*'stranger'"):
        call(agent)


@pytest.mark.parametrize(
    ("session", "decision", "error", "reason"),
    [
        ("none such", True, UnknownSessionError, "'none such'"),
        ("done", None, InvalidInputError, "'done' has no unfinished turn"),
        ("done", True, InvalidInputError, "'done' has no unfinished turn"),
        ("kept", True, SessionAccessError, "'kept' belongs to another user"),
        ("waiting", None, InvalidInputError, "True, False or a mapping.*call-1"),
        ("waiting", "yes", InvalidInputError, "'yes'"),
        ("waiting", 1, InvalidInputError, "1; resume with true"),
        ("waiting", {"call-1": "yes"}, InvalidInputError, "'yes'"),
        ("waiting", {"call-2": True}, InvalidInputError, "'call-2'.*those that do: call-1"),
        ("", True, InvalidInputError, "session_id ''"),
    ],
)
async def test_a_resumption_that_makes_no_sense(
    agent: TinyBERTOrchestrator, session: str, decision: Any, error: type[Exception], reason: str
):
    with nothing_changes(agent):
        with pytest.raises(error, match=reason):
            agent.resume(session, decision)
        with pytest.raises(error, match=reason):
            await agent.aresume(session, decision)


def test_the_call_that_waits_is_approved_after_all_those_errors(tmp_path: Path):
    tools = ToolRegistry()
    tools.register(Tool("cancel_order", "Cancel an order.", _cancel_order, writes=True))
    clerk = scripted(calls(("cancel_order", "c", {"order_id": "7"})), lambda m: str(m[-1].text))
    with make_agent(tmp_path, models={"clerk": clerk}, tools=tools) as agent:
        agent.register_domain("orders", "Orders", ["order"], "fake://clerk", tools=["cancel_order"])
        waiting = agent.process_request("an order")
        for wrong in ("yes", None, {"d": True}):
            with pytest.raises(InvalidInputError):
                agent.resume(waiting["session_id"], wrong)  # type: ignore[arg-type]  # on purpose

        assert agent.resume(waiting["session_id"], {"c": True})["response"] == "cancelled 7"


@pytest.mark.parametrize(
    ("fields", "error", "reason"),
    [
        ({"name": "orders"}, DuplicateNameError, "'orders' is registered already; remove it"),
        ({"name": ""}, InvalidInputError, "got ''"),
        ({"name": 5}, InvalidInputError, "got 5"),
        ({"name": "../a"}, InvalidInputError, "'../a'"),
        ({"name": "merge"}, InvalidInputError, "'merge' is reserved"),
        ({"description": None}, InvalidInputError, "'description'"),
        ({"description": " "}, InvalidInputError, "'description'.*got ' '"),
        ({"description": "a\ud83d"}, InvalidInputError, r"'description'.*\\ud83d"),
        ({"keywords": "help"}, InvalidInputError, "'keywords'.*'help'"),
        ({"keywords": 5}, InvalidInputError, "'keywords'.*got 5"),
        ({"keywords": ["a", 5]}, InvalidInputError, "'keywords.1'.*got 5"),
        ({"keywords": ["\ud83d"]}, InvalidInputError, "'keywords.0'"),
        ({"examples": ["a\0"]}, InvalidInputError, "'examples.0'"),
        ({"model_name": "llama://3"}, UnknownNameError, "model scheme 'llama'.*ollama"),
        ({"model_name": "embedded://chat"}, UnknownNameError, "'chat'"),
        ({"model_name": "ollama://"}, ConfigError, "'ollama://' names no model"),
        ({"model_name": 5}, InvalidInputError, "'model_name'.*got 5"),
        ({"tools": ["cancel"]}, UnknownNameError, "'cancel'; did you mean 'cancel_order'"),
        ({"tools": "cancel_order"}, InvalidInputError, "'tools'"),
        ({"temperature": 3}, InvalidInputError, "'temperature'.*got 3"),
        ({"max_tokens": 0}, InvalidInputError, "'max_tokens'.*got 0"),
        ({"colour": "red"}, InvalidInputError, "'colour'"),
    ],
)
def test_a_domain_that_cannot_be_registered(
    agent: TinyBERTOrchestrator, fields: dict[str, Any], error: type[Exception], reason: str
):
    with nothing_changes(agent), pytest.raises(error, match=reason):
        agent.register_domain(
            **{"name": "new", "description": "New things", "keywords": ["new"], **fields}
        )


def test_a_whole_domain_comes_alone(agent: TinyBERTOrchestrator):
    domain = DomainConfig(name="new", description="New things")
    with nothing_changes(agent), pytest.raises(InvalidInputError, match="a complete DomainConfig"):
        agent.register_domain(domain, model_name="fake://parrot")


@pytest.mark.parametrize("name", ["order", "", None, 5, ["orders"]])
def test_a_domain_that_cannot_be_removed(agent: TinyBERTOrchestrator, name: Any):
    with nothing_changes(agent), pytest.raises(MdsaError, match=r"order|text"):
        agent.remove_domain(name)


def test_a_router_that_refuses_a_domain_leaves_it_unregistered(agent: TinyBERTOrchestrator):
    agent._assembly.router.add_domain(DomainConfig(name="new", description="New").router_domain())
    with nothing_changes(agent), pytest.raises(DuplicateNameError, match="'new'"):
        agent.register_domain("new", "New things", ["new"])
    agent._assembly.router.remove_domain("new")


def test_a_tool_is_registered_once(agent: TinyBERTOrchestrator):
    with (
        nothing_changes(agent),
        pytest.raises(DuplicateNameError, match="tool 'cancel_order' is registered already"),
    ):
        agent.tools.register(Tool("cancel_order", "Another one.", _cancel_order))


def test_documents_are_stored_all_or_none(agent: TinyBERTOrchestrator):
    with nothing_changes(agent), pytest.raises(InvalidInputError, match=r"document 1.*'content'"):
        agent.rag.add_local_documents("orders", [{"content": "one"}, {"content": " "}])


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        ({"intent_model_path": ""}, InvalidInputError, "''"),
        ({"intent_model_path": 5}, InvalidInputError, "5"),
        ({"intent_model_path": "a\0"}, InvalidInputError, r"a\\x00"),
        ({"intent_model_path": "."}, ConfigError, "'.'"),
        ({"reasoning_model_path": 5}, InvalidInputError, "reasoning_model_path is 5"),
        ({"reasoning_model_path": ""}, ConfigError, "''"),
        ({"reasoning_model_path": "llama://3"}, UnknownNameError, "'llama'"),
        ({"default_model": "llama://3"}, UnknownNameError, "'llama'"),
        ({"device": "gpu"}, InvalidInputError, "'gpu'.*cuda"),
        ({"device": None}, InvalidInputError, "None.*cuda"),
        ({"use_reasoning_threshold": 1.1}, InvalidInputError, "1.1"),
        ({"use_reasoning_threshold": "0.7"}, InvalidInputError, "'0.7'"),
        ({"use_reasoning_threshold": float("nan")}, InvalidInputError, "nan"),
        ({"quantization": "int3"}, InvalidInputError, "'int3'"),
    ],
    ids=str,
)
def test_an_agent_that_cannot_be_made(
    arguments: dict[str, Any], error: type[Exception], reason: str
):
    with pytest.raises(error, match=reason):
        TinyBERTOrchestrator(**arguments)


def test_a_wrong_environment_variable_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MDSA_REQUEST_TIMEOUT_S", "soon")
    with pytest.raises(ConfigError, match=r"(?i)request_timeout_s.*'soon'"):
        TinyBERTOrchestrator()


def test_a_document_that_breaks_later_does_not_cost_what_was_stored(
    tmp_path: Path, agent: TinyBERTOrchestrator
):
    notes = tmp_path / "notes.json"
    notes.write_text('[{"content": "The first version of the notes."}]')
    ingest([tmp_path], agent.rag, domain="notes")
    notes.write_text('[{"content": "The second ver')

    report = ingest([tmp_path], agent.rag, domain="notes")

    ((path, reason),) = report.failed
    assert path == notes
    assert "notes.json: is not JSON" in reason
    (stored,) = agent.rag.documents(domain="notes")
    assert "first version" in stored.page_content
    agent.rag.remove_domain("notes")
