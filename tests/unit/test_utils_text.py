from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdsa.errors import InvalidInputError
from mdsa.utils import clean_message


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "line one\nline two\r\n\tindented",
        "أين طلبي؟ \u200fرقم 12",
        "היכן ההזמנה שלי",
        "👩‍👩‍👧‍👦 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿 and ❤️",
        "ก็ ที่ 한국어 नमस्ते",
        "q\u0303 m\u0324",
    ],
)
def test_what_people_write_passes_untouched(text: str) -> None:
    assert clean_message(text, 100) == text


def test_composed_and_decomposed_spelling_become_the_same_text() -> None:
    assert clean_message("cafe\u0301", 100) == clean_message("caf\u00e9", 100) == "caf\u00e9"


def test_white_space_at_the_ends_goes() -> None:
    assert clean_message("  \n where?\t ", 100) == "where?"


@pytest.mark.parametrize("value", [None, 7, b"bytes", ["text"]])
def test_what_is_no_text_is_refused_with_its_type(value: object) -> None:
    with pytest.raises(InvalidInputError, match=f"type {type(value).__name__}, not str"):
        clean_message(value, 100)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u2003", "\u200b\u200d", " \ufeff "])
def test_a_message_without_anything_visible_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="empty"):
        clean_message(text, 100)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_controls_and_half_surrogates_are_refused_with_their_position(character: str) -> None:
    with pytest.raises(InvalidInputError, match=r"at position 3; .*before you pass it"):
        clean_message(f"abc{character}def", 100)


def test_the_error_can_be_written_anywhere_whatever_the_message_held() -> None:
    with pytest.raises(InvalidInputError) as caught:
        clean_message("\ud800", 100)
    assert str(caught.value).encode("ascii")


def test_the_limit_counts_composed_characters() -> None:
    assert clean_message("e\u0301" * 10, 10) == "\u00e9" * 10
    with pytest.raises(InvalidInputError, match="has 11 characters, the most is 10"):
        clean_message("e\u0301" * 11, 10)


def test_a_huge_message_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has 5000000 characters"):
        clean_message("a" * 5_000_000, 20_000)


@given(st.text(max_size=200))
def test_every_text_is_either_refused_or_clean_for_good(text: str) -> None:
    try:
        cleaned = clean_message(text, 100)
    except InvalidInputError:
        return
    assert clean_message(cleaned, 100) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", cleaned)
