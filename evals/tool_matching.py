"""Whether calls are those expected, by the rules of the Berkeley Function Calling Leaderboard.

Follows its `ast_checker` (Patil et al. 2025, "The Berkeley Function Calling Leaderboard"):
strings are compared without case, spaces and the marks `,./-_*^`; an integer passes for a float;
an argument whose values list `""` may be left out; in nested objects every field has its own
values; several calls may come in any order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mdsa.evals.tool_data import ExpectedCall

__all__ = ["Call", "arguments_match", "calls_match", "same_value"]

Call = tuple[str, Mapping[str, Any]]
"""The name of a tool and its arguments."""

_IGNORED = re.compile(r"[ ,./\-_*^]")


def calls_match(calls: Sequence[Call], expected: Sequence[ExpectedCall]) -> bool:
    """Whether each expected call was made once, and no other."""
    left = list(expected)
    for name, args in calls:
        for one in left:
            if one.name == name and arguments_match(args, one.args):
                left.remove(one)
                break
        else:
            return False
    return not left


def arguments_match(args: Mapping[str, Any], expected: Mapping[str, Sequence[Any]]) -> bool:
    """Whether every argument has one of its values, and there is no other argument."""
    if set(args) - set(expected):
        return False
    for name, allowed in expected.items():
        if name not in args:
            if "" not in allowed:
                return False
        elif not any(same_value(args[name], value) for value in allowed):
            return False
    return True


def same_value(said: Any, right: Any) -> bool:
    """Whether a value is one that is right."""
    if isinstance(right, Mapping):
        return isinstance(said, Mapping) and arguments_match(said, right)
    if isinstance(right, list | tuple):
        return (
            isinstance(said, list | tuple)
            and len(said) == len(right)
            and all(same_value(one, other) for one, other in zip(said, right, strict=True))
        )
    if isinstance(said, str) and isinstance(right, str):
        return _plain(said) == _plain(right)
    if isinstance(said, bool) or isinstance(right, bool):
        return said is right
    return bool(said == right) and isinstance(said, str) == isinstance(right, str)


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')
