"""A target error from the settings, the orchestrator or one request, to the run's context."""

from __future__ import annotations

from typing import Any

import pytest

from mdsa.core.arguments import configured
from mdsa.core.request import read_context
from mdsa.errors import InvalidInputError
from mdsa.graph.context import RunContext
from mdsa.router import best_domains
from mdsa.settings import Settings

DEFAULTS = {"threshold": 0.7, "target_error": 0.05}


def run_of(context: dict[str, Any]) -> RunContext:
    return read_context(context, defaults=DEFAULTS, max_chars=100, domains=frozenset())[1]


def test_a_request_may_ask_for_its_own() -> None:
    assert run_of({}).target_error == 0.05
    assert run_of({"target_error": 0.01}).target_error == 0.01
    assert run_of({"target_error": None}).target_error is None


def test_a_requests_own_threshold_stands_in_the_place_of_a_default_error() -> None:
    run = run_of({"threshold": 0.9})

    assert (run.threshold, run.target_error) == (0.9, None)
    assert run_of({"threshold": 0.9, "target_error": 0.01}).target_error == 0.01


@pytest.mark.parametrize("value", [0, 1, -0.1, "much"])
def test_a_request_must_ask_for_a_share(value: object) -> None:
    with pytest.raises(InvalidInputError, match="target_error"):
        run_of({"target_error": value})


def made(settings: Settings, **changes: Any) -> Settings:
    arguments = {"device": "auto", "use_reasoning_threshold": 0.7, "target_error": None, **changes}
    return configured(settings, **arguments)


def test_an_argument_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDSA_TARGET_ERROR", "0.03")

    assert made(Settings()).target_error == 0.03
    assert made(Settings(), target_error=0.01).target_error == 0.01


@pytest.mark.parametrize("value", [0, 1, True, "0.1", float("nan")])
def test_an_argument_must_be_a_share(value: object) -> None:
    with pytest.raises(InvalidInputError, match="target_error is"):
        made(Settings(), target_error=value)


def test_the_best_domains_come_first_and_ties_by_name() -> None:
    scores = {"d": 0.1, "c": 0.4, "b": 0.1, "a": 0.4}

    assert best_domains(scores) == ["a"]
    assert best_domains(scores, 3) == ["a", "c", "b"]
    assert best_domains(scores, 9) == ["a", "c", "b", "d"]
    assert best_domains({}) == []
