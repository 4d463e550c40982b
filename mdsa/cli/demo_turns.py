"""What the demo asks, as customers of the example shop would write it; no answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["DEMO_TURNS", "DemoTurn"]


@dataclass(frozen=True, slots=True)
class DemoTurn:
    """One message of the demo.

    Attributes:
        title: what the turn shows.
        question: the message.
        session: turns of one session know what was said before.
        allowed_domains: what the caller may use; None is everything.
        approve: how the person decides, should a tool wait for approval.
    """

    title: str
    question: str
    session: str
    allowed_domains: tuple[str, ...] | None = None
    approve: bool = True

    @property
    def context(self) -> dict[str, Any]:
        """The context of the request."""
        context: dict[str, Any] = {"session_id": f"demo-{self.session}", "user_id": "demo"}
        if self.allowed_domains is not None:
            context["allowed_domains"] = list(self.allowed_domains)
        return context


DEMO_TURNS = (
    DemoTurn(
        "One specialist answers from its documents",
        "How long do I have to send back a jacket that doesn't fit?",
        "returns",
    ),
    DemoTurn(
        "Another specialist, other documents",
        "How do I pair the headlamp with my phone?",
        "headlamp",
    ),
    DemoTurn(
        "And a third one",
        "What does shipping to Canada cost?",
        "shipping",
    ),
    DemoTurn(
        "A follow-up that names no subject stays with its specialist",
        "And to Japan?",
        "shipping",
    ),
    DemoTurn(
        "A question that only a tool can answer",
        "Where is my order ORD-1001?",
        "orders",
    ),
    DemoTurn(
        "Two specialists answer one message side by side",
        "Where is order ORD-1002? And what does error E21 on my hub mean?",
        "both",
    ),
    DemoTurn(
        "An unclear message gets a question back",
        "I got the wrong thing.",
        "wrong-item",
    ),
    DemoTurn(
        "The answer to that question completes the first message",
        "It's for customer support.",
        "wrong-item",
    ),
    DemoTurn(
        "Knowledge that belongs to no specialist",
        "When was Northwind founded?",
        "company",
    ),
    DemoTurn(
        "A question for no domain is declined",
        "How do I cook risotto for six people?",
        "risotto",
    ),
    DemoTurn(
        "A domain that the caller may not use stays closed",
        "What does error E21 on my hub mean?",
        "restricted",
        allowed_domains=("customer_support",),
    ),
    DemoTurn(
        "A tool that writes waits for approval",
        "Please cancel order ORD-1005, I ordered it by mistake.",
        "cancel",
    ),
    DemoTurn(
        "The order database has really changed",
        "What is the status of ORD-1005 now?",
        "cancel",
    ),
)
"""In the order of the demo; a turn that waits for approval is resumed before the next."""
