"""One request for each of the server's routes, in an order in which each finds what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["REFUSED", "REQUESTS", "Example"]


@dataclass(frozen=True)
class Example:
    """A request, and the route that takes it."""

    method: str
    route: str
    url: str = ""
    """The route's own where it is empty."""
    json: Any = None
    content: str | None = None
    key: bool = True
    """Whether an API key is sent."""
    before: Sequence[tuple[str, Any]] = ()
    """`(url, json)` of what is posted first, unseen."""

    @property
    def target(self) -> str:
        """What is asked for."""
        return self.url or self.route


_SHIPPING = "How much does express shipping cost?"
_CANCEL = "Please cancel order ORD-1005, I ordered it by mistake."
_SAID = [{"role": "user", "content": _SHIPPING}]
_SESSION = "sess_abc123"
_FILES = "/dashboard/api/knowledge/files"


def _run(message: str, thread: str | None = None) -> dict[str, Any]:
    run: dict[str, Any] = {"input": {"messages": [{"type": "human", "content": message}]}}
    return run if thread is None else {**run, "config": {"configurable": {"thread_id": thread}}}


def _langserve() -> list[Example]:
    route, graph = "/langserve/{graph:path}", "/langserve/mdsa"
    domain = f"{graph}/order_tracking"
    batch = {"inputs": [_run(_SHIPPING)["input"], _run("How long does a refund take?")["input"]]}
    events = {**_run(_SHIPPING), "include_names": ["classify", "gate"]}
    return [
        Example("POST", f"{route}/invoke", f"{graph}/invoke", _run(_SHIPPING, "thread_1")),
        Example("POST", f"{route}/batch", f"{domain}/batch", batch),
        Example("POST", f"{route}/stream", f"{domain}/stream", _run(_SHIPPING)),
        Example("POST", f"{route}/stream_events", f"{graph}/stream_events", events),
        Example("POST", f"{route}/stream_log", f"{graph}/stream_log", _run(_SHIPPING)),
        *(
            Example("GET", f"{route}/{name}", f"{graph}/{name}")
            for name in ("input_schema", "output_schema", "config_schema")
        ),
        Example("GET", f"{route}/playground/{{file:path}}", f"{graph}/playground/"),
    ]


def _dashboard() -> list[Example]:
    api = "/dashboard/api"
    uploaded = f"{_FILES}/holiday.txt?domain=order_tracking"
    return [
        *(
            Example("GET", path, key=False)
            for path in (
                *("/dashboard", "/dashboard/traces", "/dashboard/try", "/dashboard/knowledge"),
            )
        ),
        Example("GET", "/dashboard/static/{name}", "/dashboard/static/style.css", key=False),
        Example("GET", f"{api}/summary"),
        Example("GET", f"{api}/requests", f"{api}/requests?most=1"),
        Example("GET", f"{api}/status"),
        Example("GET", f"{api}/graph"),
        Example("POST", f"{api}/explain", json={"message": _SHIPPING}),
        Example("GET", f"{api}/live"),
        Example("GET", f"{api}/knowledge"),
        Example("PUT", f"{_FILES}/{{name}}", uploaded, content="We are closed on 24 December."),
        Example("GET", _FILES, f"{_FILES}?domain=order_tracking&contains=holiday"),
        Example(
            "POST",
            f"{api}/knowledge/search",
            json={"query": "closed in December", "domain": "order_tracking", "most": 1},
        ),
        Example("DELETE", _FILES, f"{_FILES}?domain=order_tracking&source=holiday.txt"),
    ]


REQUESTS: Sequence[Example] = [
    Example(
        "POST",
        "/chat",
        json={"message": _SHIPPING, "session_id": _SESSION},
        # The first turn of all loads the models.
        before=[("/chat", {"message": _SHIPPING})],
    ),
    Example(
        "POST",
        "/chat/stream",
        json={"message": "And how long does it take?", "session_id": _SESSION},
    ),
    Example("GET", "/sessions"),
    Example("GET", "/sessions/{session_id}", f"/sessions/{_SESSION}"),
    Example(
        "POST",
        "/sessions/{session_id}/resume",
        "/sessions/sess_cancel/resume",
        json={"decision": True},
        before=[("/chat", {"message": _CANCEL, "session_id": "sess_cancel"})],
    ),
    Example("DELETE", "/sessions/{session_id}", f"/sessions/{_SESSION}"),
    Example("GET", "/domains"),
    Example("GET", "/health", key=False),
    Example("GET", "/ready", key=False),
    Example("GET", "/metrics"),
    Example("GET", "/stats"),
    Example("GET", "/openapi.json", key=False),
    Example("GET", "/v1/models"),
    Example("GET", "/v1/models/{model:path}", "/v1/models/mdsa/order_tracking"),
    Example("POST", "/v1/chat/completions", json={"model": "mdsa", "messages": _SAID}),
    Example("POST", "/v1/responses", json={"model": "mdsa/order_tracking", "input": _SHIPPING}),
    *_langserve(),
    *_dashboard(),
]

REFUSED: Sequence[Example] = [
    Example("GET", "/domains", key=False),
    Example("GET", "/sessions/{session_id}", "/sessions/sess_of_another"),
    Example("POST", "/chat", json={"message": ""}),
    Example("POST", "/langserve/{graph:path}/invoke", "/langserve/mdsa/nobody/invoke", _run("Hi")),
]
"""Requests that show how errors look."""
