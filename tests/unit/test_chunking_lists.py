"""Lists stay with what leads into them, and rows with their header, when documents are cut."""

from __future__ import annotations

import pytest

from mdsa.retrieval.chunking import chunk_sections
from mdsa.retrieval.loaders import Section

_STEPS = "\n".join(f"{number}. Turn the screw number {number}." for number in range(1, 5))


@pytest.mark.parametrize("blank", ["\n\n", "  \n"])
def test_steps_stay_with_the_sentence_before_them(blank: str) -> None:
    before, after = "Read this first. " * 8, "Keep the key. " * 8
    text = blank.join([before.strip(), "To open it, follow these steps:", _STEPS, after.strip()])

    pieces = [c["content"] for c in chunk_sections([Section(text, "")], "x", chunk_chars=260)]

    (whole,) = [piece for piece in pieces if "follow these steps" in piece]
    assert "4. Turn the screw number 4." in whole


def test_a_list_that_is_too_long_is_cut_between_its_items() -> None:
    pieces = [
        c["content"]
        for c in chunk_sections(
            [Section(f"Steps:\n\n{_STEPS}", "")], "x", chunk_chars=80, overlap_chars=0
        )
    ]

    assert len(pieces) > 1
    assert all(piece.rstrip().endswith((".", ":")) for piece in pieces)


def test_the_rows_of_a_table_that_is_cut_stand_under_its_header() -> None:
    head = "| Thing | Deposit |\n|---|---|"
    rows = [f"| Thing number {number} | {number} euros |" for number in range(12)]
    text = "\n\n".join(["What we lend:", "\n".join([head, *rows]), "Bring it back clean. " * 8])

    pieces = [c["content"] for c in chunk_sections([Section(text, "")], "x", chunk_chars=200)]

    with_rows = [piece for piece in pieces if "| Thing number" in piece]
    assert len(with_rows) > 2
    assert all(piece.count(head) == 1 for piece in with_rows)
    assert all(any(row in piece for piece in with_rows) for row in rows)
    assert head not in pieces[-1]
