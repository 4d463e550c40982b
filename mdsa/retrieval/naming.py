"""Names of the stores' collections."""

from __future__ import annotations

import re

from mdsa.errors import InvalidInputError

__all__ = ["domain_collection", "shared_collection"]

_LONGEST = 512
_PLAIN = re.compile(r"[A-Za-z0-9_-]")


def shared_collection(name: str) -> str:
    """Name the collection of the knowledge that all domains share."""
    return _collection("global", name)


def domain_collection(domain: str) -> str:
    """Name the collection of one domain; two domains never have the same."""
    return _collection("domain", domain)


def _collection(kind: str, name: str) -> str:
    """Write any name in Chroma's alphabet; other bytes become `.` and two hex digits.

    `.` itself is one of those, so the name can be read back and no two meet.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidInputError(f"{kind} knowledge needs a name, got {name!r}")
    encoded = "".join(
        character
        if _PLAIN.match(character)
        else "".join(f".{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
        for character in name
    )
    collection = f"mdsa-{kind}-{encoded}-docs"
    if len(collection) > _LONGEST:
        raise InvalidInputError(f"name of {kind} knowledge is too long: {name[:60]!r}…")
    return collection
