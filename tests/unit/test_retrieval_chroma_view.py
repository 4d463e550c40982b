"""A store as LangChain's Chroma: it finds what search by meaning finds, and opens nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.embeddings import load_embeddings
from mdsa.errors import InvalidInputError, RetrievalError
from mdsa.retrieval.knowledge_base import KnowledgeBase

TEXTS = [
    "Refunds are paid within five days.",
    "A parcel leaves the warehouse on the day of the order.",
    "The shop opens at nine and closes at five.",
    "Hold the button for ten seconds to reset the hub.",
    "Gift cards are valid for two years.",
]


@pytest.fixture
def base(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(tmp_path / "store", DeterministicFakeEmbedding(size=8)) as opened:
        yield opened


def contents(documents: list[Document]) -> list[str]:
    return [document.page_content for document in documents]


@pytest.mark.parametrize("query", ["How do I get my money back?", "opening hours", "gift"])
def test_similarity_search_finds_what_dense_search_finds(tmp_path: Path, query: str):
    with KnowledgeBase(tmp_path, load_embeddings()) as base:
        base.add([{"content": text, "metadata": {"title": text[:9]}} for text in TEXTS], domain="a")
        view = base.vector_store("a")
        found = base.search(query, domain="a", k=3, mode="dense")
        scored = view.similarity_search_with_relevance_scores(query, k=3)
    assert [document.id for document, _ in scored] == [document.id for document in found]
    assert [score for _, score in scored] == pytest.approx(
        [document.metadata["similarity"] for document in found], abs=1e-4
    )


def test_langchain_code_can_use_it(base: KnowledgeBase):
    base.add([{"content": text, "metadata": {"n": i}} for i, text in enumerate(TEXTS)])
    view = base.vector_store(None)
    assert isinstance(view, Chroma)
    assert len(view.as_retriever(search_kwargs={"k": 2}).invoke("x")) == 2
    diverse = view.as_retriever(search_type="mmr", search_kwargs={"k": 3, "fetch_k": 5})
    assert len(set(contents(diverse.invoke("x")))) == 3
    assert contents(view.similarity_search("x", filter={"n": 2})) == [TEXTS[2]]
    (stored,) = view.similarity_search("x", k=1)
    assert contents(view.get_by_ids([str(stored.id)])) == [stored.page_content]


async def test_it_works_async(base: KnowledgeBase):
    base.add([{"content": "one"}])
    assert contents(await base.vector_store(None).asimilarity_search("x")) == ["one"]


def test_it_reads_one_store_alone(base: KnowledgeBase):
    for domain in (None, "a", "b"):
        base.add([{"content": f"of {domain}"}], domain=domain)
    for domain in (None, "a", "b"):
        view = base.vector_store(domain)
        assert contents(view.similarity_search("of b", k=50)) == [f"of {domain}"]
        assert view.get()["documents"] == [f"of {domain}"]
    ids = [str(document.id) for document in base.documents(domain="b")]
    assert base.vector_store("a").get_by_ids(ids) == []


def test_its_client_opens_no_other_store(base: KnowledgeBase):
    for domain in ("a", "b"):
        base.add([{"content": f"of {domain}"}], domain=domain)
    view, other = base.vector_store("a"), base.vector_store("b")
    with pytest.raises(InvalidInputError, match="not mdsa-domain-b-docs"):
        Chroma(other._collection_name, client=view._client, create_collection_if_not_exists=False)


@pytest.mark.parametrize("domain", [None, "a"])
def test_where_nothing_is_stored_nothing_is_made(
    base: KnowledgeBase, tmp_path: Path, domain: str | None
):
    with pytest.raises(RetrievalError, match="add some first"):
        base.vector_store(domain)
    assert not (tmp_path / "store").exists()
    base.add([{"content": "x"}], domain="b")
    with pytest.raises(RetrievalError, match="add some first"):
        base.vector_store(domain)
    assert base.domains() == ["b"]


def test_a_store_that_was_emptied_counts_as_nothing(base: KnowledgeBase):
    base.add([{"content": "x", "id": "1"}])
    base.delete(ids=["1"])
    with pytest.raises(RetrievalError, match="no shared knowledge"):
        base.vector_store(None)


def test_a_store_that_was_removed_is_not_made_again(base: KnowledgeBase):
    base.add([{"content": "x"}], domain="a")
    view = base.vector_store("a")
    base.remove_domain("a")
    with pytest.raises(RetrievalError, match="domain 'a' has no knowledge"):
        view.similarity_search("x")
    assert base.domains() == []


def test_it_follows_writes_and_close(base: KnowledgeBase, tmp_path: Path):
    base.add([{"content": "one"}])
    view = base.vector_store(None)
    base.add([{"content": "two"}])
    assert sorted(contents(view.similarity_search("x"))) == ["one", "two"]
    base.close()
    with KnowledgeBase(tmp_path / "store", DeterministicFakeEmbedding(size=8)) as other:
        other.add([{"content": "three"}])
    assert sorted(contents(view.similarity_search("x"))) == ["one", "three", "two"]


def test_writing_is_refused_and_changes_nothing(base: KnowledgeBase):
    base.add([{"content": "kept", "id": "1"}])
    view = base.vector_store(None)
    for write in (
        lambda: view.add_texts(["new"]),
        lambda: view.add_documents([Document("new")]),
        lambda: view.update_document("1", Document("new")),
        lambda: view.delete(["1"]),
        view.delete_collection,
        view.reset_collection,
    ):
        with pytest.raises(InvalidInputError, match=r"KnowledgeBase\.add"):
            write()
    assert contents(base.documents()) == ["kept"]


def test_the_stores_own_keys_are_not_shown(base: KnowledgeBase):
    base.replace({"/home/someone/file.md": [{"content": "x", "metadata": {"n": 1}}]})
    view = base.vector_store(None)
    assert view.similarity_search("x")[0].metadata == {"n": 1}
    assert view.max_marginal_relevance_search("x")[0].metadata == {"n": 1}
    assert view.get()["metadatas"] == [{"n": 1}]


def test_another_model_is_refused(base: KnowledgeBase, tmp_path: Path):
    base.add([{"content": "x"}])
    base.close()
    with (
        KnowledgeBase(tmp_path / "store", load_embeddings()) as other,
        pytest.raises(RetrievalError, match="embedded with"),
    ):
        other.vector_store(None)
