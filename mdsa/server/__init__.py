"""The agent over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdsa.server.application import create_app
    from mdsa.server.settings import ServerSettings

__all__ = ["ServerSettings", "create_app"]


def __getattr__(name: str) -> Any:
    # `mdsa keys` needs neither the agent nor the web framework.
    if name == "create_app":
        from mdsa.server.application import create_app

        return create_app
    if name == "ServerSettings":
        from mdsa.server.settings import ServerSettings

        return ServerSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
