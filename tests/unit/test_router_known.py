"""What a router remembers of its domains, and how many judges."""

from __future__ import annotations

import numpy as np
import pytest

from mdsa.router.background import Background
from mdsa.router.features import Prototypes, assemble
from mdsa.router.judge import Judge
from mdsa.router.known import Known
from mdsa.router.spelling import Speller
from mdsa.router.zero_shot import Weights


def judge_of(texts: int) -> Judge:
    told = tuple(f"text {number}" for number in range(texts))
    only = Prototypes(told, np.ones((texts, 4), np.float32) / 2, ())
    table = assemble([only], Background.plain(4))
    return Judge(("only",), table, Speller({}), None, Weights())


@pytest.mark.parametrize(("texts", "kept"), [(2000, 32), (1000, 32), (400, 80)])
def test_the_more_a_judge_holds_the_fewer_are_kept(texts: int, kept: int) -> None:
    known, judge = Known(), judge_of(texts)
    for caller in range(100):
        known.remember(frozenset({f"domain_{caller}"}), judge)

    assert len(known.judges) == kept
    assert frozenset({"domain_99"}) in known.judges
    assert frozenset({f"domain_{99 - kept}"}) not in known.judges
