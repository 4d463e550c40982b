"""The name part of an `openai://` reference: a server and a model on it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from mdsa.errors import ConfigError
from mdsa.utils.loopback import is_loopback
from mdsa.utils.shown_url import shown_url

__all__ = ["ServerModel", "parse_name"]


@dataclass(frozen=True, slots=True)
class ServerModel:
    """A model on a server.

    Attributes:
        base_url: with the path of its API, such as `http://localhost:8000/v1`.
        model: as the server calls it, such as `Qwen/Qwen3-4B`.
    """

    base_url: str
    model: str


def parse_name(name: str) -> ServerModel:
    """Read a name such as `localhost:8000/Qwen/Qwen3-4B`.

    A server on this machine is asked by http and any other by https, unless the name says
    otherwise (`http://gpu-box:8000/qwen3`). The API's path is `/v1`; another one ends with it
    (`openrouter.ai/api/v1/meta-llama/llama-3.3-70b-instruct`).

    Raises:
        ConfigError: it names no server, or no model on it. There is no default server, so that no
            message leaves for one that nobody named.
    """
    parts = urlsplit(name if "://" in name else f"//{name}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    # llama.cpp calls a model by its path, which begins with a slash of its own.
    path = parts.path.removeprefix("/").rstrip("/")
    # What is meant by "gpt-4o" alone is a model of OpenAI's; the host must be written.
    if parts.scheme not in ("", "http", "https") or not parts.hostname or not path or port == 0:
        raise _wrong(name)
    prefix, cut, model = f"/{path}".partition("/v1/")
    if not cut:
        prefix, model = "", path
    if (
        model == "v1"
        or model.endswith("/v1")
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise _wrong(name)
    scheme = parts.scheme or ("http" if is_loopback(parts.hostname) else "https")
    return ServerModel(f"{scheme}://{parts.netloc}{prefix}/v1", model)


def _wrong(name: str) -> ConfigError:
    return ConfigError(
        f"model reference 'openai://{shown_url(name)}' does not name a server and a model; write "
        "openai://HOST[:PORT]/MODEL, such as openai://localhost:8000/qwen3, "
        "openai://http://gpu-box:8000/qwen3 (without TLS) or openai://api.openai.com/gpt-4o-mini."
    )
