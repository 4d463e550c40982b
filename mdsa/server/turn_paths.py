"""Where a message asks for a turn."""

from __future__ import annotations

from typing import Final

from starlette.routing import compile_path

__all__ = ["TURN_ROUTES", "turn_route"]

_LANGSERVE: Final = ("invoke", "batch", "stream", "stream_events", "stream_log")

TURN_ROUTES: Final = (
    "/chat",
    "/chat/stream",
    "/v1/chat/completions",
    "/v1/responses",
    "/sessions/{session_id}/resume",
    *(f"/langserve/{{graph:path}}/{call}" for call in _LANGSERVE),
)
"""As the application names them."""

_PATTERNS: Final = {route: compile_path(route)[0] for route in TURN_ROUTES}


def turn_route(method: str, path: str) -> str | None:
    """The route that a request for a turn is for; None where it is for something else."""
    if method != "POST":
        return None
    if path in _PATTERNS:
        return path
    return next((route for route, pattern in _PATTERNS.items() if pattern.match(path)), None)
