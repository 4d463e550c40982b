"""Starting the command costs little, and says what there is."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

_HEAVY = (
    "chromadb",
    "langchain_core",
    "langgraph",
    "numpy",
    "onnxruntime",
    "torch",
    "transformers",
)
_PROGRAM = """
import json, sys
from mdsa.cli import main
sys.argv = ["mdsa", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps({"code": code or 0, "loaded": sorted(sys.modules)}))
"""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["demo", "--help"], ["sessions", "show", "--help"]]
)
def test_help_loads_no_library_that_takes_long(arguments: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=True,
    )

    report = json.loads(answer.stdout.splitlines()[-1])
    assert report["code"] == 0
    assert sorted(set(_HEAVY) & set(report["loaded"])) == []


def test_the_module_is_the_command() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "mdsa", "--version"], capture_output=True, text=True, check=True
    )

    assert answer.stdout == f"mdsa {version('mdsa')}\n"
    assert answer.stderr == ""


def test_help_names_every_command() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "mdsa", "--help"], capture_output=True, text=True, check=True
    )

    commands = ["demo", "chat", "ask", "resume", "route", "ingest", "sessions", "doctor", "eval"]
    assert [name for name in commands if f" {name} " not in answer.stdout] == []
