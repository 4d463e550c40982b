"""Which clauses a message is split into, by routers whose verdicts are foreseeable."""

from __future__ import annotations

import pytest
from fakes.routing import WordRouter

from mdsa.router import Route
from mdsa.router.clauses import candidate_segments, choose_clauses

ROUTER = WordRouter(
    {
        "orders": ["parcel", "order", "delivery"],
        "returns": ["refund", "send back", "conditions"],
        "music": ["jazz", "song", "play"],
    }
)


def split(message: str, router: WordRouter = ROUTER) -> list[tuple[str, str | None]]:
    segments = candidate_segments(message)
    whole, *parts = router.route([message, *segments.texts])
    return [(text, route.domain) for text, route in choose_clauses(segments, whole, parts)]


@pytest.mark.parametrize(
    "joiner",
    [
        *(", and ", " and ", "; ", ". ", " then ", " plus ", " & ", ", also ", " as well as "),
        *("? by the way, ", ", ", "\n", " btw ", ", oh and ", " also ", " "),
    ],
)
def test_questions_of_two_domains_are_split_however_they_are_joined(joiner: str) -> None:
    found = split(f"where is my parcel{joiner}how do I get a refund")

    assert [domain for _, domain in found] == ["orders", "returns"]
    assert found[0][0].startswith("where is my parcel")
    assert found[1][0] == "how do I get a refund"


@pytest.mark.parametrize(
    "change", [str.upper, str.title, lambda text: f"{text}.", lambda text: f"  {text}!! "]
)
def test_capitals_and_punctuation_do_not_change_the_split(change: object) -> None:
    assert callable(change)
    for message, domains in (
        ("where is my parcel and how do i get a refund", ["orders", "returns"]),
        ("what are the terms and conditions of a refund", []),
    ):
        assert [domain for _, domain in split(change(message))] == domains


@pytest.mark.parametrize(
    "message",
    [
        "what are the terms and conditions",
        "where is my parcel",
        "where is my parcel and when does the delivery man come",
        "play a song then play some jazz",
        "good morning, and how are you today",
        "",
    ],
)
def test_a_message_of_one_domain_or_none_stays_whole(message: str) -> None:
    assert split(message) == []


def test_three_questions_make_three_clauses() -> None:
    found = split("where is my parcel? how do I get a refund, and play some jazz")

    assert [domain for _, domain in found] == ["orders", "returns", "music"]


def test_neighbours_of_a_domain_are_joined_and_fillers_go_with_what_is_before() -> None:
    message = (
        "hello to you all. where is my parcel? when does the delivery come? "
        "anything helps me here. and how do I get a refund"
    )

    found = split(message)

    assert [domain for _, domain in found] == ["orders", "returns"]
    assert found[0][0].startswith("hello to you all. where is my parcel?")
    assert "delivery come" in found[0][0]
    assert found[1][0].endswith("how do I get a refund")


def test_a_clause_speaks_with_its_surest_part() -> None:
    clauses = split_routes("where is my parcel? thanks a lot. how do I get a refund")

    assert [route.confidence for route in clauses] == [0.9, 0.9]


def test_parts_without_certainty_do_not_split_a_sure_message() -> None:
    segments = candidate_segments("how do I pay from checking and savings account")
    unsure = [
        Route({"banking": 0.5, "cards": 0.45}, 0.05),
        Route({"banking": 0.45, "cards": 0.5}, 0.05),
    ]

    sure = Route({"banking": 0.97, "cards": 0.02}, 0.01)

    assert choose_clauses(segments, sure, unsure) == []


def test_a_router_without_domains_splits_nothing() -> None:
    segments = candidate_segments("where is my parcel and how do I get a refund")
    nothing = Route({}, 1.0)

    assert choose_clauses(segments, nothing, [nothing] * len(segments.texts)) == []


def split_routes(message: str) -> list[Route]:
    segments = candidate_segments(message)
    whole, *parts = ROUTER.route([message, *segments.texts])
    return [clause.route for clause in choose_clauses(segments, whole, parts)]
