"""The dashboard in a real browser: drawn, heard, and used with the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fakes.browser import Chromium, Visit, violations
from fakes.live_server import live_server
from fakes.web_agents import Clerk, web_agent

from mdsa.server.keys import KeyStore

PAGES = {
    "/dashboard": "#models td",
    "/dashboard/traces": "#steps td",
    "/dashboard/try": "#send",
    "/dashboard/knowledge": "#listed td",
}
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS = [
    {"viewport": WIDE, "color_scheme": "light"},
    {"viewport": WIDE, "color_scheme": "dark"},
    {"viewport": NARROW, "color_scheme": "light"},
    {"viewport": NARROW, "color_scheme": "dark", "reduced_motion": "reduce"},
]
FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"


@dataclass
class Site:
    """A running server, and the browser that looks at it."""

    url: str
    chromium: Chromium

    def visit(self, work: Any, **look: Any) -> Any:
        return self.chromium.run(work, **{"viewport": WIDE, "base_url": self.url, **look})

    def say(self, message: str) -> None:
        httpx.post(f"{self.url}/chat", json={"message": message}, timeout=60).raise_for_status()


@pytest.fixture(scope="module")
def site(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with live_server(web_agent(tmp_path_factory.mktemp("site"), Clerk())) as url:
        found = Site(url, chromium)
        for message in (
            "an order",
            "rain",
            "where is my order and where is the invoice",
            "nothing known",
        ):
            found.say(message)
        yield found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "look", LOOKS, ids=["wide light", "wide dark", "narrow light", "narrow dark"]
)
def test_a_page_is_whole_in_every_size_and_colour(site: Site, page: str, look: dict[str, Any]):
    def work(visit: Visit) -> None:
        visit.page.goto(page)
        visit.page.wait_for_selector(PAGES[page])
        assert visit.complaints == []
        assert visit.hosts == {urlsplit(site.url).netloc}
        assert not visit.scrolls_sideways()
        # Tables of figures scroll by themselves; those to read or to act on are seen whole.
        for name in ("models", "documents"):
            for table in visit.page.get_by_label(f"Table of {name}").all():
                assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")
        # Each size and each theme once; it takes a second.
        if (look["viewport"] is WIDE) == (look["color_scheme"] == "light"):
            assert violations(visit.page) == []

    site.visit(work, **look)


@pytest.mark.parametrize("page", PAGES)
def test_everything_is_reached_by_tab_and_shows_it(site: Site, page: str):
    def work(visit: Visit) -> None:
        opened = visit.page
        opened.goto(page)
        opened.wait_for_selector(PAGES[page])
        wanted = opened.evaluate(
            f"""[...document.querySelectorAll("{FOCUSABLE}")]
                .filter((one) => one.checkVisibility() && !one.disabled).length"""
        )
        reached = set()
        for number in range(wanted):
            opened.keyboard.press("Tab")
            state = opened.evaluate(
                """() => {
                    const one = document.activeElement;
                    const all = [...document.querySelectorAll("*")];
                    return [all.indexOf(one), getComputedStyle(one).outlineStyle, one.className];
                }"""
            )
            assert state[1] != "none", state
            assert number or state[2] == "skip"
            reached.add(state[0])
        assert len(reached) == wanted

    site.visit(work)


def test_the_overview_follows_what_happens_until_it_is_paused(site: Site):
    from playwright.sync_api import expect

    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard")
        page.wait_for_selector("#live[data-state=live]")
        rows = page.locator("#requests tr")
        before = int(page.inner_text("#total"))
        site.say("an order")
        expect(page.locator("#total")).to_have_text(str(before + 1))
        assert "orders" in rows.first.inner_text()
        page.click("#pause")
        page.wait_for_selector("#live[data-state=paused]")
        site.say("an order")
        page.click("#pause")
        expect(page.locator("#total")).to_have_text(str(before + 2))
        assert page.locator("#confidence svg").get_attribute("role") == "img"
        assert "request" in page.inner_text("#spoken")

    site.visit(work)


def test_a_trace_is_drawn_on_the_graph(site: Site):
    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard")
        assert page.locator("#requests tr").count() <= 10
        page.get_by_role("row").filter(has_text="weather").get_by_role("link").first.click()
        page.wait_for_selector("#steps td")
        assert "/dashboard/traces#" in page.url
        label = str(page.locator("#graph svg").get_attribute("aria-label"))
        assert "weather/generate" in label
        assert "orders" not in label
        assert "fake://down: unavailable" in page.inner_text("#turn-facts")
        taken = page.locator("#graph .node.taken").count()
        assert taken == len(["classify", "gate", "retrieve", "generate", "answer", "merge"])

    site.visit(work)


def test_an_answer_stays_text_and_tells_its_way(site: Site):
    sent = "an order <img src='http://elsewhere.example/a.png'> **now**"

    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard/try")
        page.fill("#message", sent)
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#answer-facts dd")
        assert page.inner_text("#answer") == f"answer to {sent}, after 0 others"
        assert page.locator("#answer *").count() == 0
        assert page.inner_text("#verdict") == "One domain answers: orders."
        assert "90.0 %" in page.inner_text("#scores")
        assert "order" in page.inner_text("#nearest")
        page.wait_for_selector("#graph .node.taken")
        assert visit.hosts == {urlsplit(site.url).netloc}
        assert visit.complaints == []

    site.visit(work)
    # What was tried leaves no session behind.
    sessions = httpx.get(f"{site.url}/sessions", timeout=60).json()
    assert all(one["turns"] == 1 for one in sessions)


def test_a_tool_call_waits_for_a_decision(site: Site):
    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard/try")
        page.fill("#message", "cancel order")
        page.click("#send")
        page.wait_for_selector("#approve")
        assert page.locator("#graph .node.taken", has_text="merge").count() == 0
        page.click("#approve")
        page.wait_for_selector("#tools li")
        assert "gone 7" in page.inner_text("#answer")
        page.wait_for_selector("#graph .node.taken")
        # In the order in which a question passes them, though the graph is compiled in another.
        drawn = page.evaluate(
            """() => [...document.querySelectorAll("#graph .node-name.taken")]
                .map((one) => [one.getBoundingClientRect().x, one.textContent])
                .sort(([one], [other]) => one - other)
                .map(([, name]) => name)"""
        )
        assert drawn == ["generate", "approve", "tools", "answer", "merge"]
        assert page.locator("#decide").is_hidden()
        page.goto("/dashboard")
        page.wait_for_selector("#requests .badge.wait")
        assert "stopped for approval" in page.inner_text("#requests tr:nth-child(2)")
        assert "stopped for approval" in page.inner_text("#success-note")

    site.visit(work)


def test_a_document_is_uploaded_found_and_deleted(site: Site, tmp_path: Path):
    guide = tmp_path / "guide.md"
    guide.write_text("# Returns\n\nBoots go back within 30 days.\n", encoding="utf-8")
    wrong = tmp_path / "broken.json"
    wrong.write_text("{", encoding="utf-8")

    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard/knowledge")
        page.wait_for_selector("#listed td")
        page.select_option("#store", "billing")
        page.set_input_files("#files", [str(guide), str(wrong)])
        page.click("#upload button")
        page.wait_for_selector("#uploads li.bad")
        assert page.locator("#uploads li.ok").inner_text() == "guide.md: 1 passage stored."
        assert "broken.json: is not JSON" in page.inner_text("#uploads li.bad")
        page.fill("#query", "boots")
        page.keyboard.press("Enter")
        page.wait_for_selector("#found .passage")
        assert page.inner_text("#found .passage") == "Boots go back within 30 days."
        page.click("[aria-label='Delete guide.md']")
        page.keyboard.press("Escape")
        page.click("[aria-label='Delete guide.md']")
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.wait_for_selector("#listed .none")

    site.visit(work)


def test_the_chosen_theme_is_kept(site: Site):
    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard/try")
        colour = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(colour)
        page.click("#theme")
        assert (page.inner_text("#theme-name"), page.evaluate(colour)) == ("light", light)
        page.click("#theme")
        dark = page.evaluate(colour)
        assert dark != light
        page.goto("/dashboard/knowledge")
        assert (page.inner_text("#theme-name"), page.evaluate(colour)) == ("dark", dark)

    site.visit(work, color_scheme="light")


def test_a_key_is_asked_for_and_what_it_may_not_see_is_said(chromium: Chromium, tmp_path: Path):
    from playwright.sync_api import expect

    agent = web_agent(tmp_path, Clerk())
    keys = KeyStore(agent.settings.data_dir)
    shop, clinic = keys.create("shop")[1], keys.create("clinic", domains=["billing"])[1]

    def work(visit: Visit) -> None:
        page = visit.page
        page.goto("/dashboard")
        page.fill("#api-key", "mdsa_wrong")
        page.keyboard.press("Enter")
        expect(page.locator("#sign-in-problem")).not_to_be_empty()
        assert violations(page) == []
        page.fill("#api-key", shop)
        page.keyboard.press("Enter")
        page.wait_for_selector("#live[data-state=live]")
        page.wait_for_selector("#models td")
        # The next page of this tab knows it; it may ask and not change.
        page.goto("/dashboard/knowledge")
        page.wait_for_selector("#listed td")
        assert page.locator("#upload").is_hidden()
        page.click("#sign-out")
        page.fill("#api-key", clinic)
        page.keyboard.press("Enter")
        page.wait_for_selector("#listed td")
        assert "orders" not in page.inner_text("#store")
        page.goto("/dashboard")
        page.wait_for_selector("#trouble:not([hidden])")
        assert "this key is for some domains" in page.inner_text("#trouble")
        assert page.locator("#live").get_attribute("data-state") == "refused"

    with live_server(agent) as url:
        chromium.run(work, base_url=url)
