"""Parsers of configuration files that know where each key stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from dotenv.parser import parse_stream

from mdsa.errors import ConfigError
from mdsa.utils.expansion import expand_variables

__all__ = ["ConfigFile", "parse_env", "parse_json", "parse_yaml"]

_YAML_STRING = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that is being parsed, and the line of each dotted key as far as it is known."""

    path: Path
    text: str
    env: Mapping[str, str]
    lines: dict[str, int] = field(default_factory=dict)

    def expand(self, text: str, key: str, env: Mapping[str, str] | None = None) -> str:
        """Fill in the variables of a value; errors name its place."""
        try:
            return expand_variables(text, self.env if env is None else env)
        except ConfigError as error:
            raise self.broken(key, str(error)) from error

    def broken(self, key: str, problem: str) -> ConfigError:
        """The error for a key whose value is wrong."""
        line = self.lines.get(key)
        where = f"{self.path}, line {line}" if line else str(self.path)
        return ConfigError(f"{where}, key {key!r}: {problem}")


def parse_yaml(file: ConfigFile) -> Any:
    """Parse YAML; an empty file is an empty mapping."""
    try:
        loader = yaml.SafeLoader(file.text)
        node = loader.get_single_node()
        if node is None:
            return {}
        _prepare_yaml(file, loader, node, "", set())
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{file.path}{line}: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file.path}: {error}") from error


def _prepare_yaml(
    file: ConfigFile, loader: yaml.SafeLoader, node: yaml.Node, key: str, seen: set[int]
) -> None:
    """Note lines, refuse double keys, and fill in variables before values get their types."""
    file.lines.setdefault(key, node.start_mark.line + 1)
    if id(node) in seen:  # an alias: its anchor is prepared already
        return
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        expanded = file.expand(node.value, key)
        if expanded != node.value:
            node.value = expanded
            if node.tag == _YAML_STRING and node.style is None:
                implicit = (True, False)
                node.tag = loader.resolve(yaml.ScalarNode, expanded, implicit)  # type: ignore[no-untyped-call]  # the stubs leave it out
    for child_key, child in _yaml_children(file, node, key):
        _prepare_yaml(file, loader, child, child_key, seen)


def _yaml_children(file: ConfigFile, node: yaml.Node, key: str) -> Iterator[tuple[str, yaml.Node]]:
    prefix = f"{key}." if key else ""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield f"{prefix}{index}", item
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for name_node, item in node.value:
            child = f"{prefix}{name_node.value}"
            if isinstance(name_node, yaml.ScalarNode):
                if name_node.value in names:
                    file.lines[child] = name_node.start_mark.line + 1
                    raise file.broken(child, "the key appears twice; keep one.")
                names.add(name_node.value)
            yield child, item


def parse_json(file: ConfigFile) -> Any:
    """Parse JSON; its errors give a line only where the syntax is wrong."""

    def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                raise file.broken(name, "the key appears twice in one object; keep one.")
            names.add(name)
        return dict(pairs)

    try:
        data = json.loads(file.text, object_pairs_hook=unique_keys)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{file.path}, line {error.lineno}: {error.msg} (column {error.colno})"
        ) from error
    return _expand_tree(file, data, "")


def _expand_tree(file: ConfigFile, value: Any, key: str) -> Any:
    prefix = f"{key}." if key else ""
    if isinstance(value, str):
        return file.expand(value, key)
    if isinstance(value, dict):
        return {name: _expand_tree(file, item, prefix + name) for name, item in value.items()}
    if isinstance(value, list):
        return [_expand_tree(file, item, f"{prefix}{at}") for at, item in enumerate(value)]
    return value


def parse_env(file: ConfigFile) -> dict[str, str | None]:
    """Parse a `.env` file; a line sees those above it, and the environment before them."""
    values: dict[str, str | None] = {}
    for binding in parse_stream(StringIO(file.text)):
        if binding.error:
            # The line itself may be a secret, so it is not shown.
            raise ConfigError(
                f"{file.path}, line {binding.original.line}: not a NAME=value line; fix or "
                "remove it."
            )
        if binding.key is None:
            continue
        file.lines[binding.key] = binding.original.line
        known = {name: value for name, value in values.items() if value is not None}
        values[binding.key] = (
            None
            if binding.value is None
            else file.expand(binding.value, binding.key, known | dict(file.env))
        )
    return values
