"""Domains as a list in a JSON file, for routing alone: no models, no documents."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from mdsa.errors import ConfigError
from mdsa.router import RouterDomain
from mdsa.utils.validation import describe_problems

__all__ = ["read_domain_list"]


class _Entry(BaseModel):
    name: str = Field(min_length=1)
    description: str = Field(min_length=1)
    keywords: list[str] = []
    examples: list[str] = []


def read_domain_list(path: Path) -> list[RouterDomain]:
    """Read a JSON list of `{"name", "description", "keywords", "examples"}`.

    Keywords and examples may be left out.

    Raises:
        ConfigError: the file cannot be read or lists no domain, or one lacks something; names the
            key.
    """
    try:
        entries = TypeAdapter(list[_Entry]).validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe_problems(error)}") from error
    if not entries:
        raise ConfigError(f"{path} lists no domain; give at least one.")
    return [
        RouterDomain(entry.name, entry.description, tuple(entry.keywords), tuple(entry.examples))
        for entry in entries
    ]
