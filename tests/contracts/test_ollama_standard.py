"""`ollama://` models in langchain-tests' standard suites, against a server that the reader backs.

One of the served models has tool calls of its own and the other has none, so that its calls are
JSON held to a schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.echo_model import EchoChatModel
from fakes.ollama_server import ServedModel, serve_ollama
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from mdsa.models import ReaderChatModel
from mdsa.models.ollama import OllamaChatModel


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    reader, echo, calls_nothing = ReaderChatModel(), EchoChatModel(), ["completion"]
    served = [
        ServedModel("reader:tools", reader),
        ServedModel("reader:plain", reader, capabilities=calls_nothing),
        ServedModel("echo:tools", echo),
        ServedModel("echo:plain", echo, capabilities=calls_nothing),
    ]
    with serve_ollama(served) as server:
        yield server.url


class TestOllamaUnit(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return OllamaChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "llama3:8b"}


class Integration(ChatModelIntegrationTests):
    tag = ""
    url = ""
    family = "reader"
    supports_model_override = True

    @pytest.fixture(autouse=True)
    def _served(self, url: str, request: pytest.FixtureRequest) -> None:
        self.url = url
        # The reader takes no argument such as a place from a question alone.
        self.family = "echo" if "agent_loop" in request.node.name else "reader"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return OllamaChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": f"{self.family}:{self.tag}", "base_url": self.url}

    @property
    def model_override_value(self) -> str:
        return f"echo:{self.tag}"


class TestOllamaWithToolCalls(Integration):
    tag = "tools"


class TestOllamaWithoutToolCalls(Integration):
    tag = "plain"


del Integration
