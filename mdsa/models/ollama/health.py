"""Looks whether an Ollama server could answer with a model."""

from __future__ import annotations

import json
from typing import NamedTuple

from httpx import HTTPError, TimeoutException
from ollama import Client, ResponseError
from pydantic import ValidationError

from mdsa.utils.ollama_address import server_auth
from mdsa.utils.ollama_failures import no_server, not_pulled
from mdsa.utils.shown_url import shown_url

__all__ = ["Found", "find_model"]

_CHECK_TIMEOUT_S = 3.0


class Found(NamedTuple):
    """A model as the server lists it.

    Attributes:
        problem: what is wrong and the command that mends it; None where it could answer.
        quantization: such as `Q4_K_M`; empty where the server does not say.
        size_bytes: of its weights.
        loaded: it is in the server's memory.
    """

    problem: tuple[str, str] | None
    quantization: str = ""
    size_bytes: int | None = None
    loaded: bool = False


def find_model(model: str, base_url: str, timeout_s: float = _CHECK_TIMEOUT_S) -> Found:
    """Ask the server for a model; nothing is loaded, and nothing is raised.

    Args:
        model: name on the server; without a tag, `latest`.
        base_url: the server.
        timeout_s: how long it may take.
    """
    wanted = (model if ":" in model.rpartition("/")[2] else f"{model}:latest").lower()
    try:
        with Client(host=base_url, timeout=timeout_s, auth=server_auth(base_url)) as client:
            pulled = {str(entry.model).lower(): entry for entry in client.list().models}
            if wanted not in pulled:
                return Found(not_pulled(model, base_url))
            running = {str(entry.name).lower() for entry in client.ps().models}
    except (json.JSONDecodeError, ValidationError) as error:
        detail = f"what answers at {shown_url(base_url)} is no Ollama server ({error})"
        return Found((detail, "correct OLLAMA_BASE_URL"))
    except ResponseError as error:
        return Found(_refusal(base_url, error))
    except TimeoutException:
        detail = f"the Ollama server at {shown_url(base_url)} did not answer within {timeout_s:g} s"
        return Found((detail, "see its log; where it hangs, start it again"))
    except (HTTPError, OSError) as error:
        return Found(no_server(model, base_url, error))
    entry = pulled[wanted]
    quantization = (entry.details.quantization_level if entry.details else None) or ""
    size = None if entry.size is None else int(entry.size)
    return Found(None, quantization, size, wanted in running)


def _refusal(base_url: str, error: ResponseError) -> tuple[str, str]:
    status = error.status_code
    detail = f"what answers at {shown_url(base_url)} does not list its models (HTTP {status})"
    if status in (401, 403):
        return detail, "set OLLAMA_BASE_URL=http://USER:PASSWORD@HOST:PORT, as the server wants it"
    if status >= 500:
        return detail, "try again; see the log of the server, or of the proxy before it"
    return detail, "correct OLLAMA_BASE_URL"
