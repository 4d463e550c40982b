"""examples/gradio, through Gradio's own client and in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fakes.browser import Chromium, Visit
from fakes.example_apps import ANSWER, HOSTILE, QUESTION, SOURCE, serve
from gradio_client import Client


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Iterator[str]:
    with serve("gradio", tmp_path_factory.mktemp("gradio"), "GRADIO_SERVER_PORT") as address:
        yield address


def ask(client: Client, message: str) -> list[Any]:
    """Everything that the page would show, one version after the other."""
    job = client.submit(message, api_name="/answer")
    job.result(timeout=60)
    return job.outputs()


def test_an_answer_comes_in_pieces_and_names_its_source(url: str):
    shown = ask(Client(url, verbose=False), QUESTION)

    assert len(shown) > 3
    assert ANSWER in str(shown[-1])
    assert f"Source: {SOURCE}" in str(shown[-1])
    assert "orders · direct · confidence" in str(shown[-1])


def test_each_page_has_a_conversation_of_its_own(url: str):
    first, second = Client(url, verbose=False), Client(url, verbose=False)
    ask(first, "Please cancel order ORD-1005.")

    assert "cancelled" not in str(ask(second, "Approve")[-1])
    assert "ORD-1005 has been cancelled" in str(ask(first, "Approve")[-1])


def test_the_page_answers_and_asks_for_approval(url: str, chromium: Chromium):
    def work(visit: Visit) -> None:
        page = visit.page
        page.set_default_timeout(60_000)
        page.goto(url)
        box = page.get_by_role("textbox")
        box.fill(QUESTION)
        box.press("Enter")
        page.get_by_text(ANSWER).wait_for()
        page.get_by_text(SOURCE).wait_for()
        page.get_by_text("orders · direct · confidence").wait_for()

        box.fill("Please cancel order ORD-1006.")
        box.press("Enter")
        page.get_by_role("button", name="Decline").click()
        page.get_by_text("declined this call").wait_for()
        assert visit.complaints == []
        assert not visit.scrolls_sideways()

    chromium.run(work, viewport={"width": 390, "height": 844})


def test_an_answer_fetches_nothing_from_other_hosts(url: str, chromium: Chromium):
    def work(visit: Visit) -> None:
        page = visit.page
        page.set_default_timeout(60_000)
        page.goto(url)
        box = page.get_by_role("textbox")
        box.wait_for()
        assert page.get_by_text(ANSWER).count() == 0, "nobody else's conversation is there"
        box.fill(HOSTILE)
        box.press("Enter")
        page.get_by_text("in blue").wait_for()
        page.get_by_text("elsewhere.example").first.wait_for()
        assert visit.hosts == {urlsplit(url).netloc}

    chromium.run(work)
