"""LangChain's standard tests for retrievers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_tests.integration_tests import RetrieversIntegrationTests

from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.retrieval.retriever import KnowledgeRetriever


class TestKnowledgeRetriever(RetrieversIntegrationTests):
    @pytest.fixture(autouse=True)
    def filled(self, tmp_path: Path):
        with KnowledgeBase(tmp_path, DeterministicFakeEmbedding(size=8)) as base:
            base.add([{"content": f"shared {i}"} for i in range(3)])
            base.add([{"content": f"own {i}"} for i in range(3)], domain="a")
            self.base = base
            yield

    @property
    def retriever_constructor(self) -> type[KnowledgeRetriever]:
        return KnowledgeRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"knowledge": self.base, "domain": "a", "k": 2}

    @property
    def retriever_query_example(self) -> str:
        return "shared or own"
