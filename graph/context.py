"""Settings of one run: who asks, what they may use, and how much the turn may cost."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RunContext"]


class RunContext(BaseModel):
    """The graph's `context_schema`; LangGraph Studio shows it as a form."""

    model_config = ConfigDict(extra="forbid")

    user_id: str | None = Field(default=None, description="Who asks.")
    allowed_domains: list[str] | None = Field(
        default=None,
        description="Domains that the caller may use. Left out: all; an empty list: none.",
    )
    threshold: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Confidence from which one domain answers without further thought.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    target_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description=(
            "Share of messages that may go wrong, such as 0.02. Takes the threshold's place where "
            "the router has calibration rows."
        ),
        json_schema_extra={"langgraph_nodes": ["classify", "gate"]},
    )
    clarify_margin: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Two domains closer than this, below the threshold, are asked back.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    close_margin: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Two domains closer than this are asked back even above the threshold.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    vague_threshold: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="Probability of being too vague from which a first message is asked back.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    clear_confidence: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Confidence from which a message is never taken for too vague.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    out_of_scope_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Probability of belonging to no domain from which none is asked.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    clause_threshold: float = Field(
        default=0.35,
        ge=0,
        le=1,
        description="Confidence that a part of a split message needs to be a question of its own.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    stay_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Probability from which a message stays with the domain of the turn before.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    max_domains: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Most sub-questions that one message is split into.",
        json_schema_extra={"langgraph_nodes": ["decompose"]},
    )
    facts: dict[str, Any] = Field(
        default_factory=dict,
        description="What the application knows already, such as an order number.",
    )
