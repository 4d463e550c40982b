"""How the messages that splitting is fitted on weigh."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.evals.clause_fit import Choice, fit, weighed
from mdsa.router.clause_model import FEATURES


def choice(*right: bool, wanted: bool = True) -> Choice:
    """A message with as many readings, each of one feature of its own."""
    features = np.eye(len(right), len(FEATURES))
    return Choice(features, np.array(right), np.array(right), wanted)


def test_each_source_has_its_share_however_many_messages_it_has() -> None:
    one, silent = choice(True, False), choice(True, True)
    found = weighed({"organisations": [one, silent], "trained": [one] * 4, "published": [one] * 2})

    assert [each.weight for each in found] == pytest.approx([1.0, *[0.1] * 4, *[0.1] * 2])


def test_a_reading_that_is_right_in_heavier_messages_wins() -> None:
    first, second = choice(True, False), choice(False, True)
    weights = fit(weighed({"organisations": [first], "trained": [second] * 9}))

    assert weights[0] > weights[1]
    assert not weights[2:].any()
