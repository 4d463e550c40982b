"""From names to embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.embeddings import load_embeddings
from mdsa.errors import InvalidInputError, ModelUnavailableError


def test_the_same_name_gives_the_same_object():
    assert load_embeddings() is load_embeddings("sentence-transformers/all-MiniLM-L6-v2")
    assert load_embeddings() is not load_embeddings("ollama://nomic-embed-text")


def test_an_empty_name_is_refused():
    with pytest.raises(InvalidInputError, match="empty"):
        load_embeddings(" ")


def test_the_default_model_knows_what_is_alike():
    question, answer, other = np.array(
        load_embeddings().embed_documents(
            ["How do I get my money back?", "Refunds are paid within five days.", "Cats purr."]
        )
    )
    assert question @ answer > 0.3 > question @ other
    assert np.linalg.norm(question) == pytest.approx(1, abs=1e-5)


def test_a_vector_does_not_depend_on_its_neighbours():
    embeddings = load_embeddings()
    texts = [f"text number {i} " + "word " * i for i in range(20)]
    assert embeddings.embed_documents(texts)[3] == embeddings.embed_query(texts[3])


@pytest.mark.parametrize("text", ["", "\ud800 half a character", "\0", "word " * 5000])
def test_any_text_has_a_vector(text: str):
    assert np.isfinite(load_embeddings().embed_query(text)).all()


async def test_async_gives_the_same():
    embeddings = load_embeddings()
    assert await embeddings.aembed_query("hello") == embeddings.embed_query("hello")
    assert await embeddings.aembed_documents(["hello"]) == embeddings.embed_documents(["hello"])


async def test_an_ollama_server_that_is_down_names_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MDSA_OLLAMA_BASE_URL", "http://127.0.0.1:9")
    embeddings = load_embeddings("ollama://embedding-model-for-this-test")
    with pytest.raises(ModelUnavailableError, match="ollama serve"):
        embeddings.embed_query("hello")
    with pytest.raises(ModelUnavailableError, match="ollama serve"):
        await embeddings.aembed_documents(["hello"])
