"""Lists stay with the sentence that leads into them when documents are cut."""

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
