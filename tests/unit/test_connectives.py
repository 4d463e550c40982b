"""Where a message might be cut, before any router has been asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mdsa.router.connectives import candidate_segments, find_cuts


def pieces(message: str) -> list[str]:
    """The shortest parts of a message."""
    segments = candidate_segments(message)
    return [
        text
        for (first, last), text in zip(segments.spans, segments.texts, strict=True)
        if last - first == 1
    ]


BALANCE, JAZZ = "what is my balance", "play some jazz"


@pytest.mark.parametrize(
    "joiner",
    [
        *(", and ", " and also ", "; ", ". ", " then ", " plus ", " & ", ", also ", " as well as "),
        *("? by the way, ", " and ", ", ", "\n", " btw ", ", oh and ", " also ", " - ", "... "),
        *("?", " \u2014 ", ", and then ", ". And finally, ", " oh and also ", " "),
    ],
)
def test_every_way_of_joining_two_questions_is_a_candidate(joiner: str) -> None:
    message = f"{BALANCE}{joiner}{JAZZ}"

    assert [piece.rstrip("?.") for piece in pieces(message)] == [BALANCE, JAZZ]
    assert [piece.rstrip("?.").lower() for piece in pieces(message.upper())] == [BALANCE, JAZZ]


def test_an_opening_first_is_left_out() -> None:
    assert pieces(f"First, {BALANCE}, then {JAZZ}") == [BALANCE, JAZZ]
    assert pieces(f"first class to Rome, then {JAZZ}") == ["first class to Rome", JAZZ]


@pytest.mark.parametrize(
    "message",
    [
        *("Where is my order?", "What are the terms and conditions", "mac and cheese", "Thanks!"),
        *("can you tell me what my balance is", "meet Dr. Smith at 7 a.m. today", "", "...", "and"),
        *("the next flight", "how often do tires need changing"),
        *("could you check and tell me my balance", "i would like to try and confirm my table"),
        *("send one hundred and fifty dollars to my brother", "please go and play the song"),
    ],
)
def test_a_message_with_nothing_to_cut_has_no_parts(message: str) -> None:
    assert candidate_segments(message).texts == ()


def test_and_after_a_verb_that_is_whole_without_it_cuts() -> None:
    assert pieces(f"where do I check and {BALANCE}") == ["where do I check", BALANCE]
    assert pieces(f"how many hundreds and {BALANCE}") == ["how many hundreds", BALANCE]


def test_a_subject_after_a_cut_is_told_from_a_question() -> None:
    assert [cut.subject for cut in find_cuts("my watch is frozen and I want jazz")] == [True]
    assert [cut.subject for cut in find_cuts("my watch is frozen and can I swim")] == [False]


def test_the_mark_and_what_follows_it_are_told() -> None:
    cuts = find_cuts("my watch is frozen. And how do I reset it, or the lamp and its strap?")

    assert [(cut.kind, cut.request) for cut in cuts] == [
        ("stop", True),
        ("comma", False),
        ("and", False),
    ]


@pytest.mark.parametrize(
    ("joiner", "kind"),
    [
        (" and ", "and"),
        (", and ", "comma_and"),
        (", & ", "comma_and"),
        (", oh and ", "linker"),
        (", and then ", "linker"),
        (". And ", "stop"),
    ],
)
def test_a_comma_makes_more_of_an_and(joiner: str, kind: str) -> None:
    (cut,) = find_cuts(f"pay my gas bill{joiner}play some jazz")

    assert cut.kind == kind


def test_runs_of_pieces_are_parts_too_but_the_whole_is_not() -> None:
    segments = candidate_segments("say one thing. say two things. say three things")

    assert segments.texts == (
        "say one thing.",
        "say two things.",
        "say three things",
        "say one thing. say two things.",
        "say two things. say three things",
    )
    assert segments.spans == ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3))


def test_a_long_message_has_a_bounded_number_of_parts() -> None:
    message = "please tell me this. " * 50

    segments = candidate_segments(message)

    assert len(segments.cuts) == 8
    assert len(segments.texts) <= 24
    assert {last for _, last in segments.spans} >= {9}


@example("0?0&0 0")
@given(
    st.text()
    | st.lists(
        st.sampled_from(["and", "how", "a", ".", ",", "then", "\n", "as well as", "tell", "-"])
    ).map(" ".join)
)
def test_parts_are_stretches_of_the_message_that_keep_its_words_in_order(message: str) -> None:
    segments = candidate_segments(message)

    remaining = iter(re.findall(r"\w+", message))
    assert all(text in message for text in segments.texts)
    assert all(word in remaining for word in re.findall(r"\w+", " ".join(pieces(message))))
    # Words as the parts count them: "0?0" are two, without a space between them.
    assert all(len(re.findall(r"\w+", text)) >= 2 for text in segments.texts)
