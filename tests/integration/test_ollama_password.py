"""A password in the address of Ollama goes to Ollama, and nowhere else."""

from __future__ import annotations

import base64
import logging

import pytest
from fakes.model_server import Fault
from fakes.ollama_server import serve_ollama
from langchain_core.load import dumps

from mdsa.embeddings.ollama import OllamaServerEmbeddings
from mdsa.errors import ConfigError, ModelError
from mdsa.models import ModelRegistry
from mdsa.models.ollama import OllamaChatModel
from mdsa.models.openai_server.reference import parse_name
from mdsa.settings import Settings
from mdsa.utils.ollama_address import server_url
from mdsa.utils.shown_url import shown_url

NOBODY = "http://bob:s3cret@127.0.0.1:1"
BASIC = "Basic " + base64.b64encode(b"bob:s3/cret").decode()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://bob:s3cret@host:1/base", "http://host:1/base"),
        ("bob:s3cret@host", "host"),
        ("https://bob@host", "https://host"),
        ("http://bob:s3/cr@et@host:x", "http://host:x"),
        ("bob:s3://cret@host", "host"),
        ("http://host:11434", "http://host:11434"),
    ],
)
def test_an_address_is_shown_without_its_user(url: str, shown: str) -> None:
    assert shown_url(url) == shown


async def test_every_request_carries_it() -> None:
    with serve_ollama(["llama3:8b"]) as server:
        url = server.url.replace("://", "://bob:s3%2Fcret@")
        registry = ModelRegistry(Settings(ollama_base_url=url))
        model = registry.get("ollama://llama3:8b")
        model.invoke("hi")
        await model.ainvoke("hi")
        (status,) = registry.warm_up(["ollama://llama3:8b"])
        with pytest.raises(ModelError):
            OllamaServerEmbeddings("missing", url).embed_query("a")

    assert status.available
    assert status.device == server.url
    assert {one.path for one in server.recorded} >= {"/api/chat", "/api/tags", "/api/embed"}
    assert {one.headers.get("authorization") for one in server.recorded} == {BASIC}


def test_nothing_is_said_of_it_when_nobody_answers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings(ollama_base_url=NOBODY)
    registry = ModelRegistry(settings)
    model = registry.get("ollama://m")
    told = [repr(settings), repr(model), dumps(model)]
    for asked in (model, OllamaChatModel(model="m", base_url=NOBODY)):
        with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:1 ") as failed:
            asked.invoke("hi")
        told.append(str(failed.value))
    with pytest.raises(ModelError, match=r"http://127\.0\.0\.1:1 ") as failed:
        OllamaServerEmbeddings("m", NOBODY).embed_query("a")
    told += [
        str(failed.value),
        repr(registry.check("ollama://m")),
        *map(repr, registry.warm_up(["ollama://m"])),
    ]

    assert "s3cret" not in "\n".join([*told, caplog.text])


def test_nothing_is_said_of_it_when_another_server_answers() -> None:
    with serve_ollama(["m:latest"]) as server:
        server.fault = Fault(garbage_after=0)
        url = server.url.replace("://", "://bob:s3cret@")
        with pytest.raises(ModelError, match="does not speak") as failed:
            OllamaChatModel(model="m", base_url=url).invoke("hi")

    assert "s3cret" not in str(failed.value)


@pytest.mark.parametrize(
    "given", ["http://bob:s3cret@host:x", "http://bob:s3cret/1@host", "ftp://bob:s3cret@h"]
)
def test_nothing_is_said_of_it_when_the_address_is_wrong(given: str) -> None:
    with pytest.raises(ConfigError, match="OLLAMA_BASE_URL") as failed:
        server_url(given)

    assert "s3cret" not in str(failed.value)


@pytest.mark.parametrize(
    "name", ["bob:s3cret@host/m", "http://bob:s3cret@host/m", "bob:s3cret/1@host/m"]
)
def test_a_reference_to_an_openai_server_may_not_hold_one(name: str) -> None:
    with pytest.raises(ConfigError, match="openai://") as failed:
        parse_name(name)
    status = ModelRegistry(Settings()).check(f"openai://{name}")

    assert not status.available
    assert "s3cret" not in f"{failed.value} {status!r}"
