"""Truth values, and options that are meant rather than named."""

from __future__ import annotations

import pytest

from mdsa.embeddings import load_embeddings
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.option_meaning import option_meant
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.truth import truth


@pytest.fixture(scope="module")
def encoder() -> CachedEncoder:
    return CachedEncoder(load_embeddings())


@pytest.mark.parametrize(
    ("name", "description", "message", "value"),
    [
        (
            "extra_rinse",
            "Whether an additional rinse is wanted",
            "quick one, no extra rinse",
            False,
        ),
        ("under_warranty", "", "send someone, the warranty ran out in 2023", False),
        ("driveable", "whether the car can still be driven", "mine won't drive any more", False),
        (
            "collection",
            "true if we pick it up, false if the customer brings it",
            "I bring it",
            False,
        ),
        ("by_post", "true if on paper by post, false for e-mail", "an e-mail will do", False),
        ("abroad", "True if treated in another country", "it was in another country", True),
        ("express", "Express delivery", "but not to the door, express please", True),
    ],
)
def test_a_truth_value_is_read_from_name_and_description(
    name: str, description: str, message: str, value: bool
) -> None:
    slot = Slot(name, "boolean", {"type": "boolean", "description": description}, required=False)
    assert [one.value for one in truth(slot, message)] == [value]


def test_what_the_message_says_nothing_of_has_no_truth_value() -> None:
    schema = {"type": "boolean", "description": "Whether there are animals in the home"}
    assert truth(Slot("has_pets", "boolean", schema, required=False), "a quick wash, please") == []


@pytest.mark.parametrize(
    ("options", "message", "option"),
    [
        (["collision", "theft", "weather"], "my car was stolen from the car park", "theft"),
        (["dirty", "dent", "low fuel"], "it is filthy, mud all over", "dirty"),
    ],
)
def test_an_option_may_be_meant_without_its_name(
    options: list[str], message: str, option: str, encoder: CachedEncoder
) -> None:
    found = option_meant(options, message, encoder)
    assert found is not None
    assert found.value == option


def test_no_option_is_taken_that_the_message_does_not_mean(encoder: CachedEncoder) -> None:
    assert option_meant(["refund", "voucher"], "hello, this is Ann", encoder) is None
