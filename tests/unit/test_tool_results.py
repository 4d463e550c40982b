"""Values of tools as text for a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from mdsa.tools.results import result_text


class Model(BaseModel):
    day: date


@dataclass
class Row:
    day: date


CYCLE: list[Any] = []
CYCLE.append(CYCLE)
DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ({"a": ["é", 1, None]}, '{"a": ["é", 1, null]}'),
        (None, "null"),
        ({"day": DAY}, '{"day": "2026-11-23"}'),
        (Model(day=DAY), '{"day": "2026-11-23"}'),
        ([Row(DAY)], '[{"day": "2026-11-23"}]'),
        ({"b", "a"}, '["a", "b"]'),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        (CYCLE, "[[...]]"),
    ],
)
def test_text(value: object, text: str) -> None:
    assert result_text(value, 1000) == text


def test_long_text_is_cut_with_a_note() -> None:
    assert result_text("abcdef", 6) == "abcdef"
    assert result_text("abcdefg", 6) == "abcdef\n[Cut off: the first 6 of 7 characters.]"
