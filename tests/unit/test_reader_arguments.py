from __future__ import annotations

from typing import Any

import pytest

from mdsa.models.reader.arguments import fill
from mdsa.models.reader.number_features import NUMBER_FEATURES
from mdsa.models.reader.slot_weights import NUMBER_WEIGHTS, TEXT_WEIGHTS
from mdsa.models.reader.text_features import TEXT_FEATURES


def _schema(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": names}


_ORDER = {"type": "string", "pattern": r"^ORD-\d{4}$", "description": "such as ORD-1001"}


@pytest.mark.parametrize(
    ("schema", "message", "value"),
    [
        (_ORDER, "where is ord-1001?", "ORD-1001"),
        ({"type": "string", "description": "Such as ORD-1001"}, "track ORD-77", "ORD-77"),
        ({"type": "string", "examples": ["AB-12"]}, "I mean AB-345.", "AB-345"),
        ({"type": "string", "format": "email"}, "write to a.b@c.example.", "a.b@c.example"),
        ({"type": "string", "format": "date"}, "on 4 March 2026 please", "2026-03-04"),
        ({"type": "string", "format": "date"}, "on March 4th, 2026", "2026-03-04"),
        ({"type": "string", "enum": ["billing", "delivery"]}, "about deliveries", "delivery"),
        ({"type": "string", "enum": ["express", "standard"]}, "make it expres", "express"),
        ({"type": "integer"}, "two of them", 2),
        ({"type": "number"}, "it weighs 2.5 kg", 2.5),
        ({"type": "array", "items": {"type": "integer"}}, "sum 3, 4 and 5", [3, 4, 5]),
        ({"type": "string"}, 'call it "Blue Moon"', "Blue Moon"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "take 7", 7),
    ],
)
def test_a_value_is_found_by_its_schema(schema: dict[str, Any], message: str, value: Any) -> None:
    assert fill(_schema(thing=schema), message).args == {"thing": value}


@pytest.mark.parametrize("message", ["#12345", "order 12345 is late"])
def test_an_identifier_without_a_pattern_is_a_word_with_digits(message: str) -> None:
    assert fill(_schema(order_id={"type": "string"}), message).args == {"order_id": "12345"}


@pytest.mark.parametrize(
    ("message", "value"),
    [("subscribe me", True), ("unsubscribe me", False), ("do not subscribe me", False)],
)
def test_a_truth_value_follows_how_it_is_named(message: str, value: bool) -> None:
    assert fill(_schema(subscribe={"type": "boolean"}), message).args == {"subscribe": value}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (_ORDER, "where is my order 12345?"),
        ({"type": "string", "format": "email"}, "write to me"),
        ({"type": "string", "format": "date"}, "on 31 February 2026"),
        ({"type": "string", "format": "date"}, "tomorrow"),
        ({"type": "string", "format": "date-time"}, "at 2026-02-30T10:00"),
        ({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$", "format": "date"}, "on 2026-02-30"),
        ({"type": "string", "description": "The day, YYYY-MM-DD."}, "book it on 2026-02-30"),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, "on 30 February 2026"),
        ({"type": "string", "enum": ["billing", "delivery"]}, "about my cat"),
        ({"type": "integer"}, "a few"),
        ({"type": "integer", "maximum": 5}, "take 9"),
        ({"type": "boolean"}, "hello"),
        ({"type": "string"}, "do something"),
    ],
)
def test_what_the_message_does_not_hold_is_missing_not_made_up(
    schema: dict[str, Any], message: str
) -> None:
    filled = fill(_schema(thing=schema), message)

    assert filled.args == {}
    assert filled.missing == ("thing",)


@pytest.mark.parametrize(
    "day", ["2026-02-30", "30 February 2026", "February 30th, 2026", "30/02/2026", "tomorrow"]
)
@pytest.mark.parametrize("name", ["date", "issue_date", "dates_wanted"])
def test_a_date_that_is_not_whole_and_valid_is_asked_for(name: str, day: str) -> None:
    filled = fill(_schema(**{name: {"type": "string"}}), f"Book the table for {day}")

    assert (filled.args, filled.missing) == ({}, (name,))


@pytest.mark.parametrize("day", ["30 February 2026", "30/02/2026", "2026-02-30"])
def test_parts_of_an_impossible_date_go_to_no_other_argument(day: str) -> None:
    properties = {"guests": {"type": "integer"}, "city": {"type": "string"}}

    assert fill(_schema(**properties), f"Book the table for {day}").args == {}


@pytest.mark.parametrize("value", ["31/12/2026", "12/31/2026"])
def test_a_date_in_figures_is_taken_as_it_is_written(value: str) -> None:
    schema = _schema(date={"type": "string"}, guests={"type": "integer"})

    assert fill(schema, f"Book the table for {value}").args == {"date": value}


def test_two_dates_go_to_two_arguments_and_the_impossible_one_is_asked_for() -> None:
    schema = _schema(start_date={"type": "string"}, end_date={"type": "string"})
    good = fill(schema, "a stay from 4 March 2026 to 9 March 2026")
    half = fill(schema, "a stay from 4 March 2026 to 31 February 2026")

    assert good.args == {"start_date": "2026-03-04", "end_date": "2026-03-09"}
    assert (half.args, half.missing) == ({"start_date": "2026-03-04"}, ("end_date",))


