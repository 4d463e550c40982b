"""Who may import whom: each package only those below it, or beside it without going in circles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

_LAYERS = [
    {"errors", "settings", "utils"},
    {"embeddings"},
    {"router", "models", "retrieval", "monitoring", "tools", "sessions"},
    {"domains"},
    # What nodes are given lies beside the graph that joins them, and knows nothing of it.
    {"graph.state", "graph.context"},
    {"nodes"},
    {"graph"},
    {"core", "training"},
    {"server", "cli", "evals"},
    {"__main__"},
]
_HEIGHT = {part: height for height, layer in enumerate(_LAYERS) for part in layer}
_ROOT = "mdsa"
"""`import mdsa` is the facade over everything; below it, only its version may be asked for."""


def _imported_modules(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all imports, those inside functions and by `import_module` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
            name = called.id if isinstance(called, ast.Name) else called
            argument = node.args[0]
            if name in {"import_module", "__import__"} and isinstance(argument, ast.Constant):
                yield str(argument.value)


def _part(module: str) -> str | None:
    """The layered part that a dotted name lies in; None outside the project."""
    parts = module.split(".")
    if parts[0] != _ROOT or parts[1:] == ["__version__"]:
        return None
    known = (".".join(parts[1:end]) for end in (3, 2) if len(parts) >= end)
    return next((part for part in known if part in _HEIGHT), _ROOT)


def _imports(modules: dict[str, Path]) -> Iterator[tuple[str, str, str]]:
    """`(importing module, its part, imported part)` for all imports inside the project."""
    for name, path in sorted(modules.items()):
        if name == _ROOT:
            continue
        for imported in _imported_modules(ast.parse(path.read_text(encoding="utf-8"))):
            source, target = _part(name), _part(imported)
            if source is not None and target is not None and target != source:
                yield name, source, target


def test_every_package_has_its_layer(modules: dict[str, Path]) -> None:
    without = [name for name in modules if name != _ROOT and _part(name) == _ROOT]

    assert without == [], "place the new package in the list of layers"


def test_nothing_imports_from_a_layer_above(modules: dict[str, Path]) -> None:
    wrong = [
        f"{name} imports {_ROOT if target == _ROOT else f'{_ROOT}.{target}'}"
        for name, source, target in _imports(modules)
        if target == _ROOT or _HEIGHT[target] > _HEIGHT[source]
    ]

    assert not wrong, "\n".join(wrong)


def test_packages_of_one_layer_do_not_import_each_other_in_circles(
    modules: dict[str, Path],
) -> None:
    graph: dict[str, set[str]] = {part: set() for part in _HEIGHT}
    for _, source, target in _imports(modules):
        if target != _ROOT:
            graph[source].add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise AssertionError(f"packages import each other in a circle: {circle}") from error
