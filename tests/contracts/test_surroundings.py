"""The tests' own surroundings: nothing leaves the machine, nothing of the developer's leaks in."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

from mdsa.settings import load_settings


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_connection_off_the_machine_is_refused() -> None:
    # An address reserved for documentation (RFC 5737).
    with socket.socket() as client, pytest.raises(SocketConnectBlockedError):
        client.connect(("192.0.2.1", 80))


def test_a_connection_within_the_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_settings_come_from_neither_the_shell_nor_a_dotenv(session_cache: Path) -> None:
    settings = load_settings()

    assert not Path(".env").exists()
    assert settings.data_dir == Path.cwd() / "data"
    assert settings.cache_dir == session_cache
    assert settings.model_fields_set == {"data_dir", "cache_dir"}


def test_model_hubs_are_off() -> None:
    assert os.environ["HF_HUB_OFFLINE"] == os.environ["TRANSFORMERS_OFFLINE"] == "1"
