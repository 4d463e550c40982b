"""The commands that mend what is missing on an Ollama server, as they work from this machine."""

from __future__ import annotations

import shutil
from urllib.parse import urlsplit

from mdsa.utils.loopback import is_loopback
from mdsa.utils.shown_url import shown_url

__all__ = ["pull_command", "serve_command"]

_PORT = 11434
_INSTALL = "install Ollama (https://ollama.com/download)"


def pull_command(model: str, base_url: str | None) -> str:
    """What brings a model onto a server.

    Args:
        model: name on the server.
        base_url: the server; None is `OLLAMA_HOST` or Ollama's default.
    """
    return f"{_server(base_url)}ollama pull {model}"


def serve_command(base_url: str | None) -> str:
    """What starts a server that does not answer: a command, or what to do before it."""
    host = (urlsplit(base_url).hostname or "") if base_url else ""
    if host and not is_loopback(host):
        # It listens on its own machine only, unless it is told otherwise.
        start = "OLLAMA_HOST=0.0.0.0 ollama serve"
        return f"start Ollama on {host} ({start}), or correct OLLAMA_BASE_URL"
    command = f"{_server(base_url)}ollama serve"
    return command if shutil.which("ollama") else f"{_INSTALL}, then: {command}"


def _server(base_url: str | None) -> str:
    """Tells Ollama's own commands of a server that is not where they look."""
    if base_url is None:
        return ""
    parts = urlsplit(base_url)
    if is_loopback(parts.hostname or "") and parts.port == _PORT:
        return ""
    return f"OLLAMA_HOST={shown_url(base_url)} "
