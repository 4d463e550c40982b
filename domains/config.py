"""What a domain is: one validated description, from code, an app file or a domain folder."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from mdsa.errors import InvalidInputError
from mdsa.router.protocol import RouterDomain
from mdsa.utils.lists import OneOrMore
from mdsa.utils.validation import describe_problems

__all__ = ["RESERVED_NAMES", "DomainConfig"]

RESERVED_NAMES = frozenset(
    # The graph's nodes, the shared store and the guide's stand-in for a failure.
    {"classify", "gate", "decompose", "clarify", "unmatched", "merge", "global", "error"}
    # Keys of the graph's state, which LangGraph does not let a node be called.
    | {"messages", "classification", "route", "sub_queries", "answers"}
    | {"last_domain", "last_question", "pending_clarification"}
)
"""Names that a domain cannot have."""

_UNUSABLE = re.compile("[\0\ud800-\udfff]")


def _not_reserved(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError(f"{name!r} is reserved; choose another name")
    return name


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold something visible")
    return text


def _encodable(text: str) -> str:
    # Neither routing nor a model could read it, and every request would fail, not just this domain.
    if wrong := _UNUSABLE.search(text):
        raise ValueError(f"holds {wrong.group()!a} at position {wrong.start()}")
    return text


Text = Annotated[str, AfterValidator(_encodable)]
VisibleText = Annotated[Text, AfterValidator(_visible)]


class DomainConfig(BaseModel):
    """A specialist: what it answers, with which model, tools and knowledge."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_not_reserved)] = Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{1,62}$",
        description="Identifier: letters, digits, `_` and `-`. Names the subgraph and the store.",
    )
    description: VisibleText = Field(description="What the domain answers, in a sentence.")
    keywords: list[VisibleText] = Field(default_factory=list, description="Words that suggest it.")
    examples: list[VisibleText] = Field(
        default_factory=list, description="Messages that belong to it."
    )
    model_name: str | None = Field(
        default=None,
        description="Model reference, such as `ollama://llama3:8b`; None means the app's default.",
    )
    fallback: OneOrMore = Field(
        default_factory=list,
        description=(
            "Model references, tried in order if the model fails; none means the app's. The "
            "embedded reader comes after them."
        ),
    )
    system_prompt: Text = Field(default="", description="Instructions for the domain's model.")
    tools: list[str] = Field(default_factory=list, description="Registered tools it may call.")
    max_tokens: int = Field(default=500, gt=0, description="Longest answer, in tokens.")
    temperature: float = Field(default=0.7, ge=0, le=2)
    top_k: int = Field(default=5, gt=0, le=50, description="Passages retrieved for a question.")
    max_tool_rounds: int = Field(default=4, ge=0, le=20, description="Tool rounds in a turn.")

    @classmethod
    def create(cls, **fields: Any) -> Self:
        """Make a domain of fields that a caller gave.

        Raises:
            InvalidInputError: a field cannot be used; the message names it.
        """
        try:
            return cls(**fields)
        except ValidationError as error:
            raise InvalidInputError(
                f"domain {fields.get('name')!r} cannot be registered: {describe_problems(error)}"
            ) from error

    def router_domain(self) -> RouterDomain:
        """The part that the router reads."""
        return RouterDomain(self.name, self.description, tuple(self.keywords), tuple(self.examples))
