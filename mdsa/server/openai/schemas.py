"""What OpenAI's clients send and read, as far as the agent has a use for it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mdsa.core.result import PendingApproval
from mdsa.graph.state import Decision, Source, ToolCallRecord
from mdsa.server.openai.usage import CompletionUsage, ResponseUsage

__all__ = [
    "Annotation",
    "AnswerFacts",
    "ChatChoice",
    "ChatCompletion",
    "ChatCompletionRequest",
    "ChatReply",
    "ContentPart",
    "ConversationReference",
    "InputMessage",
    "ModelCard",
    "ModelList",
    "ResponseObject",
    "ResponsesRequest",
    "StreamOptions",
    "UrlCitation",
]


class ContentPart(BaseModel):
    """A part of a message: text, or a picture as a `data:` URL."""

    model_config = ConfigDict(extra="allow")

    type: str
    text: str | None = None


class InputMessage(BaseModel):
    """A message of the conversation so far."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None


class _Request(BaseModel):
    # What sets a model's sampling is the domains' own business.
    model_config = ConfigDict(extra="ignore")

    model: str = Field(
        description="`mdsa` routes the message; `mdsa/<domain>` asks that domain alone."
    )
    stream: bool | None = Field(default=False, strict=True)
    user: str | None = Field(default=None, description="One of the caller's own users.")
    safety_identifier: str | None = Field(default=None, description="As `user`, which it replaces.")
    metadata: dict[str, Any] | None = Field(
        default=None, description="`session_id` in it names the session."
    )
    tools: list[dict[str, Any]] | None = Field(
        default=None, description="Refused: the domains have tools of their own."
    )


class StreamOptions(BaseModel):
    """What a stream should tell besides the answer."""

    include_usage: bool | None = Field(
        default=None,
        strict=True,
        description="Ends the stream with a piece that has `usage` and no choices; in the others "
        "it is null.",
    )


class ChatCompletionRequest(_Request):
    """The body of `POST /v1/chat/completions`; other fields of OpenAI's are passed over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"model": "mdsa", "messages": [{"role": "user", "content": "Where is my order?"}]}
            ]
        }
    )

    messages: list[InputMessage] = Field(min_length=1)
    stream_options: StreamOptions | None = Field(default=None, description="Read with `stream`.")
    n: int | None = Field(default=1, description="One answer is given.")
    session_id: str | None = Field(
        default=None,
        description="Session to go on with. Without it, the session is the one whose answers "
        "`messages` holds; where there is none, a new one begins with the last message.",
    )


class ConversationReference(BaseModel):
    """A conversation by its id."""

    id: str


class ResponsesRequest(_Request):
    """The body of `POST /v1/responses`; other fields of OpenAI's are passed over."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "mdsa", "input": "Where is my order?"}]}
    )

    input: str | list[InputMessage]
    conversation: str | ConversationReference | None = Field(
        default=None, description="The session to go on with."
    )
    previous_response_id: str | None = Field(
        default=None, description="Goes on with the session of that response."
    )


class UrlCitation(BaseModel):
    """A source; it is behind the answer as a whole."""

    start_index: int
    end_index: int
    title: str
    url: str = Field(description="As it was taken in: a path or an address.")


class Annotation(BaseModel):
    """A source of the answer."""

    type: Literal["url_citation"] = "url_citation"
    url_citation: UrlCitation


class AnswerFacts(BaseModel):
    """What MDSA has to say of an answer beyond OpenAI's fields."""

    session_id: str
    request_id: str
    decision: Decision
    domain: str
    domains: list[str]
    confidence: float
    reason: str
    degraded: bool
    models: list[str]
    sources: list[Source]
    tool_calls: list[ToolCallRecord]
    interrupts: list[PendingApproval] = Field(
        description="Tool calls that wait: `POST /sessions/{session_id}/resume`."
    )


class ChatReply(BaseModel):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[Annotation]


class ChatChoice(BaseModel):
    """The one answer."""

    index: Literal[0] = 0
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None
    message: ChatReply


class ChatCompletion(BaseModel):
    """The answer of `POST /v1/chat/completions`."""

    id: str = Field(examples=["chatcmpl-5f0c"])
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = Field(examples=["mdsa"])
    choices: list[ChatChoice]
    usage: CompletionUsage
    mdsa: AnswerFacts


class ModelCard(BaseModel):
    """The router, or a specialist."""

    id: str = Field(examples=["mdsa/orders"])
    object: Literal["model"] = "model"
    created: int
    owned_by: Literal["mdsa"] = "mdsa"


class ModelList(BaseModel):
    """The models that the caller may ask."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class ResponseObject(BaseModel):
    """The answer of `POST /v1/responses`."""

    id: str = Field(description="Carries the session: `previous_response_id` of what follows.")
    object: Literal["response"]
    created_at: int
    status: Literal["completed"]
    model: str = Field(examples=["mdsa"])
    output: list[dict[str, Any]] = Field(description="One message, with the sources it rests on.")
    conversation: ConversationReference
    previous_response_id: str | None
    metadata: dict[str, Any]
    error: None = None
    incomplete_details: None = None
    instructions: None = None
    parallel_tool_calls: bool = False
    tool_choice: Literal["none"] = "none"
    tools: list[dict[str, Any]] = Field(default_factory=list)
    temperature: None = None
    top_p: None = None
    usage: ResponseUsage
    mdsa: AnswerFacts
