"""What points back, and what only looks so."""

from __future__ import annotations

import pytest

from mdsa.router.pronouns import points_back, refers_back


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("and how long does that take?", True),
        ("What about Canada?", True),
        ("Is it waterproof?", True),
        ("Where is order ORD-1001?", False),
        ("Android phones", False),
        ("", False),
        ("It is a long story about my parcel which left the shop a very long time ago", False),
    ],
)
def test_short_messages_that_begin_or_point_like_a_follow_up_refer_back(
    text: str, expected: bool
) -> None:
    assert refers_back(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("does it still work", "are THEY here", "and its price?", "get me a cab there"),
        *("how much does that cost", "what about that?", "I want the second one"),
    ],
)
def test_pronouns_that_stand_for_something_said_before_point_back(text: str) -> None:
    assert points_back(text)


@pytest.mark.parametrize(
    "text",
    [
        *("my item", "", "what time is it", "is it going to rain", "are there any flights"),
        *("there's a charge on my card", "am i free this weekend", "play a song that i like"),
        *("is it possible to pay later", "how long does it take to get to Rome"),
        "put milk on the shopping list unless it holds some",
    ],
)
def test_pronouns_without_such_a_meaning_do_not(text: str) -> None:
    assert not points_back(text)
