"""The guide's advanced features: knowledge, tools, a domain with tools, statistics."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdsa.core.dual_rag import DualRAG
from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.domains import DomainConfig
from mdsa.errors import ToolArgumentError, UnknownNameError
from mdsa.settings import Settings
from mdsa.tools import Tool, ToolRegistry

GLOBAL_DOCS = [
    {
        "content": "Returns are accepted within 30 days of purchase.",
        "metadata": {"type": "policy", "category": "returns"},
    },
    {
        "content": "The service desk is open Monday to Friday, 9 to 17 h.",
        "metadata": {"type": "info", "category": "hours"},
    },
    {
        "content": "Shipping is free for orders over 50 dollars.",
        "metadata": {"type": "policy", "category": "shipping"},
    },
]
SUPPORT_DOCS = [
    {
        "content": "To track an order, begin with the number in the confirmation mail.",
        "metadata": {"type": "guide", "priority": "high"},
    },
    {
        "content": "For a lost parcel, ask the carrier before the service desk.",
        "metadata": {"type": "guide", "priority": "medium"},
    },
]
ORDER = {"order_id": "ORD-12345", "status": "In Transit", "estimated_delivery": "2025-12-15"}


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DualRAG]:
    rag = DualRAG(
        global_collection_name="company_knowledge",
        embedding_model="sentence-transformers/all-MiniLM-L6-v2",
        persist_directory=str(tmp_path_factory.mktemp("guide") / "chroma_db"),
    )
    rag.add_global_documents(GLOBAL_DOCS)
    rag.add_local_documents(domain="customer_support", documents=SUPPORT_DOCS)
    with rag:
        yield rag


@pytest.fixture
def registry() -> ToolRegistry:
    def get_order_status(order_id: str) -> dict[str, str]:
        return {**ORDER, "order_id": order_id}

    registry = ToolRegistry()
    tool = Tool(
        name="get_order_status",
        description="Retrieve the current status of an order by ID",
        function=get_order_status,
        parameters={"order_id": {"type": "string", "description": "The order ID to lookup"}},
    )
    registry.register(tool)
    return registry


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guide_orders")


@pytest.fixture
def orchestrator(
    folder: Path, rag: DualRAG, registry: ToolRegistry
) -> Iterator[TinyBERTOrchestrator]:
    settings = Settings(data_dir=folder, ollama_base_url="http://127.0.0.1:9")
    with TinyBERTOrchestrator(rag=rag, tools=registry, settings=settings) as orchestrator:
        yield orchestrator


def test_a_query_finds_shared_and_own_documents(rag: DualRAG):
    results = rag.query(
        query="What is your return policy?",
        domain="customer_support",
        top_k=3,
        use_local=True,
        use_global=True,
    )

    assert len(results) == 3
    for document in results:
        assert isinstance(document["content"], str)
        assert f"{document['score']:.3f}"
        assert isinstance(document["metadata"], dict)
    assert results[0]["content"] == GLOBAL_DOCS[0]["content"]
    assert results[0]["metadata"]["category"] == "returns"
    assert results[0]["score"] >= results[1]["score"] >= results[2]["score"]


@pytest.mark.parametrize(
    ("options", "scopes"),
    [
        ({"use_local": False}, {"global"}),
        ({"use_global": False}, {"local"}),
        ({"use_local": False, "use_global": False}, set()),
    ],
)
def test_a_query_reads_only_the_tiers_asked_for(
    rag: DualRAG, options: dict[str, bool], scopes: set[str]
):
    found = rag.query("track an order", domain="customer_support", top_k=10, **options)

    assert {document["metadata"]["scope"] for document in found} == scopes


def test_without_a_domain_only_the_shared_tier_is_read(rag: DualRAG):
    found = rag.query("track an order", top_k=10)

    assert {document["content"] for document in found} == {doc["content"] for doc in GLOBAL_DOCS}


def test_a_tool_is_executed_by_name(registry: ToolRegistry):
    assert registry.execute("get_order_status", order_id="ORD-12345") == ORDER


def test_a_wrong_call_of_a_tool_is_a_clear_error(registry: ToolRegistry):
    with pytest.raises(ToolArgumentError, match="order_id"):
        registry.execute("get_order_status", order="ORD-12345")
    with pytest.raises(UnknownNameError, match="did you mean 'get_order_status'"):
        registry.execute("get_order_state", order_id="ORD-12345")


def order_tracking(**changes: Any) -> DomainConfig:
    fields = {
        "name": "order_tracking",
        "description": "Track and manage customer orders",
        "model_name": "ollama://llama3:8b",
        "keywords": ["order", "tracking", "delivery", "shipment"],
        "system_prompt": "You are an order tracking assistant.",
        "tools": ["get_order_status"],
        "max_tokens": 300,
        "temperature": 0.5,
    }
    return DomainConfig(**{**fields, **changes})


def test_a_domain_with_tools_is_registered_by_its_fields(orchestrator: TinyBERTOrchestrator):
    domain = order_tracking()
    orchestrator.register_domain(
        name=domain.name, description=domain.description, keywords=domain.keywords
    )

    result = orchestrator.process_request("Can I track the delivery of my order?")

    assert result["domain"] == "order_tracking"
    assert result["response"].strip()


def test_a_whole_domain_uses_its_tool_although_its_model_is_not_there(
    orchestrator: TinyBERTOrchestrator,
):
    orchestrator.register_domain(order_tracking())

    result = orchestrator.process_request("Where is my order ORD-12345?")

    assert result["domain"] == "order_tracking"
    assert result["degraded"] is True
    (call,) = result["tool_calls"]
    assert (call["name"], call["status"]) == ("get_order_status", "success")
    assert json.loads(call["content"]) == ORDER
    assert "In Transit" in result["response"]


def test_the_statistics_have_the_promised_keys(orchestrator: TinyBERTOrchestrator):
    orchestrator.register_domain(order_tracking(model_name=None))
    subscription = orchestrator.message_bus.subscribe("*", lambda _: None)
    orchestrator.process_request("Where is my order ORD-12345?")

    stats = orchestrator.get_stats()

    assert stats["requests_total"] == stats["requests_success"] == 1
    assert stats["requests_failed"] == 0
    assert f"{stats['success_rate']:.2%}" == "100.00%"
    assert stats["average_latency_ms"] > 0
    assert stats["domains_registered"] == 1
    assert stats["domain_stats"] == {"order_tracking": 1}
    assert stats["message_bus"]["total_messages"] >= 3
    assert stats["message_bus"]["active_subscribers"] == 1
    subscription.unsubscribe()
    assert orchestrator.get_stats()["message_bus"]["active_subscribers"] == 0
    assert json.loads(json.dumps(stats)) == stats


def test_there_is_no_get_statistics(orchestrator: TinyBERTOrchestrator):
    assert not hasattr(orchestrator, "get_statistics")


def _parameters(function: Any) -> dict[str, Any]:
    positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is positional and name != "self"
    }


_REQUIRED = inspect.Parameter.empty


@pytest.mark.parametrize(
    ("function", "promised"),
    [
        (
            TinyBERTOrchestrator.__init__,
            {
                "intent_model_path": None,
                "reasoning_model_path": "microsoft/phi-2",
                "device": "auto",
                "use_reasoning_threshold": 0.7,
                "quantization": None,
            },
        ),
        (
            TinyBERTOrchestrator.register_domain,
            {"name": _REQUIRED, "description": None, "keywords": None, "model_name": None},
        ),
        (TinyBERTOrchestrator.process_request, {"message": _REQUIRED, "context": None}),
        (TinyBERTOrchestrator.get_stats, {}),
        (
            DualRAG.__init__,
            {
                "global_collection_name": "global_knowledge",
                "embedding_model": "sentence-transformers/all-MiniLM-L6-v2",
                "persist_directory": "./chroma_db",
            },
        ),
        (DualRAG.add_global_documents, {"documents": _REQUIRED}),
        (DualRAG.add_local_documents, {"domain": _REQUIRED, "documents": _REQUIRED}),
        (
            DualRAG.query,
            {
                "query": _REQUIRED,
                "domain": None,
                "top_k": 5,
                "use_local": True,
                "use_global": True,
            },
        ),
    ],
)
def test_signatures_are_those_of_the_api_reference(function: Any, promised: dict[str, Any]):
    # Where the guide requires an argument that we give a default, its calls work all the same.
    assert _parameters(function) == promised
