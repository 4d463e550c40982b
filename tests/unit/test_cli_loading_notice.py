"""The notice of a loading model: after a while, and gone with the loading."""

from __future__ import annotations

import io
import threading

from rich.console import Console

from mdsa.cli.loading_notice import LoadingNotice
from mdsa.models.memory_budget import LoadEvent


class Terminal(io.StringIO):
    """Notes when something is written."""

    def __init__(self) -> None:
        super().__init__()
        self.wrote = threading.Event()

    def write(self, text: str) -> int:
        if "Loading" in text:
            self.wrote.set()
        return super().write(text)


def notice(out: Terminal, after_s: float) -> LoadingNotice:
    return LoadingNotice(Console(file=out, force_terminal=True, width=80), after_s)


def event(kind: str) -> LoadEvent:
    return LoadEvent(kind, "hf://owner/model", 1_200_000_000)  # type: ignore[arg-type]  # a Literal


def test_a_long_loading_is_told_with_its_size() -> None:
    out = Terminal()
    shown = notice(out, 0.0)

    shown.on_event(event("loading"))
    assert out.wrote.wait(10)
    shown.on_event(event("loaded"))

    assert "Loading hf://owner/model (about 1.20 GB)" in out.getvalue()
    assert shown._status is None


def test_a_short_one_is_not() -> None:
    out = Terminal()
    shown = notice(out, 3600)

    for kind in ("loading", "loaded", "loading", "failed", "loading"):
        shown.on_event(event(kind))
    shown.close()

    assert out.getvalue() == ""
    assert shown._timers == {}
