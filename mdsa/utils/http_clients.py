"""How clients of model servers connect."""

from __future__ import annotations

import ssl
from functools import lru_cache
from typing import Any

__all__ = ["client_options"]


def client_options(timeout_s: float) -> dict[str, Any]:
    """Options of httpx's clients.

    Args:
        timeout_s: most seconds between two parts of an answer, the first included.
    """
    from httpx import Limits, Timeout

    return {
        # A server that is down should be noticed long before a slow model is given up.
        "timeout": Timeout(timeout_s, connect=min(timeout_s, 5.0)),
        # A kept connection belongs to the event loop that opened it, and a model is shared by all.
        "limits": Limits(max_keepalive_connections=0),
        "verify": _certificates(),
    }


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """What every client trusts; each would read the file anew, which takes tens of milliseconds."""
    from httpx import create_ssl_context

    return create_ssl_context()
