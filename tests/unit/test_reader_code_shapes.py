"""The shape of a code, as the description of an argument tells it."""

from __future__ import annotations

import re

import pytest

from mdsa.models.reader.arguments import fill
from mdsa.models.reader.code_shapes import code_shapes


@pytest.mark.parametrize(
    ("description", "code", "other"),
    [
        ("policy number, KT and seven digits", "KT9013377", "KT901337"),
        ("Five-digit postcode", "26721", "2672"),
        ("Item barcode, 13 digits beginning with 3", "3009930041277", "4009930041277"),
        (
            "Meter number, E (electricity) or G (gas) followed by seven digits",
            "G0093318",
            "H0093318",
        ),
        ("Serial number: two letters, a hyphen and seven digits", "AT-0047731", "AT0047731"),
        ("Key id, the letters tk, an underscore and six characters", "tk_44mmq9", "tk44mmq9"),
        ("Module code, two or three letters and three digits", "BIO210", "B210"),
        ("contract number: two letters and five digits, like TH40213", "YA11908", "Y11908"),
        ("Room number, e.g. B-214", "C-307", "C307"),
        ("Gift card code, twelve letters and digits in groups", "K7QD-22MA-9XTP", "K7QD-22MA"),
    ],
)
def test_a_described_code_is_told_from_another(description: str, code: str, other: str) -> None:
    shapes = code_shapes(description)
    assert [
        any(re.fullmatch(s, each, re.IGNORECASE) for s in shapes) for each in (code, other)
    ] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    "description", ["Name of the customer", "Printer model, for example Orvel 310", "How many"]
)
def test_what_is_no_code_has_no_shape(description: str) -> None:
    assert code_shapes(description) == ()


def test_a_number_beside_the_code_is_not_the_code() -> None:
    schema = {"type": "string", "description": "Membership number, two letters and six digits"}
    parameters = {"type": "object", "properties": {"member": schema}, "required": ["member"]}
    found = fill(parameters, "I am 52, paid £18,000 since 2023, number js661204")
    assert (found.args, found.more) == ({"member": "JS661204"}, ())


def test_without_a_code_of_that_shape_the_argument_is_missing() -> None:
    schema = {"type": "string", "description": "account number of eight digits"}
    parameters = {"type": "object", "properties": {"account_number": schema}}
    parameters["required"] = ["account_number"]
    assert fill(parameters, "block my card from 4 May").missing == ("account_number",)
