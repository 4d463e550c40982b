"""Settings of one run: who is asking, what they may use, and when the gate decides what."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["RunContext"]


class RunContext(BaseModel):
    """The graph's `context_schema`; LangGraph Studio shows it as a form."""

    model_config = ConfigDict(extra="forbid")

    user_id: str | None = Field(default=None, description="Who is asking.")
    allowed_domains: list[str] | None = Field(
        default=None,
        description="Domains that the caller may use: all if left out, none if the list is empty.",
    )
    threshold: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="Confidence required for one domain to answer without further checks.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    target_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description=(
            "Acceptable share of routing errors, such as 0.02. Replaces the threshold if the "
            "router has calibration rows."
        ),
        json_schema_extra={"langgraph_nodes": ["classify", "gate"]},
    )
    clarify_margin: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Below the threshold: two domains closer than this get a question back.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    close_margin: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Above the threshold: two domains closer than this get a question back.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    vague_threshold: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="A first message at least this likely to be too vague gets a question back.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    clear_confidence: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="Confidence from which a message is never considered too vague.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    out_of_scope_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="No domain answers a message that is at least this likely to belong to none.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    clause_threshold: float = Field(
        default=0.35,
        ge=0,
        le=1,
        description="Confidence required for a part of a message to become a question of its own.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    stay_threshold: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A message at least this likely to follow up stays with the previous domain.",
        json_schema_extra={"langgraph_nodes": ["gate"]},
    )
    max_domains: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Maximum number of questions that a message is split into.",
        json_schema_extra={"langgraph_nodes": ["decompose"]},
    )
    facts: dict[str, Any] = Field(
        default_factory=dict,
        description="What the application already knows, such as an order number.",
    )
