"""LangSmith gets something where the user's own variables ask for it, and nothing otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.otlp_receiver import otlp_receiver

_TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("variables", "sent"),
    [({}, False), ({"LANGSMITH_TRACING": "true"}, True)],
    ids=["a key alone", "tracing asked for"],
)
def test_runs_go_to_langsmith_only_where_tracing_is_asked_for(
    tmp_path: Path, variables: dict[str, str], sent: bool
) -> None:
    surroundings = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LANGSMITH_", "LANGCHAIN_"))
    }
    with otlp_receiver() as receiver:
        answer = subprocess.run(
            [sys.executable, "-m", "fakes.traced_process", str(tmp_path)],
            env={
                **surroundings,
                "PYTHONPATH": str(_TESTS),
                "LANGSMITH_ENDPOINT": receiver.url,
                "LANGSMITH_API_KEY": "ls-key",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert answer.returncode == 0, answer.stderr
    assert any("runs" in path for path in receiver.paths) is sent
    assert bool(receiver.paths) is sent
