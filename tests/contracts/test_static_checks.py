"""The checks that need no test of their own: lint, format, types; and the README's test command."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest


def _run(root: Path, *command: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, f"{' '.join(command)}\n{answer.stdout}{answer.stderr}"


def test_ruff_finds_nothing(project_root: Path) -> None:
    _run(project_root, "ruff", "check", "--no-cache")


def test_the_code_is_formatted(project_root: Path) -> None:
    _run(project_root, "ruff", "format", "--check", "--no-cache")


@pytest.mark.timeout(600)
def test_mypy_finds_nothing(project_root: Path) -> None:
    _run(project_root, "mypy")


def test_the_readme_marks_the_test_command_that_ci_runs(project_root: Path) -> None:
    readme = (project_root / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(
        r"^<!-- test-command -->\n+```\w*\n(.+?)\n```$", readme, re.MULTILINE | re.DOTALL
    )

    assert len(blocks) == 1, "put `<!-- test-command -->` above the one block that runs the tests"
    assert "pytest" in blocks[0]
