"""Asks an app's whole agent a list of questions, and counts what came back right.

    python -m mdsa.evals.answers --questions tests/data/demo/questions.json

Each row is `{"question", "kind", "domain", "answer_contains": […], …}`. What right means depends on
the kind: a knowledge, tool, multi or follow-up question must be answered with every string of
`answer_contains`, an ambiguous one asked back, an out-of-scope one declined, and a forbidden one
answered without any string of `answer_lacks` and without its domain.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.core.result import RequestResult
from mdsa.settings import load_settings

__all__ = ["Outcome", "Tally", "evaluate_answers", "judge"]

Outcome = Literal["right", "wrong", "abstained"]


@dataclass
class Tally:
    """Outcomes by kind of question, and how long the answers took."""

    outcomes: dict[str, dict[Outcome, int]] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)
    misses: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: Mapping[str, Any], result: RequestResult) -> None:
        """Judge one answer and count it."""
        outcome = judge(row, result)
        counts = self.outcomes.setdefault(row["kind"], defaultdict(int))
        counts[outcome] += 1
        self.latencies_ms.append(result["latency_ms"])
        if outcome != "right":
            self.misses.append(
                {
                    "question": row["question"],
                    "kind": row["kind"],
                    "outcome": outcome,
                    "decision": result["decision"],
                    "domains": result["domains"],
                    "response": result["response"],
                }
            )

    def lines(self) -> list[str]:
        """The table, a line a kind."""
        table = [f"{'kind':<14}{'right':>7}{'wrong':>7}{'abstained':>11}"]
        for kind, counts in sorted(self.outcomes.items()):
            figures = [counts.get(name, 0) for name in ("right", "wrong", "abstained")]
            table.append(f"{kind:<14}{figures[0]:>7}{figures[1]:>7}{figures[2]:>11}")
        table.append(f"median latency {median(self.latencies_ms):.0f} ms")
        return table


def judge(row: Mapping[str, Any], result: RequestResult) -> Outcome:
    """Say whether an answer is right; see the module for what that means."""
    text = result["response"].lower()
    if row["kind"] == "ambiguous":
        return "right" if result["decision"] == "clarify" else "wrong"
    if row["kind"] == "forbidden":
        leaks = any(part.lower() in text for part in row.get("answer_lacks", []))
        strayed = set(result["domains"]) - set(row["allowed_domains"])
        return "wrong" if leaks or strayed else "right"
    declined = result["decision"] in ("unmatched", "clarify") and not result["sources"]
    abstained = not result["sources"] and not result["tool_calls"]
    if row["kind"] == "out_of_scope":
        return "right" if declined or abstained else "wrong"
    if all(part.lower() in text for part in row["answer_contains"]):
        return "right"
    return "abstained" if abstained else "wrong"


def evaluate_answers(agent: TinyBERTOrchestrator, rows: Iterable[Mapping[str, Any]]) -> Tally:
    """Ask every question in a session of its own, after its `history`."""
    tally = Tally()
    for number, row in enumerate(rows):
        context = {"session_id": f"question-{number}"}
        if row.get("allowed_domains"):
            context["allowed_domains"] = row["allowed_domains"]
        for earlier in row.get("history", []):
            agent.process_request(earlier, context)
        tally.add(row, agent.process_request(row["question"], context))
    return tally


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table and, with `--misses`, every answer that was not right."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.answers")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--app", type=Path, help="app file; the demo's by default")
    parser.add_argument("--misses", action="store_true", help="print what went wrong")
    options = parser.parse_args(arguments)
    rows = json.loads(options.questions.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings().model_copy(
            update={"data_dir": Path(folder), "chroma_persist_dir": None}
        )
        with TinyBERTOrchestrator.from_app(options.app, settings=settings) as agent:
            tally = evaluate_answers(agent, rows)
    if options.misses:
        sys.stdout.writelines(json.dumps(miss, ensure_ascii=False) + "\n" for miss in tally.misses)
    sys.stdout.write("\n".join(tally.lines()) + "\n")


if __name__ == "__main__":
    main()
