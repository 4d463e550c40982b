"""The measurement of fallbacks, on few turns: it measures what it says."""

from __future__ import annotations

import json

import pytest

from mdsa.evals.failing_server import Failure
from mdsa.evals.fallbacks import main, measure


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ("out of memory", "out_of_memory"),
        ("cuts", "unavailable"),
        ("loops", "bad_output"),
    ],
)
def test_every_failure_is_answered_and_opens_the_breaker(failure: Failure, kind: str) -> None:
    (timing,) = measure([failure], turns=1)

    assert timing.kinds == {kind: 3, "circuit_open": 1}
    assert timing.answered == 1
    assert 0 < timing.first_token_ms <= timing.whole_p95_ms


def test_the_report_is_json_where_that_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--turns", "1", "--failure", "busy", "--json"])

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["failure"], row["answered"]) == ("busy", 1)
