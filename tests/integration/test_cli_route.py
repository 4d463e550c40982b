"""`mdsa route`: where messages go, over the app's domains or others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes.command_line import assert_failed, json_lines, run_command, write_small_app


@pytest.fixture
def small_app(tmp_path: Path) -> Path:
    return write_small_app(tmp_path)


def test_route_shows_the_apps_domains(small_app: Path) -> None:
    answer = run_command("route", "I want a refund", "--app", small_app, "--json")

    verdict = json.loads(answer.stdout)
    assert verdict["domain"] == "returns"
    assert set(verdict["scores"]) == {"orders", "returns"}
    assert verdict["confidence"] == verdict["scores"]["returns"]
    shown = run_command("route", "I want a refund", "--app", small_app)
    assert "returns" in shown.stdout


def test_route_of_lines_over_given_domains(tmp_path: Path) -> None:
    domains = [
        {"name": "weather", "description": "Rain, sun and temperature.", "keywords": ["rain"]},
        {
            "name": "food & drink",
            "description": "Recipes and cooking.",
            "keywords": [],
            "examples": ["How do I bake bread?"],
        },
    ]
    path = tmp_path / "domains.json"
    path.write_text(json.dumps(domains), encoding="utf-8")
    texts = ["Will it rain tomorrow?", "How do I bake bread?"]
    given = "".join(json.dumps({"text": text, "id": 1}) + "\n" for text in texts)

    answer = run_command("route", "--domains", path, "--jsonl", given=given)

    verdicts = json_lines(answer)
    assert [verdict["domain"] for verdict in verdicts] == ["weather", "food & drink"]
    for verdict in verdicts:
        assert set(verdict) >= {"domain", "confidence", "scores", "decision"}
        assert verdict["decision"] in {"direct", "decompose", "clarify", "unmatched"}


def test_route_stops_at_a_broken_line(small_app: Path) -> None:
    given = '{"text": "refund"}\n{"text"\n'

    answer = run_command("route", "--jsonl", "--app", small_app, given=given)

    assert_failed(answer, "line 2")
    assert len(json_lines(answer)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nothing", "Invalid JSON"),
        ("[]", "no domain"),
        ('{"name": "a"}', "array"),
        ('[{"name": "a"}]', "0.description"),
        ('[{"name": "", "description": "d"}]', "0.name"),
    ],
)
def test_domains_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "domains.json"
    path.write_text(content, encoding="utf-8")

    assert_failed(run_command("--json", "route", "x", "--domains", path), message, "ConfigError")


def test_domains_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "domains.json"
    path.write_text(json.dumps([{"name": "a", "description": "d"}] * 2), encoding="utf-8")

    assert_failed(
        run_command("--json", "route", "x", "--domains", path), "'a'", "DuplicateNameError"
    )
