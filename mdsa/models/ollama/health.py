"""Looks whether an Ollama server could answer with a model."""

from __future__ import annotations

import json

from httpx import HTTPError
from ollama import Client, ResponseError
from pydantic import ValidationError

from mdsa.utils.ollama_failures import no_server, not_pulled

__all__ = ["find_problem"]

_CHECK_TIMEOUT_S = 3.0


def find_problem(model: str, base_url: str | None) -> tuple[str, str] | None:
    """Why a model could not answer and the command that mends it; None where it could.

    Args:
        model: name on the server; without a tag, `latest`.
        base_url: the server; None is `OLLAMA_HOST` or Ollama's default.
    """
    try:
        with Client(host=base_url, timeout=_CHECK_TIMEOUT_S) as client:
            listed = client.list().models
    except (json.JSONDecodeError, ValidationError) as error:
        where = base_url or "Ollama's default address"
        return f"what answers at {where} is no Ollama server ({error})", "check OLLAMA_BASE_URL"
    except (HTTPError, OSError, ResponseError) as error:
        return no_server(model, base_url, error)
    names = {str(entry.model).lower() for entry in listed}
    wanted = model if ":" in model.rpartition("/")[2] else f"{model}:latest"
    return None if wanted.lower() in names else not_pulled(model)
