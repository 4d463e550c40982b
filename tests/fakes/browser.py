"""A headless Chromium, in a thread of its own.

Playwright's sync API leaves an event loop running in its thread, where pytest-asyncio could start
none of its own; so all work on pages is handed over, by `Chromium.run`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["MISSING", "Chromium", "Visit", "find_chromium", "open_chromium", "violations"]

T = TypeVar("T")

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = "no Chromium on this machine; install one with `apt-get install chromium`"
_PATIENCE_MS = 30_000
"""How long something on a page may take: machines that test are slow at times."""

_ARGUMENTS = [
    # This machine and no other, whatever a page or the browser itself would like to load.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--disable-dev-shm-usage",
]


def find_chromium() -> str | None:
    """Path of a Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@dataclass
class Visit:
    """A page, and what it did that a test may want to forbid."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and exceptions that nothing caught."""
    hosts: set[str] = field(default_factory=set)
    """Whom the page asked for something, as `host:port`."""

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
        )


class Chromium:
    """Runs work on pages in the browser's thread."""

    def __init__(self, thread: ThreadPoolExecutor, browser: Browser) -> None:
        self._thread = thread
        self._browser = browser

    def run(self, work: Callable[[Visit], T], **options: Any) -> T:
        """Call `work` with a fresh page, nothing remembered, and give what it returns.

        Args:
            work: uses the page; assertions in it fail the test.
            **options: of `Browser.new_context`, such as `viewport={"width": 390, "height": 844}`,
                `color_scheme="dark"`, `reduced_motion="reduce"`, or `base_url`.
        """
        return self._thread.submit(self._visit, work, options).result()

    def _visit(self, work: Callable[[Visit], T], options: dict[str, Any]) -> T:
        context = self._browser.new_context(**options)
        try:
            context.set_default_timeout(_PATIENCE_MS)
            visit = Visit(context.new_page())
            page = visit.page
            page.on(
                "console",
                lambda said: (
                    visit.complaints.append(f"{said.type}: {said.text}")
                    if said.type in ("error", "warning")
                    else None
                ),
            )
            page.on("pageerror", lambda error: visit.complaints.append(f"exception: {error}"))
            page.on(
                "request",
                lambda asked: (
                    visit.hosts.add(urlsplit(asked.url).netloc)
                    if asked.url.startswith(("http", "ws"))
                    else None
                ),
            )
            return work(visit)
        finally:
            context.close()


@contextmanager
def open_chromium(executable: str) -> Iterator[Chromium]:
    """Start a browser; it ends with the block."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=_PATIENCE_MS)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="chromium") as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        try:
            browser = thread.submit(
                lambda: playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
            ).result()
            try:
                yield Chromium(thread, browser)
            finally:
                thread.submit(browser.close).result()
        finally:
            thread.submit(playwright.stop).result()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page for people who see, hear or point otherwise."""
    import axe_playwright_python

    script = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    page.evaluate(script.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