def test_a_day_may_still_be_told_in_words() -> None:
    assert fill(_schema(day={"type": "string"}), "Book it on Monday").args == {"day": "Monday"}


def test_a_fact_that_is_no_date_is_not_used_for_one() -> None:
    schema = _schema(date={"type": "string"})

    assert fill(schema, "book it", facts={"date": "2026-02-30"}).args == {}
    assert fill(schema, "book it", facts={"date": "4 March 2026"}).args == {"date": "2026-03-04"}


def test_a_list_of_anything_takes_texts() -> None:
    schema = _schema(tags={"type": "array", "items": True})

    assert fill(schema, "add red and blue").args == {"tags": ["red", "blue"]}


def test_numbers_go_to_the_property_whose_words_stand_beside_them() -> None:
    number = {"type": "integer"}

    args = fill(_schema(height=number, base=number), "a base of 10 and a height of 5").args

    assert args == {"height": 5, "base": 10}


def test_facts_fill_what_the_message_leaves_open() -> None:
    schema = _schema(order_id=_ORDER, quantity={"type": "integer"})
    facts = {"orderId": "ORD-1001", "quantity": "3"}

    assert fill(schema, "send it back", facts=facts).args == {"order_id": "ORD-1001", "quantity": 3}
    assert fill(schema, "send 2 of ORD-2002", facts=facts).args["order_id"] == "ORD-2002"


def test_a_fact_that_the_schema_refuses_is_not_used() -> None:
    filled = fill(_schema(order_id=_ORDER), "where is it?", facts={"order_id": "12345"})

    assert filled.missing == ("order_id",)


def test_earlier_messages_are_asked_last() -> None:
    schema = _schema(order_id=_ORDER)
    earlier = ["where is ORD-1001?", "and ORD-1002?"]

    assert fill(schema, "cancel it", earlier=earlier).args == {"order_id": "ORD-1002"}


def test_several_identifiers_make_several_calls() -> None:
    filled = fill(_schema(order_id=_ORDER), "cancel ORD-1001 and ORD-1002")

    assert [filled.args, *filled.more] == [{"order_id": "ORD-1001"}, {"order_id": "ORD-1002"}]


def test_a_pattern_that_only_checks_does_not_pick_a_letter() -> None:
    schema = _schema(address={"type": "string", "pattern": r"\S", "minLength": 10})
    message = "Send it to 14 Larch Lane, Boise, ID 83702 instead, please."

    assert fill(schema, message).args == {"address": "14 Larch Lane, Boise, ID 83702"}


def test_a_postal_address_is_not_an_e_mail_address() -> None:
    filled = fill(_schema(address={"type": "string"}), "send it to a@b.example")

    assert filled.missing == ("address",)


_NUMBER: dict[str, Any] = {"type": "integer"}
_TEXT: dict[str, Any] = {"type": "string"}


@pytest.mark.parametrize(
    ("properties", "message", "calls"),
    [
        (
            {"city": {**_TEXT, "description": "Name of the city."}},
            "What is the weather in Oslo, Rome and Paris?",
            [{"city": "Oslo"}, {"city": "Rome"}, {"city": "Paris"}],
        ),
        (
            {"city": {**_TEXT, "description": "Name of the city."}},
            "What is the weather in Oslo, Norway?",
            [{"city": "Oslo"}],
        ),
        (
            {"base": _NUMBER, "height": _NUMBER},
            "The first has a base of 12 and a height of 15. The second has a base of 18 and a "
            "height of 24.",
            [{"base": 12, "height": 15}, {"base": 18, "height": 24}],
        ),
        (
            {"base": _NUMBER, "height": _NUMBER},
            "It has a base of 12 and a height of 15.",
            [{"base": 12, "height": 15}],
        ),
        (
            {"length": _NUMBER, "years": _NUMBER},
            "a length of 5 for 10, 20 and 30 years",
            [{"length": 5, "years": years} for years in (10, 20, 30)],
        ),
    ],
)
def test_a_request_for_several_of_a_kind_makes_several_calls(
    properties: dict[str, Any], message: str, calls: list[dict[str, Any]]
) -> None:
    filled = fill(_schema(**properties), message)

    assert [filled.args, *filled.more] == calls


@pytest.mark.parametrize(
    ("schema", "message", "value"),
    [
        (
            {"type": "string", "description": "The day, MM-DD-YYYY."},
            "on 4 March 2026",
            "03-04-2026",
        ),
        ({"type": "number", "description": "Yearly interest rate."}, "at a rate of 5%", 0.05),
        ({"type": "integer", "description": "Interest rate in percent."}, "at a rate of 5%", 5),
        (
            {"type": "string", "description": "Either 'miles' or 'kilometers'."},
            "how far is it in mile?",
            "miles",
        ),
        ({"type": "array", "items": {"type": "integer"}}, "the 2nd, 3rd and 4th floors", [2, 3, 4]),
        (
            {"type": "array", "items": {"type": "number"}},
            "cash flows [200,300,400]",
            [200, 300, 400],
        ),
        (
            {"type": "object", "properties": {"width": _NUMBER, "height": _NUMBER}},
            "a width of 20 and a height of 12",
            {"width": 20, "height": 12},
        ),
    ],
)
def test_a_value_takes_the_form_that_its_argument_asks_for(
    schema: dict[str, Any], message: str, value: Any
) -> None:
    name = "date" if "day" in schema.get("description", "") else "thing"

    assert fill(_schema(**{name: schema}), message).args == {name: value}


