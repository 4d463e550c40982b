"""The name part of an `ollama://` reference: a model, and settings after a question mark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from mdsa.errors import ConfigError

__all__ = ["OllamaName", "parse_name"]

_KEYS = ("keep_alive", "num_ctx")
_DURATION = re.compile(r"-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")


@dataclass(frozen=True, slots=True)
class OllamaName:
    """A model on the server with settings of its own.

    Attributes:
        model: such as `llama3:8b` or `hf.co/user/model:Q4_K_M`.
        num_ctx: tokens of context; None leaves it to the settings.
        keep_alive: how long the model stays loaded after a call: seconds, or text such as `10m`;
            negative for ever, 0 unloads at once; None leaves it to the settings.
    """

    model: str
    num_ctx: int | None = None
    keep_alive: str | int | None = None


def parse_name(name: str) -> OllamaName:
    """Read a name such as `llama3:8b?num_ctx=8192&keep_alive=10m`.

    Raises:
        ConfigError: no model, an unknown or repeated key, or a value that it cannot have.
    """
    model, _, query = name.partition("?")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise _wrong(name, str(error)) from error
    values = dict(pairs)
    unknown = sorted(values.keys() - set(_KEYS))
    if not model or unknown or len(values) < len(pairs):
        what = (
            "it names no model" if not model else f"unknown key {unknown[0]!r}" if unknown else ""
        )
        raise _wrong(name, what or "a key stands twice")
    num_ctx, keep_alive = values.get("num_ctx"), values.get("keep_alive")
    if num_ctx is not None and not (num_ctx.isdecimal() and int(num_ctx) > 0):
        raise _wrong(name, f"num_ctx is {num_ctx!r}")
    return OllamaName(
        model,
        None if num_ctx is None else int(num_ctx),
        None if keep_alive is None else read_keep_alive(keep_alive, name),
    )


def read_keep_alive(text: str, name: str) -> str | int:
    """Read a duration as Ollama's API takes it: a number of seconds, or text with units.

    Raises:
        ConfigError: it is neither.
    """
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if _DURATION.fullmatch(text):
        return text
    raise _wrong(name, f"keep_alive is {text!r}")


def _wrong(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"model reference 'ollama://{name}' cannot be read: {what}; write "
        "ollama://MODEL, or ollama://MODEL?num_ctx=8192&keep_alive=10m (seconds, or 30s, 10m, 24h, "
        "-1 for ever)."
    )
