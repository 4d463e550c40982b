"""Adding, finding, changing and deleting knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from pydantic import ValidationError

from mdsa.errors import InvalidInputError, ModelUnavailableError, RetrievalError
from mdsa.retrieval.knowledge_base import Changes, KnowledgeBase


class CountingEmbeddings(Embeddings):
    """Deterministic vectors; counts the documents that it embeds."""

    def __init__(self, model_name: str = "counting", size: int = 16) -> None:
        self.model_name = model_name
        self.documents = 0
        self._inner = DeterministicFakeEmbedding(size=size)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.documents += len(texts)
        return self._inner.embed_documents(texts)

    def embed_query(self, text: str) -> list[float]:
        return self._inner.embed_query(text)


class FailingEmbeddings(CountingEmbeddings):
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        raise ModelUnavailableError("down")


@pytest.fixture
def embeddings() -> CountingEmbeddings:
    return CountingEmbeddings()


@pytest.fixture
def base(tmp_path: Path, embeddings: CountingEmbeddings) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(tmp_path / "store", embeddings) as opened:
        yield opened


def contents(base: KnowledgeBase, query: str, domain: str | None = None, **options) -> list[str]:
    return [document.page_content for document in base.search(query, domain=domain, **options)]


def test_a_store_that_is_not_there_is_empty_and_stays_away(base: KnowledgeBase, tmp_path: Path):
    assert base.search("anything", domain="a") == []
    assert base.domains() == []
    assert base.count() == 0
    assert base.documents(domain="a") == []
    assert base.delete(ids=["x"]) == 0
    assert not base.remove_domain("a")
    assert not (tmp_path / "store").exists()


def test_passages_carry_where_they_come_from(base: KnowledgeBase):
    base.add(
        [{"content": "shared refund text", "metadata": {"source": "s.md", "title": "Refunds"}}]
    )
    base.add([{"content": "own refund text\nmore", "id": "7", "metadata": {"year": 3}}], domain="a")
    found = {document.id: document.metadata for document in base.search("refund", domain="a")}
    own = found.pop("7")
    assert own["scope"] == "local"
    assert own["domain"] == "a"
    assert own["title"] == "own refund text"
    assert own["source"] == ""
    assert own["year"] == 3
    ((key, shared),) = found.items()
    assert shared["id"] == key
    assert (shared["scope"], shared["domain"]) == ("global", None)
    assert (shared["title"], shared["source"]) == ("Refunds", "s.md")
    assert 0 <= shared["score"] <= 1
    assert -1 <= shared["similarity"] <= 1
    assert not [name for name in own if name.startswith("mdsa:")]


def test_each_scope_can_be_left_out(base: KnowledgeBase):
    base.add([{"content": "shared"}])
    base.add([{"content": "own"}], domain="a")
    assert sorted(contents(base, "x", "a")) == ["own", "shared"]
    assert contents(base, "x", "a", use_global=False) == ["own"]
    assert contents(base, "x", "a", use_local=False) == ["shared"]
    assert contents(base, "x") == ["shared"]
    assert contents(base, "x", "unknown") == ["shared"]
    assert contents(base, "x", "a", use_local=False, use_global=False) == []


def test_a_bad_document_keeps_the_whole_call_out(base: KnowledgeBase):
    with pytest.raises(InvalidInputError, match="document 1"):
        base.add([{"content": "good"}, {"content": ""}])
    assert base.count() == 0


def test_a_failing_model_writes_nothing(tmp_path: Path):
    with KnowledgeBase(tmp_path, FailingEmbeddings()) as base:
        with pytest.raises(ModelUnavailableError):
            base.add([{"content": "good"}])
        assert base.count() == 0


def test_repeated_documents_cost_nothing(base: KnowledgeBase, embeddings: CountingEmbeddings):
    documents = [{"content": "a", "metadata": {"n": 1}}, {"content": "b"}]
    assert base.add(documents) == Changes(added=2)
    assert base.add(documents) == Changes(unchanged=2)
    assert embeddings.documents == 2


def test_a_known_id_is_replaced_with_all_its_metadata(base: KnowledgeBase):
    base.add([{"content": "old zebra", "id": "1", "metadata": {"a": 1, "b": 2}}])
    assert contents(base, "zebra", mode="bm25") == ["old zebra"]
    assert base.add([{"content": "new", "id": "1", "metadata": {"b": 3}}]) == Changes(updated=1)
    (document,) = base.documents()
    assert document.page_content == "new"
    assert document.metadata["b"] == 3
    assert "a" not in document.metadata
    assert contents(base, "zebra", mode="bm25") == []


def test_replace_makes_an_origin_hold_just_these(
    base: KnowledgeBase, embeddings: CountingEmbeddings
):
    base.add([{"content": "kept"}])
    base.replace({"f": [{"content": "one"}, {"content": "two"}], "g": [{"content": "one"}]})
    embedded = embeddings.documents
    changes = base.replace({"f": [{"content": "two"}, {"content": "three"}]})
    assert changes == Changes(added=1, unchanged=1, deleted=1)
    assert embeddings.documents == embedded + 1
    assert sorted(d.page_content for d in base.documents()) == ["kept", "one", "three", "two"]
    assert base.origins() == {"f", "g"}
    assert base.replace({"f": [], "g": []}) == Changes(deleted=3)
    assert base.origins() == set()


def test_deleting_by_ids_source_and_domain(base: KnowledgeBase):
    base.add(
        [
            {"content": "a", "id": "1", "metadata": {"source": "x.md"}},
            {"content": "b", "id": "2", "metadata": {"source": "x.md"}},
            {"content": "c", "id": "3", "metadata": {"source": "y.md"}},
        ],
        domain="a",
    )
    assert base.sources(domain="a") == {"x.md": 2, "y.md": 1}
    assert base.delete(ids=["3", "unknown"], domain="a") == 1
    assert base.delete(source="x.md") == 0
    assert base.delete(source="x.md", domain="a") == 2
    assert base.search("a", domain="a") == []
    with pytest.raises(InvalidInputError, match="say which"):
        base.delete()


def test_removing_a_domain_leaves_the_others(base: KnowledgeBase):
    for domain in (None, "a", "b"):
        base.add([{"content": f"of {domain}"}], domain=domain)
    assert base.domains() == ["a", "b"]
    assert base.remove_domain("a")
    assert base.domains() == ["b"]
    assert contents(base, "x", "a") == ["of None"]
    assert base.stats()["domains"] == {"b": 1}
    assert base.stats()["global"] == 1


def test_filters_apply_to_both_scopes(base: KnowledgeBase):
    base.add([{"content": "old shared", "metadata": {"year": 2020}}])
    base.add([{"content": "new own", "metadata": {"year": 2024, "tags": ["x", "y"]}}], domain="a")
    assert contents(base, "x", "a", filter={"year": {"$gte": 2022}}) == ["new own"]
    assert contents(base, "x", "a", filter={"year": 2020}) == ["old shared"]
    assert contents(base, "x", "a", filter={"tags": {"$contains": "y"}}) == ["new own"]
    assert contents(base, "x", "a", filter={"year": 1}) == []
    assert [d.page_content for d in base.documents(domain="a", filter={"year": 2024})] == [
        "new own"
    ]


@pytest.mark.parametrize("bad", [{"a": {"$foo": 1}}, {"a": 1, "b": 2}, {"$and": []}, {"a": None}])
def test_a_malformed_filter_is_explained(base: KnowledgeBase, bad: dict):
    with pytest.raises(InvalidInputError, match="malformed"):
        base.search("x", filter=bad)


@pytest.mark.parametrize(("query", "k"), [("", 5), (" \n", 5), (None, 5), ("x", 0), ("x", True)])
def test_an_unusable_query_is_refused(base: KnowledgeBase, query: str, k: int):
    with pytest.raises(InvalidInputError):
        base.search(query, k=k)


def test_an_unknown_mode_is_refused_even_where_nothing_is_stored(base: KnowledgeBase):
    with pytest.raises(InvalidInputError, match="unknown mode 'sparse'; known are hybrid, dense"):
        base.search("x", mode="sparse")
    with pytest.raises(InvalidInputError, match="unknown mode 'sparse'"):
        base.retriever("a", mode="sparse")


def test_ranks_are_fused_over_both_stores(base: KnowledgeBase):
    base.add([{"content": "shared refund"}])
    base.add([{"content": "own parcel"}], domain="a")
    best, other = base.retriever("a", mode="rrf").invoke("refund")
    assert best.page_content == "shared refund"
    # Only one shares a word; by meaning one of the two is first and the other second.
    first, second = best.metadata["score"], other.metadata["score"]
    assert first + second == pytest.approx((61 / 61 + 61 / 61 + 61 / 62) / 2, abs=2e-6)


def test_hostile_queries_are_only_searched(base: KnowledgeBase):
    base.add([{"content": "text"}])
    for query in ("\ud800", "\0", "!!!", "x" * 100_000, "' OR 1=1 --"):
        assert contents(base, query) == ["text"]


def test_knowledge_outlives_the_process(tmp_path: Path, embeddings: CountingEmbeddings):
    with KnowledgeBase(tmp_path, embeddings) as base:
        base.add([{"content": "kept"}], domain="a")
    with KnowledgeBase(tmp_path, embeddings) as base:
        assert contents(base, "kept", "a") == ["kept"]
        assert base.add([{"content": "kept"}], domain="a") == Changes(unchanged=1)


def test_use_after_close_opens_again(base: KnowledgeBase):
    base.add([{"content": "one"}])
    base.close()
    base.add([{"content": "two"}])
    assert base.count() == 2


def test_two_objects_of_one_process_see_each_other(
    tmp_path: Path, base: KnowledgeBase, embeddings: CountingEmbeddings
):
    base.add([{"content": "one"}])
    with KnowledgeBase(tmp_path / "store", embeddings) as other:
        assert contents(other, "x") == ["one"]
        other.add([{"content": "two"}])
        assert sorted(contents(base, "x")) == ["one", "two"]
    base.add([{"content": "three"}])
    assert base.count() == 3


def test_two_spellings_of_a_folder_are_one_store(
    tmp_path: Path, embeddings: CountingEmbeddings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with (
        KnowledgeBase(tmp_path / "x", embeddings) as one,
        KnowledgeBase(Path("./x"), embeddings) as other,
    ):
        for number in range(5):
            one.add([{"content": f"one {number}"}])
            other.add([{"content": f"other {number}"}])
        assert len(one.search("x", k=20)) == len(other.search("x", k=20)) == 10


def test_another_model_is_refused(tmp_path: Path, embeddings: CountingEmbeddings):
    with KnowledgeBase(tmp_path, embeddings) as base:
        base.add([{"content": "one"}])
    with KnowledgeBase(tmp_path, CountingEmbeddings("other")) as base:
        with pytest.raises(RetrievalError, match=r"'counting'.*'other'"):
            base.search("x")
        with pytest.raises(RetrievalError, match=r"'counting'.*'other'"):
            base.add([{"content": "two"}])


def test_shared_stores_of_different_names_are_apart(
    tmp_path: Path, base: KnowledgeBase, embeddings: CountingEmbeddings
):
    base.add([{"content": "one"}])
    with KnowledgeBase(tmp_path / "store", embeddings, shared_name="other") as other:
        assert other.search("one") == []


def test_threads_write_and_read_together(base: KnowledgeBase):
    def work(number: int) -> int:
        base.add([{"content": f"document {number}"}], domain="a" if number % 2 else None)
        return len(base.search("document", domain="a", k=50))

    with ThreadPoolExecutor(6) as pool:
        assert all(found >= 1 for found in pool.map(work, range(24)))
    assert (base.count(), base.count(domain="a")) == (12, 12)


def test_equal_passages_come_in_one_order(base: KnowledgeBase):
    base.add([{"content": "same", "id": key} for key in "dbca"])
    base.add([{"content": "same", "id": "0"}], domain="a")
    assert [d.id for d in base.search("same", domain="a")] == ["a", "b", "c", "d", "0"]


def test_a_retriever_is_bound_to_its_domain(base: KnowledgeBase):
    base.add([{"content": "secret of b"}], domain="b")
    base.add([{"content": "of a"}], domain="a")
    retriever = base.retriever("a", k=5)
    assert [d.page_content for d in retriever.invoke("secret of b")] == ["of a"]
    for field in ("domain", "filter", "knowledge", "use_global"):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(retriever, field, "b")
    for extra in ({"domain": "b"}, {"filter": None}, {"use_global": True}):
        with pytest.raises(TypeError):
            retriever.invoke("secret of b", **extra)
    configured = retriever.invoke("secret of b", config={"configurable": {"domain": "b"}})
    assert [d.page_content for d in configured] == ["of a"]


async def test_the_retriever_works_async(base: KnowledgeBase):
    base.add([{"content": "of a"}], domain="a")
    assert [d.page_content for d in await base.retriever("a").ainvoke("x")] == ["of a"]


def test_stores_that_threads_open_at_once_all_work(tmp_path: Path):
    def use(directory: Path) -> tuple[int, list[str]]:
        start.wait()
        with KnowledgeBase(directory, CountingEmbeddings()) as base:
            added = base.add([{"content": "one text"}]).added
            return added, [d.page_content for d in base.search("text")]

    for attempt in range(10):
        folders = [tmp_path / f"{attempt}-{number % 4}" for number in range(8)]
        start = Barrier(len(folders))
        with ThreadPoolExecutor(len(folders)) as pool:
            results = list(pool.map(use, folders))
        assert sum(added for added, _ in results) == 4
        assert [found for _, found in results] == [["one text"]] * 8


def test_closing_one_store_leaves_another_of_the_process_working(tmp_path: Path):
    with (
        KnowledgeBase(tmp_path, CountingEmbeddings()) as one,
        KnowledgeBase(tmp_path, CountingEmbeddings()) as two,
    ):
        two.add([{"content": "one text"}])
        one.count()
        one.close()
        assert two.count() == 1
        assert two.add([{"content": "second text"}]).added == 1
        assert sorted(contents(one, "text")) == ["one text", "second text"]
