"""What the README shows works, and its tables are complete."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mdsa.cli.app import app
from mdsa.domains.app_file import AppFile
from mdsa.settings import Settings

_README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)\n```$", _README, re.MULTILINE | re.DOTALL)


_PROGRAMS = [block for block in _blocks("python") if "shop.yaml" not in block]


@pytest.mark.parametrize("number", range(len(_PROGRAMS)))
def test_a_program_runs(number: int) -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:mdsa", "-c", _PROGRAMS[number]],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr


def test_there_are_programs() -> None:
    assert len(_PROGRAMS) >= 3


def test_the_app_file_is_valid() -> None:
    (block,) = _blocks("yaml")

    AppFile.model_validate(yaml.safe_load(block))


def test_every_setting_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `(MDSA_[A-Z_]+)`", _README, re.MULTILINE))
    existing = {f"MDSA_{name.upper()}" for name in Settings.model_fields}

    assert listed == existing


def test_every_command_is_in_the_table() -> None:
    listed = set(re.findall(r"^\| `mdsa (\w+)", _README, re.MULTILINE))
    commands = {
        command.callback.__name__ for command in app.registered_commands if command.callback
    }
    groups = {group.name for group in app.registered_groups}

    assert listed == commands | groups
