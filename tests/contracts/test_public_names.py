"""What the packages offer: listed once, and there."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest


def _listed(path: Path) -> list[str] | None:
    """`__all__` as it stands in a module's source."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign)
            return list(ast.literal_eval(node.value))
    return None


def test_every_listed_name_exists(packages: list[str]) -> None:
    missing = []
    for name in packages:
        package = importlib.import_module(name)
        missing += [
            f"{name}.{public}"
            for public in getattr(package, "__all__", ())
            if not hasattr(package, public)
        ]

    assert missing == []


def test_every_module_lists_its_public_names_once(modules: dict[str, Path]) -> None:
    twice = {}
    for name, path in modules.items():
        listed = _listed(path) or []
        if len(listed) != len(set(listed)):
            twice[name] = listed

    assert twice == {}


def test_a_package_that_offers_something_lists_it(modules: dict[str, Path]) -> None:
    """Names that a package's `__init__` binds without listing are public by accident."""
    unlisted = {}
    for name, path in modules.items():
        if path.name != "__init__.py":
            continue
        bound = {
            alias.asname or alias.name
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mdsa")
            for alias in node.names
        }
        if extra := {public for public in bound if not public.startswith("_")} - set(
            _listed(path) or []
        ):
            unlisted[name] = sorted(extra)

    assert unlisted == {}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("mdsa.core.dual_rag", "DualRAG"),
        ("mdsa.core.orchestrator", "TinyBERTOrchestrator"),
        ("mdsa.domains", "DomainConfig"),
        ("mdsa.models", "QuantizationType"),
        ("mdsa.monitoring", "MonitoringService"),
        ("mdsa.monitoring", "RequestMetric"),
        ("mdsa.tools", "Tool"),
        ("mdsa.tools", "ToolRegistry"),
        ("mdsa.utils", "ConfigLoader"),
        ("mdsa.utils", "HardwareDetector"),
        ("mdsa.utils", "setup_logger"),
    ],
)
def test_the_names_that_users_were_promised_are_where_they_were_promised(
    module: str, name: str
) -> None:
    assert hasattr(importlib.import_module(module), name)
