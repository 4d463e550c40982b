"""The end of an answer at a text that the caller names."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["StopTexts"]


class StopTexts:
    """Passes text on up to the first stop text, holding back what might begin one.

    Args:
        stops: texts that end the answer and are no part of it; empty ones are ignored.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self.stopped = False
        """Whether one was met."""

    def feed(self, text: str) -> str:
        """Take the next piece; give what is surely part of the answer."""
        if self.stopped:
            return ""
        self._held += text
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            passed, self._held = self._held[: min(places)], ""
            return passed
        keep = max((self._begun(stop) for stop in self._stops), default=0)
        passed = self._held[: len(self._held) - keep]
        self._held = self._held[len(passed) :]
        return passed

    def finish(self) -> str:
        """Give what was held back."""
        held, self._held = self._held, ""
        return held

    def _begun(self, stop: str) -> int:
        longest = min(len(self._held), len(stop) - 1)
        sizes = range(longest, 0, -1)
        return next((size for size in sizes if self._held.endswith(stop[:size])), 0)
