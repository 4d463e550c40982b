"""The guide's example, and what the dictionaries hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.core.dual_rag import DualRAG
from mdsa.errors import InvalidInputError


def test_the_guides_example(tmp_path: Path):
    with DualRAG(
        global_collection_name="company_knowledge",
        embedding_model="sentence-transformers/all-MiniLM-L6-v2",
        persist_directory=str(tmp_path / "chroma_db"),
    ) as rag:
        rag.add_global_documents(
            [
                {
                    "content": "Our company return policy allows returns within 30 days.",
                    "metadata": {"type": "policy", "category": "returns"},
                },
                {
                    "content": "Customer service hours are Monday-Friday, 9 AM to 5 PM EST.",
                    "metadata": {"type": "info", "category": "hours"},
                },
            ]
        )
        rag.add_local_documents(
            domain="customer_support",
            documents=[
                {
                    "content": "If a package is lost, contact the carrier first.",
                    "metadata": {"type": "guide", "priority": "medium"},
                }
            ],
        )
        policy = rag.query(
            query="What is your return policy?",
            domain="customer_support",
            top_k=2,
            use_local=True,
            use_global=True,
        )
        assert len(policy) == 2
        assert policy[0]["content"].startswith("Our company return policy")
        assert policy[0]["metadata"]["category"] == "returns"
        assert policy[0]["score"] > policy[1]["score"]
        assert policy[0]["score"] == policy[0]["metadata"]["score"]
        assert policy[0]["similarity"] > 0.5
        lost = rag.query("my parcel went missing", domain="customer_support", top_k=1)
        assert lost[0]["metadata"]["scope"] == "local"
        assert all(
            found["metadata"]["scope"] == "global" for found in rag.query("my parcel went missing")
        )


async def test_options_and_async(tmp_path: Path):
    with DualRAG(persist_directory=tmp_path, embeddings=DeterministicFakeEmbedding(size=8)) as rag:
        rag.add_global_documents([{"content": "alpha", "metadata": {"n": 1}}, {"content": "beta"}])
        assert [r["content"] for r in rag.query("beta", mode="bm25")] == ["beta"]
        assert [r["content"] for r in rag.query("x", filter={"n": 1})] == ["alpha"]
        assert await rag.aquery("beta", top_k=1) == rag.query("beta", top_k=1)


def test_a_domain_needs_a_name(tmp_path: Path):
    rag = DualRAG(persist_directory=tmp_path, embeddings=DeterministicFakeEmbedding(size=8))
    with pytest.raises(InvalidInputError, match="needs a name"):
        rag.add_local_documents("", [{"content": "x"}])
