"""Names of models on servers, and where the servers are."""

from __future__ import annotations

import pytest

from mdsa.errors import ConfigError
from mdsa.models.ollama.reference import OllamaName, parse_name
from mdsa.models.openai_server.reference import ServerModel
from mdsa.models.openai_server.reference import parse_name as parse_server
from mdsa.utils.ollama_address import server_url


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama3:8b", OllamaName("llama3:8b")),
        ("hf.co/user/m:Q4_K_M", OllamaName("hf.co/user/m:Q4_K_M")),
        ("llama3?num_ctx=8192&keep_alive=10m", OllamaName("llama3", 8192, "10m")),
        ("llama3?keep_alive=-1", OllamaName("llama3", None, -1)),
        ("llama3?keep_alive=1h30m", OllamaName("llama3", None, "1h30m")),
    ],
)
def test_ollama_names(name: str, expected: OllamaName) -> None:
    assert parse_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "?num_ctx=1",
        "m?num_ctx=0",
        "m?num_ctx=-4",
        "m?num_ctx=many",
        "m?num_ctx",
        "m?num_ctx=1&num_ctx=2",
        "m?keep_alive=",
        "m?keep_alive=soon",
        "m?temperature=1",
    ],
)
def test_ollama_names_that_cannot_be_read(name: str) -> None:
    with pytest.raises(ConfigError, match="num_ctx=8192&keep_alive=10m"):
        parse_name(name)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("gpu-box", "http://gpu-box:11434"),
        ("gpu-box:9999", "http://gpu-box:9999"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - never bound
        ("[::]:9", "http://[::1]:9"),
        ("http://ollama:11434/", "http://ollama:11434"),
        ("https://ollama.example.org/base", "https://ollama.example.org:443/base"),
        ("http://user:word@host:1", "http://user:word@host:1"),
    ],
)
def test_addresses_of_ollama(given: str | None, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OLLAMA_HOST", raising=False)

    assert server_url(given) == url


def test_the_host_variable_of_ollama_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "gpu-box:1")

    assert server_url(None) == "http://gpu-box:1"


@pytest.mark.parametrize("given", ["ftp://host", "http://", "host:port", "host:99999", "host:0"])
def test_addresses_that_are_none(given: str) -> None:
    with pytest.raises(ConfigError, match="OLLAMA_BASE_URL"):
        server_url(given)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("localhost:8000/qwen3", ServerModel("http://localhost:8000/v1", "qwen3")),
        ("127.0.0.1:1/a/b", ServerModel("http://127.0.0.1:1/v1", "a/b")),
        ("[::1]:8080/m", ServerModel("http://[::1]:8080/v1", "m")),
        ("gpu-box:8000/Qwen/Qwen3-4B", ServerModel("https://gpu-box:8000/v1", "Qwen/Qwen3-4B")),
        ("http://gpu-box:8000/m", ServerModel("http://gpu-box:8000/v1", "m")),
        ("localhost:1//models/m.gguf", ServerModel("http://localhost:1/v1", "/models/m.gguf")),
        ("localhost:1/v1/m", ServerModel("http://localhost:1/v1", "m")),
        ("openrouter.ai/api/v1/a/b:free", ServerModel("https://openrouter.ai/api/v1", "a/b:free")),
    ],
)
def test_openai_names(name: str, expected: ServerModel) -> None:
    assert parse_server(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o-mini",
        "localhost:8000",
        "localhost:8000/",
        "host/v1/",
        "host:x/m",
        "u:p@h/m",
        "h/m?a=1",
    ],
)
def test_openai_names_that_name_no_server_or_no_model(name: str) -> None:
    with pytest.raises(ConfigError, match="HOST"):
        parse_server(name)
