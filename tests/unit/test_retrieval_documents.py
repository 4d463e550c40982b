"""Which documents are accepted, and what is said of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdsa.errors import InvalidInputError
from mdsa.retrieval.documents import check_documents
from mdsa.retrieval.naming import domain_collection, shared_collection

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.strip)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("text", "must be a mapping"),
        ({}, "'content' must be text"),
        ({"content": "  "}, "'content' must be text"),
        ({"content": 5}, "'content' must be text"),
        ({"content": "a\0b"}, "'content' has a NUL character at 1"),
        ({"content": "a\ud800"}, "'content' has half a character"),
        ({"content": "ok", "text": "x"}, "unknown key 'text'"),
        ({"content": "ok", "id": ""}, "'id' must be text"),
        ({"content": "ok", "metadata": ["x"]}, "'metadata' must be a mapping"),
        ({"content": "ok", "metadata": {"score": 1}}, "metadata key 'score' is set by MDSA"),
        ({"content": "ok", "metadata": {"mdsa:x": 1}}, "metadata key 'mdsa:x' cannot be stored"),
        ({"content": "ok", "metadata": {"title": 3}}, "metadata key 'title' must be text"),
        (
            {"content": "ok", "metadata": {"a": {"b": 1}}},
            "metadata key 'a': must be text, a number",
        ),
        ({"content": "ok", "metadata": {"a": float("nan")}}, "metadata key 'a'"),
        ({"content": "ok", "metadata": {"a": 2**64}}, "metadata key 'a'"),
        ({"content": "ok", "metadata": {"a": [1, "b"]}}, "metadata key 'a': a list must hold"),
        ({"content": "ok", "metadata": {3: "b"}}, "metadata key 3"),
    ],
)
def test_a_bad_document_is_named_with_its_key(bad: object, said: str):
    with pytest.raises(InvalidInputError, match="document 1: ") as caught:
        check_documents([{"content": "fine"}, bad])
    assert said in str(caught.value)


@pytest.mark.parametrize("documents", ["text", {"content": "x"}, None, 5])
def test_documents_must_be_a_list(documents: object):
    with pytest.raises(InvalidInputError, match="must be a list"):
        check_documents(documents)


def test_equal_documents_become_one_and_clashing_ids_are_refused():
    assert len(check_documents([{"content": "a"}, {"content": "a"}])) == 1
    with pytest.raises(InvalidInputError, match="document 1: id 'x' is used twice"):
        check_documents([{"content": "a", "id": "x"}, {"content": "b", "id": "x"}])


def test_the_digest_follows_content_and_metadata():
    plain, other, again = (
        check_documents([{"content": "a", "id": "x", "metadata": metadata}])[0].digest
        for metadata in ({"p": 1, "q": 2}, {"p": 2, "q": 2}, {"q": 2, "p": 1})
    )
    assert plain == again != other


@given(names, names)
def test_no_two_names_share_a_collection(one: str, other: str):
    assert (domain_collection(one) == domain_collection(other)) == (one == other)
    assert domain_collection(one) != shared_collection(other)


@pytest.mark.parametrize("name", ["", " ", "x" * 600, "é" * 200, None])
def test_names_that_cannot_be_stored_are_refused(name: str):
    with pytest.raises(InvalidInputError):
        domain_collection(name)
