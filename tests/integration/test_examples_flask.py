"""examples/flask, over a socket and in a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fakes.browser import Chromium, Visit, violations
from fakes.example_apps import ANSWER, HOSTILE, QUESTION, SOURCE, serve


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Iterator[str]:
    with serve("flask", tmp_path_factory.mktemp("flask"), "PORT") as address:
        yield address


def events(http: httpx.Client, path: str, **body: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in http.post(path, json=body).text.splitlines()]


def test_an_answer_comes_in_pieces_and_names_its_source(url: str):
    with httpx.Client(base_url=url, timeout=60) as http:
        said = events(http, "/api/chat", message=QUESTION)
        refused = events(http, "/api/chat", message=["no", "text"])

    tokens = [event["text"] for event in said if event["type"] == "token"]
    result = said[-1]["result"]
    assert len(tokens) > 3
    assert "".join(tokens) == result["response"]
    assert ANSWER in result["response"]
    assert [source["title"] for source in result["sources"]] == [SOURCE]
    assert refused[-1]["type"] == "error"


def test_each_browser_has_a_conversation_of_its_own(url: str):
    with (
        httpx.Client(base_url=url, timeout=60) as first,
        httpx.Client(base_url=url, timeout=60) as second,
    ):
        waiting = events(first, "/api/chat", message="Please cancel order ORD-1005.")[-1]["result"]
        assert waiting["interrupts"]
        assert second.post("/api/decision", json={"approve": True}).status_code == 422
        other = events(second, "/api/chat", message=QUESTION)[-1]["result"]
        assert other["session_id"] != waiting["session_id"]

        done = events(first, "/api/decision", approve=True)[-1]["result"]
        assert done["session_id"] == waiting["session_id"]
        assert "ORD-1005 has been cancelled" in done["response"]


def test_the_page_answers_and_asks_for_approval(url: str, chromium: Chromium):
    def work(visit: Visit) -> None:
        page = visit.page
        page.set_default_timeout(60_000)
        page.goto(url)
        box = page.get_by_label("Message")
        box.fill(QUESTION)
        box.press("Enter")
        page.get_by_text(ANSWER).wait_for()
        page.get_by_text(f"Sources: {SOURCE}").wait_for()
        page.get_by_text("orders · direct · confidence").wait_for()

        box.fill("Please cancel order ORD-1006.")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("button", name="Decline").click()
        page.get_by_text("declined this call").wait_for()

        assert visit.complaints == []
        assert violations(page) == []
        assert not visit.scrolls_sideways()
        page.get_by_role("button", name="New conversation").click()
        page.get_by_text(ANSWER).wait_for(state="detached")

    chromium.run(work, viewport={"width": 390, "height": 844})


def test_what_models_and_people_write_stays_text(url: str, chromium: Chromium):
    def work(visit: Visit) -> None:
        page = visit.page
        page.set_default_timeout(60_000)
        page.goto(url)
        assert page.locator("article").count() == 0, "nobody else's conversation is there"
        page.get_by_label("Message").fill(f"<b>{HOSTILE}</b>")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("in blue").wait_for()

        assert page.get_by_text("<b>").count() == 1
        assert page.locator("article img, article b").count() == 0
        assert visit.hosts == {urlsplit(url).netloc}

    chromium.run(work, color_scheme="dark")
