"""A stored blob can name data types, and call nothing else."""

import pickle
import sqlite3
import sys
import types
from datetime import UTC, datetime

import ormsgpack
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.base import CipherProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Send

from mdsa.errors import ConfigError, StorageError
from mdsa.sessions import SessionSqliteSaver, ensure_strict, strict_serializer

CONFIG = {"configurable": {"thread_id": "s1"}}


@pytest.fixture
def marker(tmp_path):
    """A function that a hostile blob can name; it leaves a file behind when called."""
    path = tmp_path / "called"
    module = types.ModuleType("mdsa_test_hostile")
    module.touch = lambda *_, **__: path.touch()
    sys.modules[module.__name__] = module
    yield path
    del sys.modules[module.__name__]


def hostile_blobs():
    """One blob for each of the extension codes by which LangGraph's serializer calls things."""
    payloads = {
        0: ("mdsa_test_hostile", "touch", "x"),
        1: ("mdsa_test_hostile", "touch", ["x"]),
        2: ("mdsa_test_hostile", "touch", {"x": 1}),
        3: ("mdsa_test_hostile", "touch", "x", "__call__"),
        4: ("mdsa_test_hostile", "touch", {"x": 1}),
        5: ("mdsa_test_hostile", "touch", {"x": 1}, "model_validate_json"),
    }
    return [
        ormsgpack.packb(
            {"evil": ormsgpack.Ext(code, ormsgpack.packb(payload))},
        )
        for code, payload in payloads.items()
    ]


def test_the_blobs_are_hostile_to_the_permissive_default(marker):
    JsonPlusSerializer(allowed_msgpack_modules=True).loads_typed(("msgpack", hostile_blobs()[0]))
    assert marker.exists()


@pytest.mark.parametrize("blob", hostile_blobs())
def test_strict_serializer_calls_nothing_that_a_blob_names(marker, blob):
    strict_serializer().loads_typed(("msgpack", blob))
    assert not marker.exists()


def test_strict_serializer_refuses_pickle(marker):
    with pytest.raises(NotImplementedError):
        strict_serializer().loads_typed(("pickle", pickle.dumps("x")))


def test_strict_serializer_keeps_what_our_state_holds():
    state = {
        "messages": [HumanMessage("hi", id="1"), AIMessage("hello", id="2")],
        "route": {"scores": {"a": 0.5}, "domains": ["a"], "reason": None},
        "send": Send("domain", {"query": "q"}),
        "at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    serde = strict_serializer()
    assert serde.loads_typed(serde.dumps_typed(state)) == state


async def test_hostile_checkpoint_in_the_database_calls_nothing(tmp_path, marker):
    builder = StateGraph(MessagesState)
    builder.add_node("answer", lambda _: {"messages": [AIMessage("hello")]})
    builder.add_edge(START, "answer")
    path = tmp_path / "sessions.db"
    async with SessionSqliteSaver.open(path) as saver:
        await builder.compile(checkpointer=saver).ainvoke({"messages": [("user", "hi")]}, CONFIG)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE checkpoints SET checkpoint = ?", (hostile_blobs()[0],))
    connection.commit()
    connection.close()

    async with SessionSqliteSaver.open(path) as saver:
        with pytest.raises(StorageError, match="'s1' is damaged"):
            await builder.compile(checkpointer=saver).aget_state(CONFIG)
    assert not marker.exists()


class Reversing(CipherProtocol):
    def encrypt(self, plaintext):
        return "reversed", plaintext[::-1]

    def decrypt(self, ciphername, ciphertext):
        return ciphertext[::-1]


@pytest.mark.parametrize(
    "serde",
    [
        JsonPlusSerializer(allowed_msgpack_modules=True),
        EncryptedSerializer(Reversing(), JsonPlusSerializer(allowed_msgpack_modules=True)),
    ],
)
def test_ensure_strict_tightens_a_permissive_saver(marker, serde):
    saver = InMemorySaver(serde=serde)
    strict = ensure_strict(saver)

    strict.serde.loads_typed(("msgpack", hostile_blobs()[0]))
    assert not marker.exists()
    assert strict.storage is saver.storage
    stored = serde.dumps_typed({"a": 1})
    assert strict.serde.loads_typed(stored) == {"a": 1}
    assert strict.serde.dumps_typed({"a": 1}) == stored
    assert saver.serde is serde


@pytest.mark.parametrize(
    "serde",
    [
        strict_serializer(),
        JsonPlusSerializer(allowed_msgpack_modules=[("my.app", "Order")]),
        EncryptedSerializer(Reversing(), strict_serializer()),
    ],
)
def test_ensure_strict_leaves_a_strict_saver_alone(serde):
    saver = InMemorySaver(serde=serde)
    assert ensure_strict(saver) is saver


class UnknownSerializer:
    def dumps_typed(self, obj):
        return "pickle", pickle.dumps(obj)

    def loads_typed(self, data):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("serde", "reason"),
    [
        (JsonPlusSerializer(pickle_fallback=True), "pickle_fallback"),
        (JsonPlusSerializer(allowed_json_modules=True), "allowed_json_modules"),
        (JsonPlusSerializer(__unpack_ext_hook__=lambda _, __: None), "hook"),
        (EncryptedSerializer(Reversing(), JsonPlusSerializer(pickle_fallback=True)), "pickle"),
        (UnknownSerializer(), "UnknownSerializer"),
    ],
)
def test_ensure_strict_refuses_what_was_loosened_on_purpose(serde, reason):
    with pytest.raises(ConfigError, match=reason):
        ensure_strict(InMemorySaver(serde=serde))
