"""What every test runs under: this machine only, offline, with data of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.browser import MISSING, Chromium, find_chromium, open_chromium
from pydantic import AliasChoices
from pytest_socket import socket_allow_hosts

from mdsa.settings import Settings

_THIS_MACHINE = ["127.0.0.1", "::1"]
_OFFLINE = {
    "ANONYMIZED_TELEMETRY": "False",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_OFFLINE": "1",
}


def pytest_configure() -> None:
    # Libraries read these when they are imported, which test modules do during collection.
    os.environ.update(_OFFLINE)
    telemetry = [name for name in os.environ if name.startswith("OTEL_")]
    for name in [*_setting_variables(), *telemetry]:
        os.environ.pop(name, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    # Before any fixture runs; pytest-socket lifts it after each test.
    socket_allow_hosts(list(_THIS_MACHINE), allow_unix_socket=True)


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the run, so that the encoder is prepared once."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDSA_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A headless browser for the run; tests that need it are skipped where there is none."""
    executable = find_chromium()
    if executable is None:
        pytest.skip(MISSING)
    with open_chromium(executable) as browser:
        yield browser


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server; `fakes.postgres_server.empty` makes it new."""
    from fakes.postgres_server import postgres_server

    with postgres_server() as url:
        yield url


@pytest.fixture(autouse=True)
def own_surroundings(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Each test has its own data folder, and a working directory without anybody's `.env`."""
    folder = tmp_path_factory.mktemp("surroundings")
    monkeypatch.setenv("MDSA_DATA_DIR", str(folder / "data"))
    monkeypatch.chdir(folder)


def _setting_variables() -> list[str]:
    """Every environment variable that the settings read."""
    names = [f"MDSA_{field.upper()}" for field in Settings.model_fields]
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names.extend(str(choice) for choice in field.validation_alias.choices)
    return names
