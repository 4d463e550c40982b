"""The source tree as the contract tests read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The folder of pyproject.toml."""
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def modules(project_root: Path) -> dict[str, Path]:
    """Every module under `mdsa` by its dotted name; the links lead into the folders at the top."""
    found: dict[str, Path] = {}
    for folder, subfolders, files in os.walk(project_root / "mdsa", followlinks=True):
        subfolders[:] = [name for name in subfolders if name != "__pycache__"]
        for file in files:
            if file.endswith(".py"):
                path = Path(folder, file)
                parts = path.relative_to(project_root).with_suffix("").parts
                found[".".join(parts[:-1] if file == "__init__.py" else parts)] = path
    return found


@pytest.fixture(scope="session")
def packages(modules: dict[str, Path]) -> list[str]:
    """The dotted names of all packages, `mdsa` first."""
    return sorted(name for name, path in modules.items() if path.name == "__init__.py")
