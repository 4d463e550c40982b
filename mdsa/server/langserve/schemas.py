"""What a graph takes and gives over LangServe; the playground makes its forms of these."""

from __future__ import annotations

from typing import Any, Literal

from langchain_core.messages import AnyMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from mdsa.core.result import RequestResult

__all__ = [
    "BatchRequest",
    "BatchResponse",
    "Configurable",
    "EventsRequest",
    "GraphConfig",
    "GraphInput",
    "GraphOutput",
    "GraphOutputModel",
    "InputMessage",
    "InvokeRequest",
    "InvokeResponse",
]

_ROLES = {"user": "human"}
_MOST_INPUTS = 100
_EXAMPLE: dict[str, Any] = {
    "input": {"messages": [{"type": "human", "content": "Where is my order?"}]},
    "config": {"configurable": {"thread_id": "sess_abc123"}},
}


class InputMessage(BaseModel):
    """A message of the user, in any of the forms that LangChain takes."""

    type: Literal["human"] = "human"
    content: str | list[dict[str, Any]] = Field(
        title="Message", description="Text, or content blocks with text and pictures."
    )

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: object) -> object:
        if isinstance(given, str):
            return {"content": given}
        if isinstance(given, list | tuple) and len(given) == len(("role", "content")):
            given = {"type": given[0], "content": given[1]}
        if isinstance(given, dict):
            kind = given.get("type", given.get("role", "human"))
            return {
                "type": _ROLES.get(kind, kind) if isinstance(kind, str) else kind,
                "content": given.get("content"),
            }
        return given

    def to_message(self) -> HumanMessage:
        """Give it as LangChain has it."""
        if isinstance(self.content, str):
            return HumanMessage(self.content)
        return HumanMessage(content=[*self.content])


def _other_forms(schema: dict[str, Any]) -> None:
    """Describe the other forms of a list's messages, behind the one that the playground draws."""
    text = {"type": "string"}
    blocks = {"type": "array", "items": {"type": "object"}}
    pair = {
        "type": "array",
        "prefixItems": [{"enum": ["human", "user"]}, {"anyOf": [text, blocks]}],
        "minItems": 2,
        "maxItems": 2,
    }
    schema["items"] = {"anyOf": [schema["items"], text, pair]}


class GraphInput(BaseModel):
    """A new message, or the decision that a turn waits for."""

    model_config = ConfigDict(extra="forbid")

    messages: list[InputMessage] = Field(
        default_factory=list,
        title="Messages",
        description="The new message alone: the thread keeps what was said before.",
        json_schema_extra=_other_forms,
    )
    resume: bool | dict[str, bool] | None = Field(
        default=None,
        title="Decision",
        description="In place of a message, on the tool calls that wait: true or false for all, "
        "or either by call id. Neither message nor decision goes on with a turn that was cut off.",
    )


class Configurable(BaseModel):
    """Whose thread a run belongs to, and settings of this run; other keys are facts."""

    model_config = ConfigDict(extra="allow")

    thread_id: str | None = Field(
        default=None,
        title="Thread",
        description="The session to go on with, one of the caller's own; a new one is begun "
        "without it.",
    )
    user_id: str | None = Field(
        default=None, title="User", description="One of the caller's own users."
    )
    allowed_domains: list[str] | None = Field(
        default=None, title="Domains", description="Those that may answer."
    )
    threshold: float | None = Field(
        default=None,
        strict=True,  # false is no threshold
        ge=0,
        le=1,
        title="Threshold",
        description="Confidence from which one domain answers without further thought.",
    )


class GraphConfig(BaseModel):
    """The part of a RunnableConfig that is read."""

    configurable: Configurable | None = None


class InvokeRequest(BaseModel):
    """A run, as `RemoteRunnable` sends it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    input: GraphInput
    config: GraphConfig | None = None


class BatchRequest(BaseModel):
    """Several runs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"inputs": [_EXAMPLE["input"]], "config": _EXAMPLE["config"]}]
        }
    )

    inputs: list[GraphInput] = Field(max_length=_MOST_INPUTS)
    config: GraphConfig | list[GraphConfig] | None = Field(
        default=None, description="One for all runs, or a list with one for each."
    )


class EventsRequest(InvokeRequest):
    """A run, and which of its events to send."""

    include_names: list[str] | None = None
    include_types: list[str] | None = None
    include_tags: list[str] | None = None
    exclude_names: list[str] | None = None
    exclude_types: list[str] | None = None
    exclude_tags: list[str] | None = None


class GraphOutput(RequestResult):
    """A turn's result, with the answer as a message."""

    messages: list[AnyMessage]


class InvokeResponse(BaseModel):
    """A run's output, as `RemoteRunnable` reads it."""

    output: GraphOutput
    metadata: dict[str, Any]


class BatchResponse(BaseModel):
    """The outputs of several runs, in the order of the inputs."""

    output: list[GraphOutput]
    metadata: dict[str, Any]


class GraphOutputModel(RootModel[GraphOutput]):
    """A turn's result, with the answer as a message."""
