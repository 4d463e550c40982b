"""Tool families that an app file names by entry point, such as `mdsa.tools.orders:build_tools`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

from mdsa.errors import ConfigError, MdsaError, StorageError
from mdsa.tools.registry import as_tool
from mdsa.tools.tool import Tool

__all__ = ["load_tool_family"]


def load_tool_family(entry_point: str, **kwargs: Any) -> list[Tool]:
    """Import a function and call it for its tools.

    Args:
        entry_point: `package.module:function`. The function returns tools, LangChain tools or
            typed functions.
        **kwargs: what the application offers, such as `data_dir`; the function gets those that
            it has parameters for.

    Raises:
        ConfigError: the entry point cannot be imported or called, or gives no tools.
        StorageError: the data directory that it was offered cannot be used.
    """
    function = _import(entry_point)
    try:
        made = function(**_accepted(entry_point, function, kwargs))
        tools = [as_tool(item) for item in _as_list(entry_point, made)]
    except (ConfigError, StorageError):
        raise
    except Exception as error:  # whatever the family's own code raised, named as its fault
        reason = str(error) if isinstance(error, MdsaError) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"tool family {entry_point!r} could not be built: {reason}") from error
    names = [tool.name for tool in tools]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"tool family {entry_point!r} has several tools called {doubled}.")
    return tools


def _import(entry_point: str) -> Callable[..., Any]:
    module_name, _, attribute = entry_point.partition(":")
    parts = [*module_name.split("."), attribute]
    if not all(part.isidentifier() for part in parts):
        raise ConfigError(
            f"tool family {entry_point!r}: expected 'package.module:function', such as "
            "'mdsa.tools.orders:build_tools'."
        )
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module runs any code when it is imported; named as its fault
        hint = (
            "; install its package, or start Python where it can be found (PYTHONPATH)"
            if isinstance(error, ModuleNotFoundError)
            else ""
        )
        raise ConfigError(
            f"tool family {entry_point!r}: module {module_name!r} cannot be imported: "
            f"{type(error).__name__}: {error}{hint}."
        ) from error
    function = getattr(module, attribute, None)
    if not callable(function):
        found = "nothing" if function is None else repr(function)
        raise ConfigError(
            f"tool family {entry_point!r}: expected a function {attribute!r} in {module_name!r}; "
            f"found {found}."
        )
    checked: Callable[..., Any] = function
    return checked


def _accepted(
    entry_point: str, function: Callable[..., Any], offered: dict[str, Any]
) -> dict[str, Any]:
    signature = inspect.signature(function)
    open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    given = {
        name: value for name, value in offered.items() if open_ended or name in signature.parameters
    }
    try:
        signature.bind(**given)
    except TypeError as error:
        raise ConfigError(
            f"tool family {entry_point!r} cannot be called with {sorted(offered)}: {error}."
        ) from error
    return given


def _as_list(entry_point: str, made: object) -> list[object]:
    if inspect.iscoroutine(made):
        made.close()
        raise ConfigError(
            f"tool family {entry_point!r} is asynchronous; its function must return tools."
        )
    if not isinstance(made, list | tuple):
        raise ConfigError(
            f"tool family {entry_point!r} gave {type(made).__name__}; expected a list of tools."
        )
    return list(made)
