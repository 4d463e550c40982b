"""What is small talk, and what only begins like it."""

from __future__ import annotations

import pytest

from mdsa.router.small_talk import small_talk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hello", "greeting"),
        ("Hi there!", "greeting"),
        ("Good morning, how are you?", "greeting"),
        ("What's up", "greeting"),
        ("how are you doing today?", "greeting"),
        ("Thanks", "thanks"),
        ("thank you so much for your help!", "thanks"),
        ("hi, thanks", "thanks"),
        ("ok thanks, bye", "thanks"),
        ("bye", "farewell"),
        ("See you later", "farewell"),
        ("Have a nice day!", "farewell"),
    ],
)
def test_courtesies(text: str, kind: str) -> None:
    assert small_talk(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?!",
        "ok",
        "yes please",
        "help",
        "hello, help!",
        "hi, where is my parcel?",
        "thanks, and when does it arrive",
        "Please translate 'good morning' into Finnish.",
        "I want to say goodbye to my account",
        "what is this",
        "hi " * 30,
    ],
)
def test_what_asks_something_is_no_small_talk(text: str) -> None:
    assert small_talk(text) is None
