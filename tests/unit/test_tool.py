"""Tools: what they accept, how they fail, and what they can be made from."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import threading
from datetime import date
from typing import Any, Literal

import pytest
from langchain_core.tools import ToolException
from pydantic import BaseModel

from mdsa.errors import (
    InvalidInputError,
    ToolArgumentError,
    ToolExecutionError,
    ToolTimeoutError,
)
from mdsa.tools import Tool


def echo(**arguments: Any) -> dict[str, Any]:
    return arguments


def echo_tool(parameters: dict[str, Any], **options: Any) -> Tool:
    return Tool("echo", "Returns its arguments.", echo, parameters, **options)


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class Place(BaseModel):
    city: str
    zip: int


def reserve(
    when: date, place: Place, size: Size = Size.SMALL, kind: Literal["tent", "hut"] = "tent"
) -> tuple[Any, ...]:
    """Reserve a place to sleep.

    Takes no money.

    Args:
        when: day of arrival
        place: where
    """
    return when, place, size, kind


def test_arguments_without_a_default_are_required() -> None:
    tool = echo_tool({"city": {"type": "string"}, "days": {"type": "integer", "default": 3}})
    assert tool.parameters["required"] == ["city"]
    assert tool.execute({"city": "Oslo"}) == {"city": "Oslo", "days": 3}


def test_required_can_be_stated() -> None:
    tool = echo_tool({"city": {"type": "string"}, "note": {"type": "string"}}, required=["city"])
    assert tool.execute({"city": "Oslo"}) == {"city": "Oslo"}
    with pytest.raises(InvalidInputError, match="cities"):
        echo_tool({"city": {"type": "string"}}, required=["cities"])


def test_a_whole_schema_is_accepted_and_closed() -> None:
    tool = echo_tool(
        {
            "type": "object",
            "properties": {"at": {"$ref": "#/$defs/point"}},
            "required": ["at"],
            "$defs": {"point": {"type": "array", "items": {"type": "number"}}},
        }
    )
    assert tool.execute({"at": [1, 2.5]}) == {"at": [1, 2.5]}
    with pytest.raises(ToolArgumentError, match="extra"):
        tool.execute({"at": [1], "extra": 1})
    with pytest.raises(ToolArgumentError, match=r"at\.1"):
        tool.execute({"at": [1, "x"]})


def test_composed_schemas_are_closed_too() -> None:
    tool = echo_tool(
        {
            "type": "object",
            "allOf": [{"properties": {"a": {"type": "string"}}}],
            "properties": {"b": {"type": "string"}},
        }
    )
    assert tool.execute({"a": "1", "b": "2"}) == {"a": "1", "b": "2"}
    with pytest.raises(ToolArgumentError):
        tool.execute({"c": "3"})


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({}, ["'city'", "missing", "string", "Name of the city"]),
        ({"city": 5}, ["'city' is 5", "string"]),
        ({"city": "Oslo", "days": "3"}, ["'days' is \"3\"", "integer"]),
        ({"city": "Oslo", "days": True}, ["'days' is true", "integer"]),
        ({"city": "Oslo", "town": "x"}, ["town", "city"]),
        ({"city": "oslo"}, ["^[A-Z]"]),
        (["Oslo"], ['["Oslo"]', "object"]),
        ({1: "Oslo"}, ["object"]),
    ],
)
def test_a_refusal_names_argument_value_and_expectation(arguments: Any, parts: list[str]) -> None:
    tool = echo_tool(
        {
            "city": {"type": "string", "pattern": "^[A-Z]", "description": "Name of the city."},
            "days": {"type": "integer", "default": 1},
        }
    )
    with pytest.raises(ToolArgumentError) as caught:
        tool.execute(arguments)
    assert all(part in str(caught.value) for part in ["echo", *parts])


def test_a_tool_cannot_change_what_it_was_given() -> None:
    def grow(items: list[int]) -> int:
        items.append(0)
        return len(items)

    tool = Tool("grow", "Grows.", grow, {"items": {"type": "array"}})
    given = {"items": [1]}
    assert tool.execute(given) == 2
    assert given == {"items": [1]}


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"name": "get order"}, "get order"),
        ({"name": "x" * 65}, "64"),
        ({"description": " "}, "description"),
        ({"function": "echo"}, "callable"),
        ({"function": Place}, "class"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"parameters": {"a": {"type": "strin"}}}, "strin"),
        ({"parameters": {"a": "string"}}, "'a'"),
        ({"parameters": {"a": {"$ref": "https://example.com/schema.json"}}}, "example.com"),
        ({"parameters": {"a": {"$ref": "#/$defs/nowhere"}}}, "nowhere"),
        ({"returns": {"type": 5}}, "type"),
        ({"function": lambda a: a, "parameters": {"b": {"type": "string"}}}, "'b'"),
        ({"function": lambda a, b: a + b, "parameters": {"a": {"type": "string"}}}, "'b'"),
        ({"parameters": None}, "arguments"),
    ],
)
def test_a_wrong_tool_is_refused_when_it_is_made(change: dict[str, Any], part: str) -> None:
    settings: dict[str, Any] = {
        "name": "echo",
        "description": "Returns its arguments.",
        "function": echo,
        "parameters": {},
    }
    with pytest.raises(InvalidInputError) as caught:
        Tool(**{**settings, **change})
    assert part in str(caught.value)


def test_a_typed_function_becomes_a_tool() -> None:
    tool = Tool.from_function(reserve, writes=True)
    assert (tool.name, tool.description, tool.writes) == (
        "reserve",
        "Reserve a place to sleep. Takes no money.",
        True,
    )
    schema = tool.parameters
    assert schema["required"] == ["when", "place"]
    assert schema["properties"]["when"] == {
        "type": "string",
        "format": "date",
        "description": "day of arrival",
    }
    assert schema["properties"]["kind"]["enum"] == ["tent", "hut"]
    arguments = {"when": "2026-12-01", "place": {"city": "Oslo", "zip": 150}, "size": "large"}
    assert tool.execute(arguments) == (
        date(2026, 12, 1),
        Place(city="Oslo", zip=150),
        Size.LARGE,
        "tent",
    )


def test_inferred_types_do_not_coerce() -> None:
    tool = Tool.from_function(reserve)
    place = {"city": "Oslo", "zip": 150}
    with pytest.raises(ToolArgumentError, match="zip"):
        tool.execute({"when": "2026-12-01", "place": {**place, "zip": "150"}})
    with pytest.raises(ToolArgumentError, match="soon"):
        tool.execute({"when": "soon", "place": place})


def test_a_function_without_docstring_needs_a_description() -> None:
    def plain(text: str) -> str:
        return text

    with pytest.raises(InvalidInputError, match="docstring"):
        Tool.from_function(plain)
    tool = Tool.from_function(plain, name="plain_text", description="Returns a text.")
    assert tool.execute({"text": "a"}) == "a"


def test_a_value_error_is_wrapped_with_its_cause() -> None:
    cause = ValueError("no such\nday")

    def fail() -> None:
        raise cause

    with pytest.raises(
        ToolExecutionError, match="tool 'fail' failed: ValueError: no such day"
    ) as caught:
        Tool("fail", "Fails.", fail, {}).execute({})
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration("x")])
async def test_no_exception_of_a_tool_ends_the_program(error: BaseException) -> None:
    def fail() -> None:
        raise error

    tool = Tool("fail", "Fails.", fail, {})
    with pytest.raises(ToolExecutionError):
        tool.execute({})
    with pytest.raises(ToolExecutionError):
        await tool.aexecute({})


async def test_an_exit_of_a_coroutine_does_not_end_the_program() -> None:
    async def fail() -> None:
        raise SystemExit(3)

    with pytest.raises(ToolExecutionError, match="SystemExit"):
        await Tool("fail", "Fails.", fail, {}).aexecute({})


def test_messages_of_tool_authors_arrive_as_written() -> None:
    def refuse() -> None:
        raise ToolException("Ask for the postcode first.")

    def object_to() -> None:
        raise ToolArgumentError("the day is in the past")

    with pytest.raises(ToolExecutionError, match=r"failed: Ask for the postcode first\.$"):
        Tool("refuse", "Refuses.", refuse, {}).execute({})
    with pytest.raises(ToolArgumentError, match=r"^the day is in the past$"):
        Tool("object", "Objects.", object_to, {}).execute({})


async def test_a_synchronous_function_is_given_up_on() -> None:
    release = threading.Event()
    tool = Tool("wait", "Waits.", lambda: release.wait(60), {}, timeout_s=0.05)
    try:
        with pytest.raises(ToolTimeoutError, match=r"0\.05 s"):
            tool.execute({})
        with pytest.raises(ToolTimeoutError):
            await tool.aexecute({})
    finally:
        release.set()


def test_hanging_calls_are_bounded_and_recover() -> None:
    release = threading.Event()
    started: list[threading.Thread] = []

    def wait() -> bool:
        started.append(threading.current_thread())
        return release.wait(60)

    tool = Tool("wait", "Waits.", wait, {}, timeout_s=0.01)
    try:
        for _ in range(40):
            with pytest.raises(ToolTimeoutError):
                tool.execute({})
        assert len(started) == 16
    finally:
        release.set()
    for thread in started:
        thread.join(30)
    assert tool.execute({}) is True


async def test_an_asynchronous_function_is_cancelled() -> None:
    cancelled: list[bool] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    tool = Tool("wait", "Waits.", wait, {}, timeout_s=0.05)
    with pytest.raises(ToolTimeoutError):
        await tool.aexecute({})
    with pytest.raises(ToolTimeoutError):
        await asyncio.to_thread(tool.execute, {})
    assert cancelled == [True, True]


async def test_a_timeout_error_of_the_tool_itself_is_its_failure() -> None:
    def fail() -> None:
        raise TimeoutError("the shop did not answer")

    async def afail() -> None:
        fail()

    for function in (fail, afail):
        tool = Tool("fail", "Fails.", function, {})
        with pytest.raises(ToolExecutionError, match="shop"):
            tool.execute({})
        with pytest.raises(ToolExecutionError, match="shop"):
            await tool.aexecute({})


async def test_cancelling_the_caller_cancels_the_call() -> None:
    release = threading.Event()
    tool = Tool("wait", "Waits.", lambda: release.wait(60), {})
    task = asyncio.create_task(tool.aexecute({}))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()


async def test_asynchronous_functions_run_from_both_kinds_of_code() -> None:
    async def double(n: int) -> int:
        """Double."""
        await asyncio.sleep(0)
        return 2 * n

    class Doubler:
        async def __call__(self, n: int) -> int:
            return await double(n)

    for function in (double, Doubler()):
        tool = Tool("double", "Doubles.", function, {"n": {"type": "integer"}})
        assert tool.execute({"n": 2}) == 4  # inside a running loop, too
        assert await tool.aexecute({"n": 3}) == 6


async def test_context_variables_reach_the_function() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user")
    user.set("Ana")
    tool = Tool("who", "Tells who asks.", lambda: user.get(), {})
    assert tool.execute({}) == "Ana"
    assert await tool.aexecute({}) == "Ana"


async def test_the_event_loop_stays_free() -> None:
    release = threading.Event()
    tool = Tool("wait", "Waits.", lambda: release.wait(30), {})
    task = asyncio.create_task(tool.aexecute({}))
    await asyncio.sleep(0)
    release.set()  # not reached if the call blocked the loop
    assert await task is True


def test_describe_is_a_copy() -> None:
    tool = echo_tool({"city": {"type": "string"}}, returns={"type": "object"})
    tool.describe()["parameters"]["properties"].clear()
    assert tool.describe() == {
        "name": "echo",
        "description": "Returns its arguments.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "returns": {"type": "object"},
        "writes": False,
        "timeout_s": 10.0,
    }
