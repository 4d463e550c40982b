"""Whatever the domains hold and whatever is asked, a domain never reads another's knowledge."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.retrieval.knowledge_base import KnowledgeBase

# Names that a careless scheme would fold together.
DOMAINS = ["a", "A", "a b", "a_b", "a-b", "a.b", "a.20b", "global", "global_knowledge", "ä"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory):
    embeddings = DeterministicFakeEmbedding(size=8)
    with KnowledgeBase(tmp_path_factory.mktemp("isolation"), embeddings) as base:
        base.add([{"content": f"shared {i} order refund"} for i in range(3)])
        for domain in DOMAINS:
            base.add(
                [
                    {"content": f"{i} order refund", "metadata": {"owner": domain, "n": i}}
                    for i in range(4)
                ],
                domain=domain,
            )
        yield base


def test_every_domain_has_a_store_of_its_own(filled: KnowledgeBase):
    assert filled.domains() == sorted(DOMAINS)
    assert [filled.count(domain=domain) for domain in DOMAINS] == [4] * len(DOMAINS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    domain=st.sampled_from(DOMAINS),
    query=st.one_of(st.text(min_size=1), st.sampled_from(DOMAINS)).filter(str.strip),
    k=st.integers(1, 60),
    mode=st.sampled_from(["hybrid", "dense", "bm25", "rrf"]),
    owner=st.one_of(st.none(), st.sampled_from(DOMAINS)),
)
def test_a_retriever_finds_only_shared_and_own(
    filled: KnowledgeBase, domain: str, query: str, k: int, mode: str, owner: str | None
):
    chosen = {"owner": owner} if owner else None
    found = filled.retriever(domain, k=k, mode=mode, filter=chosen).invoke(query)
    for document in found:
        assert document.metadata.get("owner", domain) == domain
        assert document.metadata["domain"] in {None, domain}
    if owner is None and mode in {"dense", "rrf"}:
        assert len(found) == min(k, 7)


def test_the_shared_store_alone_finds_no_domain(filled: KnowledgeBase):
    found = filled.retriever(None, k=60).invoke("order refund")
    assert {document.metadata["scope"] for document in found} == {"global"}