def test_values_that_would_do_as_well_the_other_way_round_keep_their_order() -> None:
    filled = fill(_schema(first_number=_NUMBER, second_number=_NUMBER), "divide 48 by 36")

    assert filled.args == {"first_number": 48, "second_number": 36}


def test_every_feature_has_a_weight() -> None:
    assert set(TEXT_WEIGHTS.named) == set(TEXT_FEATURES)
    assert set(NUMBER_WEIGHTS.named) == set(NUMBER_FEATURES)


_TEXT = {"type": "string"}
_NUMBERS = {"type": "array", "items": {"type": "integer"}}


@pytest.mark.parametrize(
    ("schema", "message", "value"),
    [
        ({"type": "integer", "description": "Length in seconds."}, "for 3 minutes", 180),
        ({"type": "number", "description": "Weight in kilograms"}, "it weighs 500 g", 0.5),
        ({"type": "integer", "description": "Length in seconds."}, "for 90 seconds", 90),
        (
            {"type": "string", "description": "Can be 'brief' or 'detailed'."},
            "in detail",
            "detailed",
        ),
    ],
)
def test_a_value_takes_the_unit_or_the_option_that_is_described(
    schema: dict[str, Any], message: str, value: Any
) -> None:
    assert fill(_schema(amount=schema), message).args.get("amount") == value


def test_none_but_the_described_options_is_taken() -> None:
    phase = {"type": "string", "description": "Can be 'melting' or 'freezing'."}
    assert fill(_schema(phase=phase), "how many Joules for Water?").missing == ("phase",)


@pytest.mark.parametrize(
    ("name", "message", "value"),
    [("currency", "in Canadian dollars", "CAD"), ("country", "about German history", "Germany")],
)
def test_currencies_and_countries_have_standard_names(name: str, message: str, value: str) -> None:
    assert fill(_schema(**{name: _TEXT}), message).args == {name: value}


def test_an_amount_in_words_beside_a_name_with_an_article() -> None:
    assert fill(_schema(hotel=_TEXT), "book a room at The Plaza").args == {"hotel": "The Plaza"}


def test_a_value_after_its_own_name_is_that_arguments() -> None:
    parameters = _schema(name=_TEXT, nickname=_TEXT)
    assert fill(parameters, "set 'nickname': 'Ann', 'name': 'Bob'").args == {
        "name": "Bob",
        "nickname": "Ann",
    }


def test_each_list_goes_to_an_argument_of_its_own() -> None:
    parameters = _schema(group_1=_NUMBERS, group_2=_NUMBERS)
    assert fill(parameters, "compare [1, 2, 3] and [4, 5, 6]").args == {
        "group_1": [1, 2, 3],
        "group_2": [4, 5, 6],
    }


def test_a_time_of_day_gives_its_hour_and_minute_and_no_other_number() -> None:
    hands = _schema(hours={"type": "integer"}, minutes={"type": "integer"})
    assert fill(hands, "the angle at 6:30 PM").args == {"hours": 6, "minutes": 30}
    assert fill(_schema(guests={"type": "integer"}), "a table at 6:30 PM").missing == ("guests",)


def test_pairs_make_a_call_each() -> None:
    parameters = _schema(num1={"type": "integer"}, num2={"type": "integer"})
    filled = fill(parameters, "the divisor of the pairs (45, 60) and (81, 27)")
    assert [filled.args, *filled.more] == [{"num1": 45, "num2": 60}, {"num1": 81, "num2": 27}]


def test_a_further_call_begins_where_an_argument_comes_again() -> None:
    number = {"type": "integer"}
    parameters = _schema(bedrooms=number, area=number)
    filled = fill(
        parameters,
        "One has 3 bedrooms, and an area of 90. Another has 2 bedrooms and an area of 50.",
    )
    assert [filled.args, *filled.more] == [
        {"bedrooms": 3, "area": 90},
        {"bedrooms": 2, "area": 50},
    ]


def test_west_and_south_are_below_zero() -> None:
    point = {"type": "array", "items": {"type": "number"}}
    assert fill(_schema(point=point), "near (33.4484 N, 112.0740 W)").args == {
        "point": [33.4484, -112.074]
    }


def test_an_amount_of_money_is_no_number_of_years() -> None:
    years = {"type": "integer", "description": "Years for which the investment is made."}
    value = {"type": "integer", "description": "The present value."}
    text = "the future of a $5000 investment made for 10 years"
    assert fill(_schema(present_value=value, years=years), text).args == {
        "present_value": 5000,
        "years": 10,
    }
