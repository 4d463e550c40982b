"""What `pip install` puts on another machine: every package with its data, and nothing else."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest

_AT_THE_TOP = ("domains", "evals", "graph", "nodes", "tools")


@pytest.fixture(scope="module")
def pyproject(project_root: Path) -> dict[str, Any]:
    return tomllib.loads((project_root / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def source_files(project_root: Path) -> list[PurePosixPath]:
    """What git holds or would add; ignored files do not count."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=project_root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = {PurePosixPath(name) for name in listing.split("\0") if name}
    return sorted(path for path in paths if (project_root / path).exists())


@pytest.fixture(scope="module")
def wheel_files(
    project_root: Path, source_files: list[PurePosixPath], tmp_path_factory: pytest.TempPathFactory
) -> set[PurePosixPath]:
    """The content of a wheel built from a copy, so that the tree stays as it is."""
    copy = tmp_path_factory.mktemp("source")
    for path in source_files:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(project_root / path, copy / path, follow_symlinks=False)
    out = tmp_path_factory.mktemp("wheel")
    build = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, copy],
        capture_output=True,
        text=True,
        env=os.environ | {"PIP_NO_INDEX": "1"},
        check=False,
    )
    assert build.returncode == 0, build.stdout + build.stderr
    (wheel,) = out.glob("*.whl")
    with ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


def _installed_path(path: PurePosixPath) -> PurePosixPath | None:
    """Where a source file belongs in a wheel; None for what must stay out."""
    if path.parts[0] in _AT_THE_TOP and len(path.parts) > 1:
        path = PurePosixPath("mdsa", path)
    elif path.parts[0] != "mdsa":
        return None
    is_eval_data = path.parts[1] == "evals" and path.suffix != ".py"
    # `mdsa eval` needs described domains and its own small sets wherever it is installed.
    is_needed = any(part.startswith(("routing_", "targets")) for part in path.parts)
    return None if is_eval_data and not is_needed else path


def test_the_wheel_holds_every_module_and_every_data_file_and_nothing_else(
    project_root: Path, source_files: list[PurePosixPath], wheel_files: set[PurePosixPath]
) -> None:
    wanted = {
        installed
        for path in source_files
        if not (project_root / path).is_symlink()
        and (installed := _installed_path(path)) is not None
    }
    code = {path for path in wheel_files if not path.parts[0].endswith(".dist-info")}

    assert code == wanted


def test_the_wheel_puts_one_package_at_the_top_level(wheel_files: set[PurePosixPath]) -> None:
    tops = {path.parts[0] for path in wheel_files}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"mdsa"}
    assert len(tops) == 2


def test_the_wheel_carries_licence_types_and_command(wheel_files: set[PurePosixPath]) -> None:
    names = {path.name for path in wheel_files}

    assert {"LICENSE", "py.typed", "entry_points.txt", "METADATA"} <= names


def test_pyproject_lists_every_package_and_where_it_lies(
    pyproject: dict[str, Any], packages: list[str]
) -> None:
    setuptools = pyproject["tool"]["setuptools"]
    mapped = {
        name: "/".join(name.split(".")[1:])
        for name in packages
        if "." in name and name.split(".")[1] in _AT_THE_TOP
    }

    assert sorted(setuptools["packages"]) == packages
    assert setuptools["package-dir"] == mapped


def test_every_folder_with_code_is_a_package(modules: dict[str, Path]) -> None:
    without = {
        str(path.parent) for path in modules.values() if not (path.parent / "__init__.py").exists()
    }

    assert without == set()


def test_the_links_lead_into_the_folders_at_the_top(project_root: Path) -> None:
    for name in _AT_THE_TOP:
        link = project_root / "mdsa" / name
        assert link.is_symlink()
        assert link.readlink() == Path("..", name)


def test_the_command_leads_to_a_function(pyproject: dict[str, Any]) -> None:
    for target in pyproject["project"]["scripts"].values():
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(module), function, None)), target


def test_the_version_is_the_same_everywhere(pyproject: dict[str, Any]) -> None:
    assert importlib.import_module("mdsa").__version__ == pyproject["project"]["version"]
