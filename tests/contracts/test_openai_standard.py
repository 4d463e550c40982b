"""`openai://` models in langchain-tests' standard suites, against servers that the reader backs.

One server gives its models tool calls and the other does not, so that calls are JSON by schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fakes.echo_model import EchoChatModel
from fakes.openai_server import serve_openai
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from mdsa.models import ReaderChatModel
from mdsa.models.openai_server.chat_model import OpenAIServerChatModel
from mdsa.utils.http_clients import client_options


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[bool, str]]:
    models = {"reader": ReaderChatModel(), "echo": EchoChatModel()}
    with serve_openai(models) as calling, serve_openai(models, calls_tools=False) as plain:
        yield {True: calling.url, False: plain.url}


class _Class:
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return OpenAIServerChatModel


class TestOpenAIUnit(_Class, ChatModelUnitTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "qwen3", "base_url": "http://localhost:8000/v1", "api_key": "none"}


class Integration(_Class, ChatModelIntegrationTests):
    calls_tools = True
    supports_model_override = True
    model_override_value = "echo"

    @pytest.fixture(autouse=True)
    def _served(self, urls: dict[bool, str], request: pytest.FixtureRequest) -> None:
        self.url = urls[self.calls_tools]
        # The reader takes no argument such as a place from a question alone.
        forced = request.node.name.startswith(("test_agent_loop", "test_tool_choice"))
        self.served = "echo" if forced else "reader"

    @property
    def chat_model_params(self) -> dict[str, Any]:
        import httpx

        connection = client_options(30)
        return {
            "model": self.served,
            "base_url": f"{self.url}/v1",
            "api_key": "none",
            "stream_usage": True,
            "http_client": httpx.Client(**connection),
            "http_async_client": httpx.AsyncClient(**connection),
        }


class TestServerWithToolCalls(Integration):
    calls_tools = True


class TestServerWithoutToolCalls(Integration):
    calls_tools = False


del Integration
