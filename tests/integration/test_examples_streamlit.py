"""examples/streamlit, through Streamlit's own test client and in a browser."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit
from fakes.browser import Chromium, Visit
from fakes.example_apps import ANSWER, EXAMPLES, HOSTILE, QUESTION, SOURCE, example_app, serve
from streamlit.testing.v1 import AppTest

from mdsa import TinyBERTOrchestrator


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    for name, value in example_app(tmp_path).items():
        monkeypatch.setenv(name, value)
    yield AppTest.from_file(EXAMPLES / "streamlit" / "app.py", default_timeout=120).run()
    streamlit.cache_resource.clear()
    gc.collect()


def ask(page: AppTest, message: str) -> str:
    """Everything that the page then shows."""
    page.chat_input[0].set_value(message).run()
    return shown(page)


def shown(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption])


# The test client leaves an event loop behind for each run of the page.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_answers_approvals_and_visitors(page: AppTest):
    text = ask(page, QUESTION)
    assert ANSWER in text
    assert f"Sources: {SOURCE}" in text
    assert "orders · direct · confidence" in text

    ask(page, "Please cancel order ORD-1005.")
    stranger = AppTest.from_file(EXAMPLES / "streamlit" / "app.py", default_timeout=120).run()
    assert ANSWER not in shown(stranger)
    assert [button.label for button in stranger.button] == ["New conversation"]

    next(button for button in page.button if button.label == "Approve").click().run()
    assert "ORD-1005 has been cancelled" in shown(page)
    assert [button.label for button in page.button] == ["New conversation"]
    page.button[0].click().run()
    assert ANSWER not in shown(page)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_approval_that_was_given_elsewhere_is_told_in_a_sentence(page: AppTest, tmp_path: Path):
    ask(page, "Please cancel order ORD-1005.")
    session = page.session_state["conversation"]
    with TinyBERTOrchestrator.from_app() as other:  # as of another tab or process
        other.resume(session, False, {"user_id": session})

    next(button for button in page.button if button.label == "Approve").click().run()
    shown(page)
    (error,) = page.error
    assert str(tmp_path) not in error.value
    assert "has no unfinished turn" in error.value


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, session_cache: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("streamlit")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_SERVER_HEADLESS", "true")  # no browser of the desktop
        with serve("streamlit", folder, "STREAMLIT_SERVER_PORT") as address:
            yield address


@pytest.mark.timeout(300)
def test_the_page_answers_and_asks_for_approval(chromium: Chromium, url: str):
    def work(visit: Visit) -> None:
        page = visit.page
        page.set_default_timeout(120_000)  # the first visit opens the agent
        page.goto(url)
        box = page.get_by_test_id("stChatInputTextArea")
        box.fill(QUESTION)
        box.press("Enter")
        page.get_by_text(f"{ANSWER} and costs $29, or $19").wait_for()
        page.get_by_text(f"Sources: {SOURCE}").wait_for()

        box.fill("Please cancel order ORD-1006.")
        box.press("Enter")
        page.get_by_role("button", name="Decline").click()
        page.get_by_text("declined this call").wait_for()

        box.fill(HOSTILE)
        box.press("Enter")
        page.get_by_text("in blue").wait_for()
        page.get_by_text("elsewhere.example").first.wait_for()
        assert visit.complaints == []
        assert visit.hosts == {urlsplit(url).netloc}
        assert not visit.scrolls_sideways()

    chromium.run(work, viewport={"width": 390, "height": 844})
