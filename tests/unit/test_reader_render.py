from __future__ import annotations

import json
from typing import Any

import pytest

from mdsa.models.reader.prompt import ToolOutcome
from mdsa.models.reader.render import label, render_outcomes


def _outcome(value: Any, *, failed: bool = False, **args: object) -> ToolOutcome:
    content = value if isinstance(value, str) else json.dumps(value)
    return ToolOutcome("get_order_status", args, content, failed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"message": "It is on its way.", "status": "x"}, "It is on its way."),
        (
            {"status": "In Transit", "estimatedDelivery": "2025-12-15", "note": None},
            "status: In Transit; estimated delivery: 2025-12-15",
        ),
        ({"order": {"id": 7, "paid": True}}, "order ID: 7; order paid: yes"),
        ([{"sku": "A"}, {"sku": "B"}], "- SKU: A\n- SKU: B"),
        (["red", "blue"], "red, blue"),
        ("plain text", "plain text"),
        (12.5, "12.5"),
        ({}, "“get order status” returned nothing."),
        (
            {"error": "No order ORD-9."},
            "I could not complete “get order status”: No order ORD-9.",
        ),
    ],
)
def test_a_result_is_told_as_text(value: Any, text: str) -> None:
    assert render_outcomes([_outcome(value)], "where is it?") == text


def test_a_failed_call_is_told_plainly() -> None:
    outcome = _outcome("Error: the order has shipped already", failed=True)

    assert render_outcomes([outcome], "cancel it") == (
        "I could not complete “get order status”: the order has shipped already"
    )


def test_several_results_say_what_each_is_about() -> None:
    outcomes = [
        _outcome({"status": "new"}, order_id="ORD-1"),
        _outcome({"status": "old"}, order_id="ORD-2"),
    ]

    assert render_outcomes(outcomes, "status?") == "ORD-1: status: new\nORD-2: status: old"


def test_of_many_fields_those_asked_for_are_kept() -> None:
    record = {f"field_{number}": number for number in range(20)} | {"carrier": "Swift"}

    text = render_outcomes([_outcome(record)], "which carrier has it?")

    assert "carrier: Swift" in text
    assert text.count(";") == 7


def test_labels_are_words() -> None:
    assert [label(name) for name in ("order_id", "orderId", "get-order.status")] == [
        "order ID",
        "order ID",
        "get order status",
    ]
