"""The one module that imports LangServe."""

from __future__ import annotations

from typing import Any, cast

import orjson
from fastapi import Request
from langgraph.types import Send
from langserve import APIHandler, CustomUserType
from langserve.serialization import WellKnownLCSerializer
from pydantic import BaseModel, ConfigDict

from mdsa.server.langserve.playground import first_choices
from mdsa.server.langserve.runnable import ServedGraph
from mdsa.server.langserve.schemas import GraphInput

__all__ = ["PREFIX", "Handler", "Handlers", "ReadRequest"]

PREFIX = "/langserve"

Handler = APIHandler


class _ServedInput(GraphInput, CustomUserType):
    """A new message, or the decision that a turn waits for."""

    # LangServe takes any other model apart, in a way that pydantic warns of.
    model_config = ConfigDict(title="GraphInput")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """The schema that the playground makes its form of."""
        return cast("dict[str, Any]", first_choices(super().model_json_schema(*args, **options)))


class _Serializer(WellKnownLCSerializer):
    """Writes what a graph's events hold beside messages too."""

    def dumps(self, obj: Any) -> bytes:
        return orjson.dumps(obj, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Send):
        return {"node": value.node, "arg": value.arg}
    if isinstance(value, set | frozenset):
        return list(value)
    return f"<{type(value).__name__}>"


class ReadRequest(Request):
    """A request whose body was read, and is handed on without what the client configured."""

    def __init__(self, request: Request, body: dict[str, Any]) -> None:
        super().__init__(request.scope, request.receive)
        self._given = body

    async def json(self) -> Any:
        """The body."""
        return self._given


class Handlers:
    """LangServe's handler of each graph; made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, APIHandler] = {}

    def get(self, graph: str, domain: str | None) -> APIHandler:
        """Give the handler of a graph that exists."""
        if graph not in self._made:
            self._made[graph] = APIHandler(
                ServedGraph(graph, domain, _ServedInput),
                path=f"{PREFIX}/{graph}",
                config_keys=(),
                serializer=_Serializer(),
            )
        return self._made[graph]
