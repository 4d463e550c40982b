"""What the command line shows and writes."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from mdsa.cli.render import answer_panel, plain, printable, result_facts, table, write_json
from mdsa.core.result import RequestResult


def _shown(thing: object) -> str:
    out = io.StringIO()
    Console(file=out, width=80, markup=False, emoji=False, highlight=False).print(thing)
    return out.getvalue()


def _result(**changes: object) -> RequestResult:
    return {  # type: ignore[return-value]  # the keys of RequestResult
        "response": "Sixty days.",
        "domain": "returns",
        "confidence": 0.91,
        "latency_ms": 12.0,
        "used_reasoning": False,
        "decision": "direct",
        "domains": ["returns"],
        "sources": [],
        "tool_calls": [],
        "session_id": "s",
        "request_id": "r",
        "degraded": False,
        "models": ["embedded://reader"],
        "failures": [],
        "reason": "sure",
        "scores": {"returns": 0.91},
        "node_latency_ms": {"classify": 1.5, "returns/retrieve": 3.0, "returns": 9.0},
        "interrupts": [],
        **changes,
    }


def test_an_answer_is_no_markup() -> None:
    assert "[red]not red[/red] [link=x]y" in _shown(
        answer_panel(_result(response="[red]not red[/red] [link=x]y"))
    )


def test_an_answer_cannot_drive_the_terminal() -> None:
    hostile = "a\x1b]0;title\x07b\x1b[2J\x9b31m\u202ec\rd"

    shown = _shown(answer_panel(_result(response=hostile)))

    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(shown)
    assert "a]0;titleb[2J31mcd" in shown


def test_new_lines_and_tabs_stay() -> None:
    assert printable("one\n\ttwo") == "one\n\ttwo"


def test_titles_of_sources_are_no_markup_either() -> None:
    source = {"id": "1", "title": "[bold]T", "source": "a.md", "scope": "local", "score": 0.5}

    assert "[bold]T (a.md, local)" in _shown(result_facts(_result(sources=[source])))


def test_nodes_inside_a_domain_stand_behind_it() -> None:
    assert "classify 1.5 · returns 9.0 (retrieve 3.0)" in _shown(result_facts(_result()))


def test_everything_fits_into_80_columns() -> None:
    long = _result(response="word " * 60, reason="because " * 30, domains=["a" * 60, "b" * 60])

    for thing in (answer_panel(long), result_facts(long), table(["x"], [("y" * 200,)])):
        assert max(map(len, _shown(thing).splitlines())) <= 80


def test_waiting_for_approval_is_no_answer() -> None:
    waiting = [{"id": "i", "domain": "orders", "calls": []}]

    assert "waits for approval" in _shown(answer_panel(_result(interrupts=waiting)))


def test_plain_text_keeps_its_style() -> None:
    assert plain("x", "bold").style == "bold"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"text": "zwei\nZeilen, ü"})

    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"text": "zwei\nZeilen, ü"}


def test_a_degraded_answer_names_who_answered_and_who_did_not() -> None:
    failures = [{"model": "ollama://llama3:8b", "reason": "circuit_open"}] * 2

    shown = " ".join(_shown(result_facts(_result(degraded=True, failures=failures))).split())

    assert (
        "no answer from ollama://llama3:8b (circuit_open); answered by: embedded://reader" in shown
    )
    assert "a configured model could not be used" in _shown(result_facts(_result(degraded=True)))
