"""Commands for an Ollama server, wherever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdsa.utils.ollama_commands import pull_command, serve_command


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ollama"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    ("url", "command"),
    [
        (None, "ollama pull phi3:mini"),
        ("http://127.0.0.1:11434", "ollama pull phi3:mini"),
        ("http://localhost:8080", "OLLAMA_HOST=http://localhost:8080 ollama pull phi3:mini"),
        ("http://me:secret@box:11434", "OLLAMA_HOST=http://box:11434 ollama pull phi3:mini"),
    ],
)
def test_a_model_is_pulled_onto_the_server_that_is_asked(url: str | None, command: str) -> None:
    assert pull_command("phi3:mini", url) == command


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("url", "command"),
    [
        (None, "ollama serve"),
        ("http://127.0.0.1:11434", "ollama serve"),
        ("http://127.0.0.1:8080", "OLLAMA_HOST=http://127.0.0.1:8080 ollama serve"),
    ],
)
def test_a_server_on_this_machine_is_started_where_it_is_asked(
    url: str | None, command: str
) -> None:
    assert serve_command(url) == command


def test_where_ollama_is_not_installed_that_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    first, _, command = serve_command("http://127.0.0.1:11434").partition(", then: ")

    assert first.startswith("install Ollama")
    assert command == "ollama serve"


@pytest.mark.usefixtures("installed")
def test_a_server_on_another_machine_is_started_there() -> None:
    assert serve_command("http://gpu-box:11434").startswith("start Ollama on gpu-box ")
