"""Which servers of `openai://` see a key, and OpenAI's organisation and project."""

from __future__ import annotations

import pytest
from fakes.model_server import Recorded
from fakes.openai_server import serve_openai

from mdsa.errors import ConfigError, ModelError
from mdsa.models.openai_server.chat_model import OpenAIServerChatModel
from mdsa.models.openai_server.failures import explained
from mdsa.models.openai_server.provider import OpenAIProvider
from mdsa.models.provider import ModelOptions
from mdsa.settings import Settings

OPENAI = "api.openai.com/gpt-4o-mini"


@pytest.fixture(autouse=True)
def openai_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "for-openai")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")


def make(name: str) -> OpenAIServerChatModel:
    model = OpenAIProvider(Settings()).make(name, ModelOptions())
    assert isinstance(model, OpenAIServerChatModel)
    return model


async def asked_and_checked() -> list[Recorded]:
    """What a server on this machine got from a call, an asynchronous call and a check."""
    with serve_openai() as server:
        name = server.reference.removeprefix("openai://")
        model = make(name)
        model.invoke("hi")
        await model.ainvoke("hi")
        assert OpenAIProvider(Settings()).check(name).available
    assert len(server.recorded) == 3
    return server.recorded


async def test_another_server_sees_nothing_that_is_openais() -> None:
    for request in await asked_and_checked():
        assert request.headers["authorization"] == "Bearer none"
        assert not {"openai-organization", "openai-project"} & request.headers.keys()


async def test_another_server_gets_the_key_that_is_mdsas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDSA_OPENAI_API_KEY", "for-servers")

    keys = {request.headers["authorization"] for request in await asked_and_checked()}

    assert keys == {"Bearer for-servers"}
    assert make("gpu-box:8000/m").root_client.api_key == "for-servers"


@pytest.mark.parametrize("mdsas", [None, "for-servers"])
def test_openai_gets_its_own(mdsas: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if mdsas is not None:
        monkeypatch.setenv("MDSA_OPENAI_API_KEY", mdsas)
    model = make(OPENAI)

    for client in (model.root_client, model.root_async_client):
        assert (client.api_key, client.organization, client.project) == (
            "for-openai",
            "org-1",
            "proj-1",
        )


@pytest.mark.parametrize(
    "host", ["api.openai.com.example.org", "notapi.openai.com", "eu.api.openai.com", "h:1/openai"]
)
def test_a_host_that_only_looks_like_openais_gets_nothing(host: str) -> None:
    client = make(f"{host}/m").root_client

    assert (client.api_key, client.organization, client.project) == ("none", None, None)


def test_openai_gets_mdsas_key_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("MDSA_OPENAI_API_KEY", "for-servers")

    assert make(OPENAI).root_client.api_key == "for-servers"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("http://gpu-box:8000/m", "MDSA_OPENAI_API_KEY"),
        ("http://192.168.1.5:8000/m", "MDSA_OPENAI_API_KEY"),
        ("http://api.openai.com/m", "key in OPENAI_API_KEY"),
    ],
)
def test_no_key_goes_over_plain_http(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDSA_OPENAI_API_KEY", "for-servers")

    with pytest.raises(ConfigError, match=rf"{variable}.* over plain http"):
        make(name)
    status = OpenAIProvider(Settings()).check(name)

    assert not status.available
    assert "over plain http" in status.detail
    assert "for-servers" not in status.detail


def test_a_server_without_a_key_may_be_asked_over_plain_http() -> None:
    assert make("http://gpu-box:8000/m").root_client.api_key == "none"


@pytest.mark.parametrize("name", ["http://localhost:1/m", "http://[::1]:1/m", "127.0.0.2:1/m"])
def test_on_this_machine_a_key_needs_no_encryption(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDSA_OPENAI_API_KEY", "for-servers")

    assert make(name).root_client.api_key == "for-servers"


@pytest.mark.parametrize(
    ("base_url", "variable"),
    [
        ("https://api.openai.com/v1", "set OPENAI_API_KEY"),
        ("https://gpu-box/v1", "set MDSA_OPENAI_API_KEY"),
    ],
)
def test_a_refused_key_names_the_variable_that_counts(base_url: str, variable: str) -> None:
    import httpx
    import openai

    request = httpx.Request("POST", base_url)
    refusal = openai.AuthenticationError(
        "no", response=httpx.Response(401, request=request), body=None
    )

    with pytest.raises(ModelError, match=variable), explained("m", base_url, 1.0):
        raise refusal
