"""What is written into the knowledge tells the next message where it belongs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes import bag_of_words
from fakes.agents import fake_rag, make_agent
from fakes.routing import WordRouter
from langchain_core.documents import Document

from mdsa.core.dual_rag import DualRAG
from mdsa.core.inspection import RouteExplanation, explain_route
from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import StorageError
from mdsa.graph.knowledge_router import KnowledgeRouter, sentences_of
from mdsa.router import RouterDomain
from mdsa.router.tinybert_router import TinyBertRouter

QUOKKA = "does the quokka come before noon"
CARRIER = {
    "content": "The quokka comes before noon. It carries twelve wombats.",
    "metadata": {"title": "Our carrier", "source": "carrier.md"},
}
DOMAINS = {"orders": "Where an order is", "garden": "Plants and soil"}


def make(folder: Path, rag: DualRAG, **options: Any) -> TinyBERTOrchestrator:
    agent = make_agent(
        folder, rag=rag, router=TinyBertRouter(encode=bag_of_words.encode), **options
    )
    for name, description in DOMAINS.items():
        agent.register_domain(name, description)
    return agent


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[DualRAG]:
    with fake_rag(tmp_path) as opened:
        yield opened


@pytest.fixture
def agent(tmp_path: Path, rag: DualRAG) -> Iterator[TinyBERTOrchestrator]:
    with make(tmp_path, rag) as made:
        yield made


def explain(agent: TinyBERTOrchestrator, *allowed: str) -> RouteExplanation:
    router = agent._assembly.router
    assert isinstance(router, KnowledgeRouter)
    assert router.read()  # a machine may be too busy to do so in the time that a message waits
    return explain_route(agent, QUOKKA, allowed or None)


def score(agent: TinyBERTOrchestrator, *allowed: str) -> float:
    return explain(agent, *allowed)["message"]["scores"]["garden"]


def test_a_document_counts_while_it_is_there(agent: TinyBERTOrchestrator, rag: DualRAG) -> None:
    ignorant = score(agent)

    rag.add_local_documents("garden", [CARRIER])
    told = explain(agent)
    rag.delete(source="carrier.md", domain="garden")

    assert ignorant < 0.5
    assert told["message"]["scores"]["garden"] > 0.7
    assert (told["decision"], told["domains"]) == ("direct", ["garden"])
    assert "quokka" not in told["reason"]
    assert score(agent) == ignorant


def test_a_turn_is_routed_by_what_was_added_before_it(
    agent: TinyBERTOrchestrator, rag: DualRAG
) -> None:
    rag.replace({"carrier.md": [CARRIER]}, domain="garden")
    assert score(agent) > 0.7

    result = agent.process_request(QUOKKA)
    rag.replace({"carrier.md": []}, domain="garden")
    assert score(agent) < 0.5

    assert (result["decision"], result["domain"]) == ("direct", "garden")


def test_what_another_owner_of_the_directory_writes_counts_too(
    agent: TinyBERTOrchestrator, tmp_path: Path
) -> None:
    ignorant = score(agent)
    with fake_rag(tmp_path) as other:
        other.add_local_documents("garden", [CARRIER])
    assert score(agent) > 0.7 > ignorant


def test_shared_documents_speak_for_no_domain(agent: TinyBERTOrchestrator, rag: DualRAG) -> None:
    ignorant = score(agent)
    rag.add_global_documents([CARRIER])
    assert score(agent) == ignorant


def test_documents_of_a_domain_tell_nothing_to_who_may_not_use_it(
    agent: TinyBERTOrchestrator, rag: DualRAG
) -> None:
    ignorant = explain(agent, "orders")

    rag.add_local_documents("garden", [CARRIER])

    assert explain(agent, "orders") == ignorant
    assert score(agent, "garden") > 0.7


def test_a_domain_that_comes_later_brings_its_documents(
    agent: TinyBERTOrchestrator, rag: DualRAG
) -> None:
    rag.add_local_documents("desert", [CARRIER])
    assert "desert" not in explain(agent)["message"]["scores"]

    agent.register_domain("desert", "Sand")
    assert explain(agent)["domains"] == ["desert"]
    agent.remove_domain("desert")

    assert score(agent) < 0.5


def test_one_setting_leaves_documents_out(tmp_path: Path, rag: DualRAG) -> None:
    rag.add_local_documents("garden", [CARRIER])

    with make(tmp_path, rag, route_by_documents=False) as agent:
        assert isinstance(agent._assembly.router, TinyBertRouter)
        assert explain_route(agent, QUOKKA)["message"]["scores"]["garden"] < 0.5


def test_a_router_that_reads_none_is_left_as_it_is(tmp_path: Path, rag: DualRAG) -> None:
    with make_agent(tmp_path, rag=rag, router=WordRouter({})) as agent:
        assert isinstance(agent._assembly.router, WordRouter)


class Shelf:
    """Knowledge whose every part a test decides."""

    def __init__(self, *titles: str) -> None:
        self.titles = list(titles)
        self.sampled = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.broken = False

    def version(self) -> object:
        return len(self.titles)

    def domains(self) -> list[str]:
        if self.broken:
            raise StorageError("the disk is gone")
        return ["garden", "unknown"]

    def sample(self, count: int, *, domain: str | None = None) -> list[Document]:
        assert domain == "garden"
        assert self.may_go_on.wait(10)
        self.sampled += 1
        return [Document("", metadata={"title": title}) for title in self.titles[:count]]


def router(shelf: object) -> KnowledgeRouter:
    made = KnowledgeRouter(TinyBertRouter(encode=bag_of_words.encode), lambda: shelf)
    for name, description in DOMAINS.items():
        made.add_domain(RouterDomain(name, description))
    return made


def best(made: KnowledgeRouter) -> tuple[str | None, bool]:
    (route,) = made.route([QUOKKA], reading=DOMAINS)
    return route.domain, route.confidence > 0.7


def test_documents_that_did_not_change_are_read_once() -> None:
    shelf = Shelf("The quokka before noon")
    made = router(shelf)

    assert made.read()
    assert best(made) == ("garden", True)
    assert made.read()

    assert shelf.sampled == 1


def test_a_long_reading_holds_up_no_message_and_is_not_waited_for_again() -> None:
    shelf = Shelf("The quokka before noon")
    shelf.may_go_on.clear()
    made = router(shelf)

    assert not made.read(wait_s=0)
    assert best(made)[1] is False
    assert not made.waits  # it was waited for once, and is not again while it goes on
    shelf.may_go_on.set()
    assert made.read()

    assert best(made) == ("garden", True)


def test_documents_that_cannot_be_read_are_told_of_and_messages_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf("The quokka before noon")
    shelf.broken = True
    made = router(shelf)

    assert made.read()
    assert best(made)[1] is False
    shelf.broken = False
    shelf.titles.append("More")
    assert made.read()

    assert "the disk is gone" in caplog.text
    assert best(made) == ("garden", True)


def test_knowledge_that_cannot_tell_what_it_holds_is_left_alone() -> None:
    made = router(object())

    assert made.read()
    assert best(made)[1] is False


def test_knowledge_that_hands_on_what_it_is_asked_is_read() -> None:
    class Watched:
        shelf = Shelf("The quokka before noon")

        def __getattr__(self, name: str) -> object:
            return getattr(self.shelf, name)

    made = router(Watched())

    assert made.read()
    assert best(made) == ("garden", True)


def test_sentences_are_titles_prose_items_and_rows_each_once() -> None:
    text = "# Prices\n\nA parcel costs five euros. Yes.\n\n- Books travel for nothing\n- It is free"
    row = "\n\n| size | what it costs |\n|---|---|\n| small | two euros and fifty cents |"
    document = Document(text + row, metadata={"title": "Fees"})

    assert sentences_of([document, document]) == [
        "Fees",
        "A parcel costs five euros.",
        "Books travel for nothing",
        "| size | what it costs |",
        "| small | two euros and fifty cents |",
    ]
