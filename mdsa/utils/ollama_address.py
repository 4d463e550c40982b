"""Where the Ollama server is, and how its client connects."""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from mdsa.errors import ConfigError

__all__ = ["client_options", "server_url"]

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
    text = (given or os.environ.get("OLLAMA_HOST") or f"127.0.0.1:{_PORT}").strip().rstrip("/")
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigError(
            f"the address of Ollama is {text!r} (OLLAMA_BASE_URL or OLLAMA_HOST); write "
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
    return f"{parts.scheme}://{user}{host}{parts.path}"


def client_options(timeout_s: float) -> dict[str, Any]:
    """Options of Ollama's HTTP clients.

    Args:
        timeout_s: most seconds between two parts of an answer, the first included.
    """
    from httpx import Limits, Timeout

    return {
        # A server that is down should be noticed long before a slow model is given up.
        "timeout": Timeout(timeout_s, connect=min(timeout_s, 5.0)),
        # A kept connection belongs to the event loop that opened it, and a model is shared by all.
        "limits": Limits(max_keepalive_connections=0),
        "verify": _certificates(),
    }


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """What every client trusts; each would read the file anew, which takes tens of milliseconds."""
    from httpx import create_ssl_context

    return create_ssl_context()
