"""`${NAME}` and `${NAME:-default}` in texts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mdsa.errors import ConfigError

__all__ = ["expand_variables"]

_VARIABLE = re.compile(
    r"(?P<escaped>\$\$\{)|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}"
    r"|(?P<wrong>\$\{[^}]*\}?)"
)


def expand_variables(text: str, env: Mapping[str, str]) -> str:
    """Fill in variables, as a shell does: the default stands in for an unset or empty one.

    `$${` becomes `${`. A default cannot hold `}`. Values are not expanded again.

    Raises:
        ConfigError: a variable without a default is not set, or the notation is broken.
    """

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "${"
        if match["wrong"]:
            raise ConfigError(
                f"{match['wrong']!r} is not a variable; write ${{NAME}} or ${{NAME:-default}}, or "
                "$${ for a plain ${."
            )
        found = env.get(match["name"])
        if match["default"] is not None:
            return found or match["default"]
        if found is None:
            raise ConfigError(
                f"the environment variable {match['name']} is not set; set it, or write "
                f"${{{match['name']}:-default}}."
            )
        return found

    return _VARIABLE.sub(value, text)
