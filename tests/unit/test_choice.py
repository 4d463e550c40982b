"""Answers to a question back."""

from __future__ import annotations

import pytest

from mdsa.nodes.choice import chosen, says_more


@pytest.mark.parametrize(
    ("answer", "choices", "expected"),
    [
        (
            "It's for customer support.",
            ["technical_support", "customer_support"],
            "customer_support",
        ),
        ("customer", ["technical_support", "customer_support"], "customer_support"),
        ("support, please", ["technical_support", "customer_support"], None),
        ("orders", ["orders_abroad", "orders"], "orders"),
        ("the second one", ["orders", "returns"], "returns"),
        ("orders and returns", ["orders", "returns"], None),
        ("Does support cost anything?", ["technical_support", "customer_support"], None),
        ("my parcel to customer Smith was lost", ["orders", "customer_support"], None),
    ],
)
def test_the_choice_that_is_named(answer: str, choices: list[str], expected: str | None) -> None:
    assert chosen(answer, choices) == expected


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        ("It's for customer support.", False),
        ("the second one, please", False),
        ("technical support, the hub", True),
        ("technical support, 帐篷", True),
    ],
)
def test_what_is_said_besides_the_choice_is_noticed(answer: str, more: bool) -> None:
    assert says_more(answer, ["customer_support", "technical_support"]) is more
