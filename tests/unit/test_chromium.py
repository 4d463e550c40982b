"""The browser that tests of pages share."""

from __future__ import annotations

import asyncio

import pytest
from fakes.browser import Chromium, Visit, violations


def test_complaints_hosts_and_width_are_seen(chromium: Chromium):
    def work(visit: Visit) -> list[str]:
        visit.page.set_content(
            "<div style='width: 2000px'>wide</div><img src='http://elsewhere.example/a.png'>"
            "<script>console.error('wrong'); throw new Error('uncaught')</script>"
        )
        assert visit.scrolls_sideways()
        assert visit.hosts == {"elsewhere.example"}
        assert any("wrong" in said for said in visit.complaints)
        assert any("uncaught" in said for said in visit.complaints)
        return violations(visit.page)

    found = chromium.run(work, viewport={"width": 390, "height": 844})
    assert any(rule.startswith("image-alt") for rule in found)


async def test_an_event_loop_runs_beside_it(chromium: Chromium):
    def work(visit: Visit) -> int:
        return int(visit.page.evaluate("20 + 22"))

    assert await asyncio.to_thread(chromium.run, work) == 42


def test_assertions_on_a_page_fail_the_test(chromium: Chromium):
    def work(visit: Visit) -> None:
        assert visit.page.title() == "nothing of the kind"

    with pytest.raises(AssertionError):
        chromium.run(work)
