"""A configuration file as a typed dict with dotted access."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdsa.errors import ConfigError
from mdsa.utils.config_files import ConfigFile, parse_env, parse_json, parse_yaml

__all__ = ["ConfigLoader"]

_MISSING = object()


class ConfigLoader:
    """One YAML, JSON or `.env` file, read when the loader is made.

    `${NAME}` stands for an environment variable and `${NAME:-default}` for one with a default;
    `$${` writes a plain `${`. In YAML an unquoted value gets its type after that, so
    `port: ${PORT:-8000}` is a number and `port: "${PORT:-8000}"` a text. Values of JSON and `.env`
    files stay texts.

    Args:
        path: a file that ends in `.yaml`, `.yml` or `.json`, or is called `.env` or `*.env`.
        env: the variables; those of the process where not given.

    Attributes:
        path: the file.
        data: its whole content.

    Raises:
        ConfigError: the file cannot be read or parsed, names a variable that is not set, or has a
            key twice; the message gives file, line and key.
    """

    def __init__(self, path: str | Path, env: Mapping[str, str] | None = None) -> None:
        self.path = Path(path)
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the configuration file {self.path}: {error}") from error
        file = ConfigFile(self.path, text, os.environ if env is None else env)
        if self.path.suffix in {".yaml", ".yml"}:
            data = parse_yaml(file)
        elif self.path.suffix == ".json":
            data = parse_json(file)
        elif self.path.suffix == ".env" or self.path.name == ".env":
            data = parse_env(file)
        else:
            raise ConfigError(
                f"{self.path}: unknown kind of configuration file; use .yaml, .yml, .json or .env."
            )
        if not isinstance(data, dict):
            raise ConfigError(
                f"{self.path}: holds a {type(data).__name__} at the top; write keys with values."
            )
        self.data: dict[str, Any] = data
        self._lines = file.lines

    def get(self, key: str, default: Any = None) -> Any:
        """The value under a dotted key such as `router.threshold` or `domains.0.name`.

        Args:
            key: names of keys, and positions in lists, with dots between.
            default: returned where the key is not in the file; a key that is there with the value
                null gives None.
        """
        value = self._find(key)
        return default if value is _MISSING else value

    def require(self, key: str) -> Any:
        """The value under a dotted key.

        Raises:
            ConfigError: the file does not have it.
        """
        value = self._find(key)
        if value is _MISSING:
            raise ConfigError(f"{self.path}: the key {key!r} is missing; add it.")
        return value

    def line_of(self, key: str) -> int | None:
        """The line, from 1, on which the value of a dotted key stands; None where not known."""
        return self._lines.get(key)

    def _find(self, key: str) -> Any:
        value: Any = self.data
        for part in key.split("."):
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
                value = value[int(part)]
            else:
                return _MISSING
        return value
