"""What a domain may be called."""

from __future__ import annotations

import pytest
from fakes.chat_models import ScriptedChatModel
from fakes.routing import WordRouter

from mdsa.domains import DomainConfig
from mdsa.domains.config import RESERVED_NAMES
from mdsa.errors import InvalidInputError
from mdsa.graph.builder import build_graph
from mdsa.graph.domain_subgraph import Specialist
from mdsa.graph.state import AgentState


def test_no_domain_is_called_like_a_key_of_the_state() -> None:
    assert set(AgentState.__annotations__) <= RESERVED_NAMES


def test_no_domain_is_called_like_a_node_of_the_graph() -> None:
    unmatched = Specialist("unmatched", "rest", load_model=lambda: ScriptedChatModel(replies=[""]))
    graph = build_graph([], router=WordRouter({}), unmatched=unmatched)

    assert {node for node in graph.nodes if not node.startswith("__")} <= RESERVED_NAMES


@pytest.mark.parametrize("name", ["route", "merge", "global", "", "a", "two words", "x" * 80])
def test_a_name_that_cannot_be_used_is_named(name: str) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        DomainConfig.create(name=name, description="d")


@pytest.mark.parametrize("given", ["ollama://a", ["ollama://a"]])
def test_one_fallback_needs_no_list(given: object) -> None:
    config = DomainConfig.create(name="orders", description="Orders", fallback=given)

    assert config.fallback == ["ollama://a"]
