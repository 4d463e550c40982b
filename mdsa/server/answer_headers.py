"""What every answer's head holds, whoever writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

__all__ = ["SECURITY_HEADERS", "request_id_of"]

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

SECURITY_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def request_id_of(given: str) -> str:
    """The id that the client gave, where it can be one; a new one else."""
    return given if _REQUEST_ID.fullmatch(given) else uuid4().hex
