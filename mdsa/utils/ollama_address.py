"""Where the Ollama server is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mdsa.errors import ConfigError
from mdsa.utils.shown_url import shown_url

if TYPE_CHECKING:
    from httpx import BasicAuth

__all__ = ["server_auth", "server_url"]

_PORT = 11434
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, never bound


def server_url(given: str | None) -> str:
    """The server's address as a URL.

    Args:
        given: `OLLAMA_BASE_URL`; None is `OLLAMA_HOST`, and without it Ollama's default. As there,
            scheme and port may be left out.

    Raises:
        ConfigError: it is no address.
    """
    text = (given or os.environ.get("OLLAMA_HOST") or f"127.0.0.1:{_PORT}").strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigError(
            f"the address of Ollama is {shown_url(text)!r} (OLLAMA_BASE_URL or OLLAMA_HOST); write "
            f"http://HOST:PORT, such as http://localhost:{_PORT}."
        )
    host = parts.netloc.rpartition("@")[2]
    if port is None:
        # Ollama's own rule: a scheme alone means that scheme's port.
        port = {"http": 80, "https": 443}[parts.scheme] if "://" in text else _PORT
        host = f"{host}:{port}"
    # A server that listens on every address tells so in OLLAMA_HOST; nobody can connect to that.
    bound = parts.hostname
    if bound in _ANY_ADDRESS:
        host = f"{_ANY_ADDRESS[bound]}:{port}"
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{user}{host}{parts.path.rstrip('/')}"


def server_auth(url: str) -> BasicAuth | None:
    """The user and password in an address; Ollama's client leaves them out of what it sends."""
    from httpx import BasicAuth

    parts = urlsplit(url)
    if parts.username is None:
        return None
    return BasicAuth(unquote(parts.username), unquote(parts.password or ""))
