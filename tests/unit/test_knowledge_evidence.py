"""What domains' documents say about a message, and what the gate makes of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from fakes.gating import CONTEXT, found, scored
from fakes.retrieving import ListRetriever
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from mdsa.errors import StorageError
from mdsa.graph.context import RunContext
from mdsa.nodes.gate import decide, searched, with_evidence
from mdsa.nodes.knowledge_evidence import (
    Evidence,
    SpeakingRetriever,
    afind_evidence,
    best_evidence,
    find_evidence,
)


def document(similarity: float, title: str = "", scope: str = "local") -> Document:
    metadata = {"similarity": similarity, "title": title, "scope": scope}
    return Document("text", metadata=metadata)


def probability(*similarities: float) -> float:
    """Of the evidence for the first of domains with one document each."""
    domains = {str(number): [document(each)] for number, each in enumerate(similarities)}
    evidence = best_evidence(domains)
    assert evidence is not None
    assert evidence.domain == "0"
    return evidence.probability


class BrokenRetriever(BaseRetriever):
    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        raise StorageError("the disk is gone")


def test_the_domain_with_the_most_similar_document_of_its_own_is_found() -> None:
    evidence = best_evidence(
        {
            "orders": [document(0.3, "Parcels"), document(0.5, "Customs")],
            "returns": [document(0.45, "Refunds"), document(0.1)],
        }
    )

    assert evidence is not None
    assert (evidence.domain, evidence.title) == ("orders", "Customs")
    assert evidence.similarity == 0.5


def test_evidence_grows_with_the_similarity_and_with_the_margin() -> None:
    assert probability(0.6, 0.2) > probability(0.5, 0.1) > probability(0.5, 0.4)
    assert probability(0.6, 0.3) > 0.9
    assert probability(0.2, 0.15) < 0.3


def test_being_ahead_of_no_rival_says_nothing() -> None:
    alone = best_evidence({"only": [document(0.5)]})

    assert alone is not None
    assert (alone.domain, alone.similarity, alone.margin) == ("only", 0.5, 0.0)
    assert math.isclose(probability(0.5), probability(0.5, 0.5))


@pytest.mark.parametrize(
    "documents",
    [
        {},
        {"orders": []},
        {"orders": [Document("of a retriever that does not tell how similar it is")]},
        {"orders": [document(0.9, scope="global")]},
        {"orders": [document(0.5), document(0.6, scope="global")]},
    ],
)
def test_nothing_speaks_for_a_domain(documents: Mapping[str, Sequence[Document]]) -> None:
    assert best_evidence(documents) is None


async def test_a_search_is_the_same_sync_and_async() -> None:
    retrievers: dict[str, BaseRetriever] = {
        "orders": ListRetriever(documents=[document(0.4)]),
        "returns": ListRetriever(documents=[document(0.6)]),
    }

    evidence = find_evidence("where?", retrievers)

    assert evidence is not None
    assert evidence.domain == "returns"
    assert await afind_evidence("where?", retrievers) == evidence
    assert all(
        isinstance(each, ListRetriever) and each.queries == ["where?", "where?"]
        for each in retrievers.values()
    )


async def test_knowledge_that_cannot_be_read_is_no_evidence() -> None:
    retrievers = {"orders": BrokenRetriever()}

    assert find_evidence("where?", retrievers) is None
    assert await afind_evidence("where?", retrievers) is None


@pytest.mark.parametrize(
    ("message", "unsure"),
    [
        (scored("m", orders=0.8, returns=0.1), False),
        (scored("m", orders=0.6, returns=0.1), True),
        (scored("m", orders=0.45, returns=0.44), True),
        (scored("m", 0.9, orders=0.05), True),
        (scored("m", forbidden=0.6, orders=0.3), False),
        (scored("m"), False),
        (scored("thanks", 0.9, orders=0.05), False),
    ],
)
def test_documents_are_asked_where_the_scores_settle_nothing(message, unsure) -> None:
    verdict = decide(found(message), CONTEXT)

    assert verdict.unsure == (message["text"] if unsure else "")


def test_a_set_that_keeps_its_promise_is_left_alone() -> None:
    context = RunContext(target_error=0.02)
    message = scored("m", orders=0.5, returns=0.45)

    assert not decide(found(message, score_floor=0.2), context).unsure


def test_only_the_best_domains_with_documents_are_searched() -> None:
    scores = {f"d{number}": 0.05 + number / 1000 for number in range(12)}
    verdict = decide(found(scored("m", 0.3, **scores)), CONTEXT)
    retrievers = {name: ListRetriever() for name in scores if name != "d10"}
    retrievers["elsewhere"] = ListRetriever()

    assert set(searched(verdict, retrievers)) == {"d11", "d9", "d8", "d7", "d6", "d5", "d4"}


def test_clear_evidence_decides() -> None:
    verdict = decide(found(scored("m", 0.9, orders=0.05, returns=0.02)), CONTEXT)

    settled = with_evidence(verdict, Evidence("returns", 0.8, 0.6, 0.2, "Refunds"), CONTEXT)

    assert settled.route["decision"] == "direct"
    assert settled.route["domains"] == ["returns"]
    assert settled.route["confidence"] == 0.8
    assert settled.route["scores"] == verdict.route["scores"]
    assert "'Refunds', similarity 0.60" in settled.route["reason"]
    assert [(one["domain"], one["query"]) for one in settled.sub_queries] == [("returns", "m")]
    assert not settled.unsure


def test_weak_evidence_leaves_the_verdict() -> None:
    verdict = decide(found(scored("m", 0.9, orders=0.05)), CONTEXT)

    assert with_evidence(verdict, Evidence("orders", 0.69, 0.4, 0.2, ""), CONTEXT) is verdict
    assert with_evidence(verdict, None, CONTEXT) is verdict


async def test_documents_that_hardly_touch_the_message_are_left_out() -> None:
    near, far = document(0.4, "near"), document(0.3, "far")
    silent = Document("of a retriever that tells no similarity")
    inner = ListRetriever(documents=[near, far, silent])
    retriever = SpeakingRetriever(retriever=inner)

    assert retriever.invoke("weather") == [near, silent]
    assert await retriever.ainvoke("weather") == [near, silent]
    assert inner.queries == ["weather", "weather"]


def test_a_find_tells_less_where_the_router_has_read_the_documents_and_is_unsure() -> None:
    domains = {"orders": [document(0.6)], "returns": [document(0.2)]}

    alone, read = best_evidence(domains), best_evidence(domains, router_read=True)

    assert alone is not None
    assert read is not None
    assert read.probability < alone.probability


@pytest.mark.parametrize("read", [True, False])
def test_the_gate_knows_whether_the_router_has_read_documents(read: bool) -> None:
    message = scored("m", 0.9, orders=0.05)
    message["by_documents"] = read

    verdict = decide(found(message), CONTEXT)

    assert (verdict.unsure, verdict.router_read) == ("m", read)
