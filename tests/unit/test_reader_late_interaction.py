"""The words of a question against those of each sentence, by their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mdsa.embeddings.token_vectors import TokenVectors
from mdsa.models.reader.late_interaction import (
    LATE_FEATURES,
    late_interaction,
    question_words,
)

_UNITS = np.eye(4, dtype=np.float32)


def _vectors(*rows: Any) -> TokenVectors:
    return TokenVectors(_UNITS[0], np.array(rows, np.float16), ((0, 0),) * len(rows))


def test_each_word_counts_by_the_nearest_in_the_sentence() -> None:
    question = _vectors(_UNITS[0], _UNITS[1], _UNITS[2])
    sentences = [
        _vectors(_UNITS[3], _UNITS[0]),
        _vectors(_UNITS[3]),
        _vectors(0.6 * _UNITS[1] + 0.8 * _UNITS[3]),
    ]

    rows = late_interaction(
        ["cost", "boots", ""],  # the third is punctuation
        question,
        sentences,
        {"cost": 3.0, "boot": 1.0},
        [{"cost"}, set(), set()],
        [1, 1, 2],
    )

    met, unfound, unfound_near = rows.T
    assert rows.shape == (3, len(LATE_FEATURES))
    assert met == pytest.approx([3 / 4, 0, 0.6 / 4], abs=1e-3)
    # "cost" stands in the first, so that only "boots" has to be met there.
    assert unfound == pytest.approx([0, 0, 0.3], abs=1e-3)
    # The second sentence is helped by the first; the third is of another passage.
    assert unfound_near == pytest.approx([0, 0.5, 0.3], abs=1e-3)


def test_where_every_word_stands_all_of_them_count() -> None:
    rows = late_interaction(
        ["boots", "of"],
        _vectors(_UNITS[0], _UNITS[3]),
        [_vectors(0.6 * _UNITS[0] + 0.8 * _UNITS[1])],
        {"boot": 1.0},
        [{"boot"}],
        [1],
    )

    assert rows[0] == pytest.approx([0.6, 0.6, 0.6], abs=1e-3)


def test_a_question_of_stop_words_is_met_by_all_its_tokens() -> None:
    rows = late_interaction(
        ["what", "is"], _vectors(_UNITS[0], _UNITS[1]), [_vectors(_UNITS[0])], {}, [set()], [1]
    )

    assert rows[0, 0] == pytest.approx(0.5)


def test_pieces_of_a_word_are_of_that_word() -> None:
    text = "Re-order ORD-7?"
    spans = [(0, 2), (2, 3), (3, 8), (9, 12), (12, 13), (13, 14), (14, 15), (0, 0)]

    assert question_words(text, spans) == ["Re-order"] * 3 + ["ORD-7"] * 3 + ["", ""]
