"""Bodies of requests and answers, with examples for the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mdsa.sessions.transcript import TranscriptMessage

__all__ = [
    "ChatRequest",
    "DomainInfo",
    "Health",
    "PartStatus",
    "Ready",
    "ResumeRequest",
    "SessionDetail",
    "SessionSummary",
    "Stats",
]


class ChatRequest(BaseModel):
    """A message, and whose it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "message": "Where is my order?",
                    "session_id": "sess_abc123",
                    "context": {"order_id": "A1001"},
                }
            ]
        },
    )

    message: str = Field(description="The user's text.")
    session_id: str | None = Field(
        default=None, description="Session to go on with; a new one is begun without it."
    )
    user_id: str | None = Field(
        default=None,
        description="Whose session it is: one of the caller's own users. Needed only by callers "
        "that serve several.",
    )
    domains: list[str] | None = Field(
        default=None, description="Domains that may answer; all that the caller may use without it."
    )
    context: dict[str, Any] = Field(
        default_factory=dict,
        description="Facts that the model may use, such as `order_id`, and settings of this run, "
        "such as `threshold`.",
    )


class ResumeRequest(BaseModel):
    """A decision on tool calls that wait."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"decision": True}, {"decision": {"call-1": False}}]},
    )

    decision: bool | dict[str, bool] | None = Field(
        default=None,
        description="true or false for all calls, or either by call id. null goes on with a turn "
        "that was cut off.",
    )
    user_id: str | None = Field(default=None, description="As in the turn that waits.")
    domains: list[str] | None = Field(default=None, description="As in the turn that waits.")
    context: dict[str, Any] = Field(default_factory=dict, description="As in the turn that waits.")


class SessionSummary(BaseModel):
    """A session in a list."""

    session_id: str = Field(examples=["sess_abc123"])
    user_id: str | None = Field(description="Its owner.", examples=["shop"])
    turns: int = Field(examples=[2])
    updated_at: datetime
    last_domain: str | None = Field(examples=["orders"])


class SessionDetail(SessionSummary):
    """A session with what was said."""

    messages: list[TranscriptMessage] = Field(description="Oldest first.")


class DomainInfo(BaseModel):
    """A domain that the caller may use."""

    name: str = Field(examples=["orders"])
    description: str = Field(examples=["Where an order is, when it arrives, and cancelling it."])
    keywords: list[str] = Field(examples=[["order", "parcel"]])


class Health(BaseModel):
    """The process answers."""

    status: Literal["healthy"] = "healthy"


class PartStatus(BaseModel):
    """How one part stands."""

    kind: Literal["sessions", "knowledge", "model"]
    name: str = Field(examples=["embedded://reader"])
    ok: bool
    detail: str | None = Field(default=None, description="Left out once there is an API key.")
    remedy: str | None = Field(default=None, description="Left out once there is an API key.")


class Ready(BaseModel):
    """Whether turns can be answered now."""

    status: Literal["starting", "ready", "degraded", "unavailable", "draining"] = Field(
        description="`starting`: what the first turn needs is being loaded. "
        "`degraded`: a model cannot be used, and a fallback answers in its place."
    )
    checks: list[PartStatus]


class Stats(BaseModel):
    """Counts since the server started, of all its workers; more than is named here."""

    model_config = ConfigDict(extra="allow")

    requests_total: int
    requests_success: int = Field(description="Answered.")
    requests_failed: int
    requests_interrupted: int = Field(description="Stopped for approval of a tool call.")
    success_rate: float = Field(description="Of those that did not stop, from 0 to 1.")
    average_latency_ms: float
    latency: dict[str, float] = Field(description="`p50_ms`, `p95_ms` and `p99_ms`.")
    domains_registered: int
    domain_stats: dict[str, int] = Field(description="Requests by domain.")
    decisions: dict[str, int] = Field(description="Requests by the gate's decision.")
    input_tokens: int
    output_tokens: int
    message_bus: dict[str, Any]
    workers: int = Field(description="Those that the counts are of.")
    workers_unread: int = Field(description="Those whose counts could not be read.")
