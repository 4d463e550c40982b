"""Requests to made-up organisations with the calls that serve them, as `ToolCase`s.

Each file in `evals/data/organisations` holds `requests`: a message, the domain that it goes to, and
the calls that are right, none for a question or for what no tool of the domain does. A domain's
`tools` are on offer, and no others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha1
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.evals.tool_data import ExpectedCall, ToolCase

__all__ = ["load_questions", "load_requests", "organisation_of"]


def load_requests(path: Path) -> list[ToolCase]:
    """Read the requests of one file, or of all files in a folder in the order of their names.

    Raises:
        InvalidInputError: a file is missing or has another form.
    """
    return [case for each in _files(path) for case in _cases(each)]


def load_questions(path: Path, count: int) -> list[ToolCase]:
    """Questions that go to a domain with tools and ask for no call, so many of each organisation.

    Args:
        path: a file or a folder, as for `load_requests`.
        count: those with the smallest SHA-1.

    Raises:
        InvalidInputError: a file is missing or has another form.
    """
    return [case for each in _files(path) for case in _questions(each)[:count]]


def organisation_of(case: ToolCase) -> str:
    """Name of the file that a request is from."""
    return case.id.split(" ")[0]


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise InvalidInputError(f"no organisations in {path}; it holds no file that ends in .json.")
    return files


def _questions(path: Path) -> list[ToolCase]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        tools = _tools(data)
        found = [
            ToolCase(f"{path.stem} question {number}", row["question"], offered, ())
            for number, row in enumerate(data["questions"])
            if (offered := tools.get(row["domain"]))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read the questions in {path}: {error!r}.") from error
    return sorted(found, key=lambda one: sha1(one.id.encode(), usedforsecurity=False).hexdigest())


def _tools(data: Mapping[str, Any]) -> dict[str, tuple[dict[str, Any], ...]]:
    return {
        domain["name"]: tuple(_openai(tool) for tool in domain.get("tools", ()))
        for domain in data["domains"]
    }


def _cases(path: Path) -> list[ToolCase]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        tools = _tools(data)
        return [
            ToolCase(
                id=f"{path.stem} {number}",
                request=row["message"],
                tools=tools[row["domain"]],
                expected=tuple(
                    ExpectedCall(call["tool"], {n: [v] for n, v in call["arguments"].items()})
                    for call in row["calls"]
                ),
            )
            for number, row in enumerate(data["requests"])
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(f"cannot read the requests in {path}: {error!r}.") from error


def _openai(tool: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": tool}
