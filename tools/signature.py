"""Signatures of functions that become tools: what a model fills in, and what the graph does."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from mdsa.errors import InvalidInputError

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "Inferred",
    "annotations_of",
    "check_signature",
    "config_parameter",
    "infer",
    "injected_parameters",
    "is_call_id",
    "is_injected",
    "required_among",
]


@dataclass(frozen=True, slots=True)
class Inferred:
    """What a typed function says about itself.

    Attributes:
        description: its docstring before the `Args:` section; empty text for none.
        schema: JSON schema of the arguments that a model fills in.
        model: pydantic model that turns JSON values into the annotated types, such as `date`.
    """

    description: str
    schema: dict[str, Any]
    model: type[BaseModel]


def infer(function: Callable[..., Any], name: str) -> Inferred:
    """Read name, types, defaults and Google-style docstring of a function.

    Raises:
        InvalidInputError: the signature or docstring cannot be turned into a schema.
    """
    from langchain_core.tools import StructuredTool
    from pydantic import BaseModel
    from pydantic.json_schema import GenerateJsonSchema

    class Untitled(GenerateJsonSchema):
        """Leaves out titles, which repeat the names and cost a small model tokens."""

        def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
            return False

    variadic = [
        p.name
        for p in (_parameters(function) or {}).values()
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if variadic:
        raise InvalidInputError(
            f"tool {name!r}: no schema can be inferred for {variadic}; give parameters=…"
        )
    try:
        structured = StructuredTool.from_function(
            function, name=name, description=None if function.__doc__ else " ", parse_docstring=True
        )
        model = structured.tool_call_schema
    except (TypeError, ValueError, NameError) as error:
        raise InvalidInputError(
            f"tool {name!r}: no schema can be inferred from its function: {error}; fix its "
            "annotations or docstring, or give parameters=…"
        ) from error
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise InvalidInputError(
            f"tool {name!r}: its function is annotated with pydantic 1 models; give parameters=…"
        )
    schema = model.model_json_schema(schema_generator=Untitled)
    schema = {key: value for key, value in schema.items() if key not in ("title", "description")}
    return Inferred(structured.description.strip(), schema, model)


def injected_parameters(function: Callable[..., Any]) -> dict[str, Any]:
    """Parameters that LangGraph's ToolNode fills in and no model may, with their annotations.

    These are `Annotated[…, InjectedState]`, `InjectedStore`, `InjectedToolCallId`, other
    `InjectedToolArg`s, and `ToolRuntime`.
    """
    return {
        name: annotation
        for name, annotation in annotations_of(function).items()
        if name != "return" and is_injected(annotation)
    }


def config_parameter(function: Callable[..., Any]) -> str | None:
    """The parameter that takes LangChain's RunnableConfig, if there is one."""
    module = sys.modules.get("langchain_core.runnables.config")
    if module is None:
        return None
    hints = annotations_of(function).items()
    return next((name for name, hint in hints if hint is module.RunnableConfig), None)


def annotations_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Annotations of a function's parameters and result; empty where they cannot be read."""
    target = function if inspect.isroutine(function) else type(function).__call__
    try:
        return get_type_hints(target, include_extras=True)
    except (AttributeError, NameError, TypeError):
        # Annotations that cannot be read mark nothing as injected; inference reports them.
        return {}


def is_injected(annotation: Any) -> bool:
    """Whether an annotation marks a parameter that no model may fill in."""
    # An annotation can name these classes only where their modules are loaded already, and
    # loading them here would cost every program that does not use them.
    core = sys.modules.get("langchain_core.tools.base")
    if core is None:
        return False
    if _marked(annotation, core.InjectedToolArg):
        return True
    prebuilt = sys.modules.get("langgraph.prebuilt.tool_node")
    runtime = getattr(prebuilt, "ToolRuntime", None)
    return runtime is not None and runtime in (annotation, get_origin(annotation))


def is_call_id(annotation: Any) -> bool:
    """Whether an annotation asks for the id of the tool call."""
    core = sys.modules.get("langchain_core.tools.base")
    return core is not None and _marked(annotation, core.InjectedToolCallId)


def _marked(annotation: Any, marker: type) -> bool:
    return any(
        isinstance(extra, marker) or (isinstance(extra, type) and issubclass(extra, marker))
        for extra in get_args(annotation)[1:]
    )


def required_among(function: Callable[..., Any], names: Iterable[str]) -> frozenset[str]:
    """Those of the names that the function has no default for."""
    parameters = _parameters(function) or {}
    return frozenset(
        name for name in names if name in parameters and parameters[name].default is Parameter.empty
    )


def _parameters(function: Callable[..., Any]) -> Mapping[str, Parameter] | None:
    try:
        return inspect.signature(function).parameters
    except ValueError:  # a builtin without a signature
        return None


def check_signature(function: Callable[..., Any], names: Mapping[str, Any], free: set[str]) -> None:
    """Compare a function with the arguments that will be passed to it by name.

    Args:
        function: what the tool calls.
        names: the arguments of its schema.
        free: its parameters that are filled from elsewhere.

    Raises:
        InvalidInputError: it lacks a parameter, or needs one that the schema does not name.
    """
    parameters = _parameters(function)
    if parameters is None:
        return
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    by_name = {
        name
        for name, p in parameters.items()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    if not open_ended and (missing := [name for name in names if name not in by_name]):
        raise InvalidInputError(
            f"the schema names {missing}, which the function {function!r} does not take; it takes "
            f"{sorted(by_name - free)}."
        )
    needed = [
        name
        for name, p in parameters.items()
        if p.default is p.empty
        and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        and name not in free
        and (name not in names or p.kind is p.POSITIONAL_ONLY)
    ]
    if needed:
        raise InvalidInputError(
            f"the function {function!r} needs {needed}, which the schema does not name (or which "
            "cannot be passed by name); add them to the parameters or give them defaults."
        )
