"""`ollama://` against a server that speaks Ollama's API."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from fakes.ollama_server import OllamaServer, ServedModel, serve_ollama
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage

from mdsa.embeddings.ollama import OllamaServerEmbeddings
from mdsa.errors import ModelError, ModelUnavailableError
from mdsa.models import ModelRegistry
from mdsa.models.ollama.health import find_model
from mdsa.settings import Settings


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with serve_ollama(["llama3:8b", "mistral:latest"]) as running:
        yield running


def _registry(url: str) -> ModelRegistry:
    return ModelRegistry(Settings(ollama_base_url=url))


def _closed_port() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"


def test_it_answers_with_the_options_of_the_reference(server: OllamaServer) -> None:
    model = _registry(server.url).get("ollama://llama3:8b", temperature=0.2, max_tokens=50)

    reply = model.invoke("hello there")

    assert reply.text.strip() == "You said: hello there"
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["output_tokens"] == 4
    options = server.bodies("/api/chat")[-1]["options"]
    assert (options["temperature"], options["num_predict"]) == (0.2, 50)


async def test_it_streams_in_async_code(server: OllamaServer) -> None:
    model = _registry(server.url).get("ollama://llama3:8b")

    words = [chunk.text async for chunk in model.astream("one two") if chunk.text]

    assert words == ["You", " said:", " one", " two"]


async def test_it_calls_tools_and_reads_their_results(server: OllamaServer) -> None:
    def echo(text: str) -> str:
        """Repeat a text."""
        return text

    model = _registry(server.url).get("ollama://llama3:8b").bind_tools([echo])
    question = HumanMessage("say it")

    call = await model.ainvoke([question])
    result = ToolMessage("it", tool_call_id=call.tool_calls[0]["id"], name="echo")
    answer = model.invoke([question, call, result])

    assert call.tool_calls[0]["name"] == "echo"
    assert call.tool_calls[0]["args"] == {"text": "say it"}
    assert answer.text.strip() == "You said: it"


async def test_a_missing_model_says_which_pull_mends_it(server: OllamaServer) -> None:
    model = _registry(server.url).get("ollama://phi3:mini")

    with pytest.raises(ModelUnavailableError, match=r"run: OLLAMA_HOST=\S+ ollama pull phi3:mini"):
        model.invoke("hello")
    with pytest.raises(ModelUnavailableError, match=r"run: OLLAMA_HOST=\S+ ollama pull phi3:mini"):
        await model.ainvoke("hello")
    with pytest.raises(ModelUnavailableError, match=r"run: OLLAMA_HOST=\S+ ollama pull phi3:mini"):
        list(model.stream("hello"))
    with pytest.raises(ModelUnavailableError, match=r"run: OLLAMA_HOST=\S+ ollama pull phi3:mini"):
        [chunk async for chunk in model.astream("hello")]


async def test_a_server_that_is_down_says_how_to_start_it() -> None:
    model = _registry(_closed_port()).get("ollama://llama3:8b")

    with pytest.raises(ModelUnavailableError, match="ollama serve") as caught:
        model.invoke("hello")
    with pytest.raises(ModelUnavailableError, match="ollama serve"):
        await model.ainvoke("hello")
    assert isinstance(caught.value, ConnectionError)


def test_a_refusal_of_the_server_is_told(server: OllamaServer) -> None:
    server.fault.refusal = (400, '"llama3:8b" does not support thinking')

    with pytest.raises(ModelError, match="does not support thinking") as caught:
        _registry(server.url).get("ollama://llama3:8b").invoke("hello")
    assert not isinstance(caught.value, ModelUnavailableError)


@pytest.mark.parametrize(
    ("reference", "available", "remedy"),
    [
        ("ollama://llama3:8b", True, ""),
        ("ollama://mistral", True, ""),
        ("ollama://phi3:mini", False, "OLLAMA_HOST={url} ollama pull phi3:mini"),
    ],
)
def test_the_check_looks_at_what_is_pulled(
    server: OllamaServer, reference: str, available: bool, remedy: str
) -> None:
    status = _registry(server.url).check(reference)

    assert (status.available, status.remedy) == (available, remedy.format(url=server.url))


def test_the_check_of_a_dead_server_names_the_command() -> None:
    url = _closed_port()

    status = _registry(url).check("ollama://llama3:8b")

    assert not status.available
    assert status.remedy.endswith(f"OLLAMA_HOST={url} ollama serve")


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "USER:PASSWORD@"), (404, "correct OLLAMA_BASE_URL"), (502, "try again")],
)
def test_the_check_of_a_server_that_refuses_says_what_its_answer_means(
    server: OllamaServer, status: int, remedy: str
) -> None:
    server.fault.refusal = (status, "no")

    found = _registry(server.url).check("ollama://llama3:8b")

    assert f"HTTP {status}" in found.detail
    assert remedy in found.remedy


def test_the_check_of_a_server_that_hangs_does_not_start_another() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        problem = find_model("llama3:8b", url, timeout_s=0.05).problem

    assert problem is not None
    assert "did not answer within 0.05 s" in problem[0]
    assert "ollama serve" not in problem[1]


def test_the_check_tells_what_would_run(server: OllamaServer) -> None:
    registry = _registry(server.url)

    before = registry.check("ollama://mistral")
    (after,) = registry.warm_up(["ollama://mistral?num_ctx=1024"])

    assert (before.dtype, before.memory_bytes, before.loaded) == ("Q4_0", 1, False)
    assert after.loaded
    assert before.device == server.url
    assert server.loaded == {"mistral:latest": 1024}


async def test_it_embeds(server: OllamaServer) -> None:
    embedder = ServedModel("embedder:latest", capabilities=["embedding"])
    server.models["embedder:latest"] = embedder
    model = OllamaServerEmbeddings("embedder", server.url)

    same, other = model.embed_documents(["a parcel", "a refund"])

    assert model.embed_query("a parcel") == same
    assert await model.aembed_query("a refund") == other
    with pytest.raises(ModelUnavailableError, match="ollama pull missing"):
        OllamaServerEmbeddings("missing", server.url).embed_query("a")


async def test_embeddings_of_a_dead_server_name_the_command() -> None:
    model = OllamaServerEmbeddings("embedder", _closed_port())

    with pytest.raises(ModelUnavailableError, match="ollama serve"):
        await model.aembed_documents(["a"])


def test_a_stream_ends_with_its_usage(server: OllamaServer) -> None:
    chunks = list(_registry(server.url).get("ollama://llama3:8b").stream("hi"))

    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    assert isinstance(total, AIMessageChunk)
    assert total.usage_metadata is not None
    assert total.usage_metadata["output_tokens"] == 3
    assert total.response_metadata["done_reason"] == "stop"
