"""What people send to the made-up organisations, with the domains that each message asks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdsa.domains import DomainConfig
from mdsa.errors import InvalidInputError
from mdsa.router import RouterDomain

__all__ = ["OrganisationMessages", "load_messages"]

_Asked = tuple[tuple[str, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class OrganisationMessages:
    """One organisation's domains and the messages to it.

    Attributes:
        name: of the organisation.
        domains: as a router knows them by name, description and keywords.
        documents: of each domain; those that all share stand under the empty name.
        questions: messages of one domain each.
        compounds: messages of several domains.
        vague: messages that do not say which of their domains they ask.
        outside: messages that no domain takes.
    """

    name: str
    domains: tuple[RouterDomain, ...]
    documents: dict[str, list[dict[str, Any]]]
    questions: _Asked
    compounds: _Asked
    vague: _Asked
    outside: tuple[str, ...]


def load_messages(folder: Path) -> list[OrganisationMessages]:
    """Read a folder of organisations, one a file.

    Raises:
        InvalidInputError: there is none, or a file has another form.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise InvalidInputError(f"{folder} holds no organisation; give a folder of JSON files.")
    return [_read(file) for file in files]


def _read(file: Path) -> OrganisationMessages:
    try:
        each = json.loads(file.read_text(encoding="utf-8"))
        configs = [
            DomainConfig(name=one["name"], description=one["description"], keywords=one["keywords"])
            for one in each["domains"]
        ]
        documents = {one["name"]: one["documents"] for one in each["domains"]}
        return OrganisationMessages(
            name=each["name"],
            domains=tuple(config.router_domain() for config in configs),
            documents={**documents, "": each["shared"]},
            questions=tuple(
                (row["question"], frozenset({row["domain"]})) for row in each["questions"]
            ),
            compounds=_several(each["compounds"]),
            vague=_several(each["vague"]),
            outside=tuple(each["outside"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(
            f"{file} is not an organisation with messages: {error!r}"
        ) from error


def _several(rows: list[dict[str, Any]]) -> _Asked:
    return tuple((row["message"], frozenset(row["domains"])) for row in rows)
