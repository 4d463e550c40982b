from __future__ import annotations

import pytest

from mdsa.models.passages import Passage
from mdsa.models.reader.lists import whole_lists
from mdsa.models.reader.sentences import split_passage, split_prose


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It costs 2.50 dollars. Pay Dr. Smith at 5 p.m. Eastern.", 2),
        ("Ships from the U.S. in May. J. R. Tolkien wrote it!", 2),
        ("Is it free? Yes. Really…  Indeed", 4),
        ("See e.g. the manual, fig. 3, vol. 2.", 1),
        ('He said "Stop." Then he left.', 2),
        ("The answer is no. Ask again.", 2),
        ("", 0),
    ],
)
def test_prose_ends_at_full_stops_that_are_ones(text: str, count: int) -> None:
    assert len(split_prose(text)) == count


def _units(text: str) -> list[tuple[str, str, str, str]]:
    return [(s.kind, s.marker, s.text, s.context) for s in split_passage(Passage(1, "T", text))]


def test_headings_are_context_and_never_answers() -> None:
    text = "# Delivery\nIt takes 3 days.\n\nReturns\n-------\nSend it\nback.\n\n**Fees**\nNone."

    assert _units(text) == [
        ("prose", "", "It takes 3 days.", "Delivery"),
        ("prose", "", "Send it back.", "Returns"),
        ("prose", "", "None.", "Fees"),
    ]


def test_list_items_keep_their_markers_apart() -> None:
    text = "To reset it:\n1. Hold the button\n   for 5 seconds.\n2. Let go.\n\n- a bullet"

    assert _units(text) == [
        ("lead", "", "To reset it:", ""),
        ("item", "1.", "Hold the button for 5 seconds.", ""),
        ("item", "2.", "Let go.", ""),
        ("item", "-", "a bullet", ""),
    ]


def test_a_list_is_also_one_unit_and_lists_under_two_headings_are_two() -> None:
    text = "## A\n1. one\n2. two\n## B\n1. three\n2. four"

    lists = whole_lists(split_passage(Passage(1, "", text)), {1: ""})

    assert [(unit.text, unit.context) for unit in lists] == [
        ("1. one\n2. two", "A"),
        ("1. three\n2. four", "B"),
    ]


def test_rows_stand_under_their_table_s_header() -> None:
    text = "| Plan | Price |\n|---|---|\n| Plus | $29 |"

    assert _units(text) == [
        ("header", "", "| Plan | Price |", ""),
        ("row", "", "| Plus | $29 |", "| Plan | Price |"),
    ]


def test_a_question_in_the_text_is_context_of_its_answer() -> None:
    assert _units("Q: Can I pay later?\nA: Yes. In four parts.") == [
        ("prose", "", "Yes. In four parts.", "Can I pay later?")
    ]


def test_every_unit_is_verbatim() -> None:
    text = "Mr. Poe wrote\nthis. It is\n\n- short; and\n- sweet.\n\nThe end (p. 3)."
    whole = " ".join(text.split())

    assert all(s.text in whole for s in split_passage(Passage(1, "", text)))


def test_a_hard_break_ends_an_item_where_blank_lines_are_gone() -> None:
    text = "Follow these steps:  \n1. Open it.  \n2. Close it.  \nYour data are safe."

    sentences = split_passage(Passage(1, "", text))

    assert [(s.kind, s.text) for s in sentences] == [
        ("lead", "Follow these steps:"),
        ("item", "Open it."),
        ("item", "Close it."),
        ("prose", "Your data are safe."),
    ]
