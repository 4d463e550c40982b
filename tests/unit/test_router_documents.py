"""Domains that a router knows by sentences of their documents, too."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fakes import bag_of_words
from fakes.label_models import WordLabels
from fakes.routing import WordRouter

from mdsa.router import DocumentRouter, Route, RouterDomain, route_reading
from mdsa.router.document_sentences import DRAWN, furthest, share
from mdsa.router.tinybert_router import TinyBertRouter
from mdsa.router.trained import TrainedRouter

ORDERS = RouterDomain("orders", "Where an order is", keywords=("parcel", "tracking number"))
GARDEN = RouterDomain("garden", "Plants and soil", keywords=("seeds",))
BOTH = frozenset({"orders", "garden"})
SAYS = {
    "garden": ["The quokka brings it before noon.", "Wombats carry heavy boxes."],
    "orders": ["Water the ferns twice."],
}
QUOKKA = "does the quokka come before noon"


class CountingEncoder:
    """Sums of words' directions; keeps what it was given, and can be made to wait."""

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.waits = threading.Event()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += texts
        if not self.may_go_on.is_set() and len(texts) > 1:
            self.waits.set()
            assert self.may_go_on.wait(10)
        return bag_of_words.encode(texts)


def router(*domains: RouterDomain, encode=bag_of_words.encode) -> TinyBertRouter:
    made = TinyBertRouter(encode=encode)
    for domain in domains or (ORDERS, GARDEN):
        made.add_domain(domain)
    return made


def one(made: DocumentRouter, text: str, reading: Collection[str] = BOTH) -> Route:
    (route,) = made.route([text], reading=reading)
    assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)
    return route


def test_a_message_in_the_words_of_a_document_goes_to_its_domain_until_that_is_gone() -> None:
    made = router()
    before = one(made, QUOKKA)

    made.set_documents(SAYS)
    told = one(made, QUOKKA)
    made.set_documents({})

    assert before.scores["garden"] < 0.2
    assert told.domain == "garden"
    assert told.scores["garden"] > 0.5
    assert (before.by_documents, told.by_documents) == (False, True)
    assert one(made, QUOKKA).scores == before.scores


@pytest.mark.parametrize("many", [1, 20])
def test_documents_count_for_those_alone_who_may_read_them(many: int) -> None:
    """In both ways to judge: one by one, and in arrays."""
    made, ignorant, other = router(), router(), router()
    made.set_documents(SAYS)
    other.set_documents({"orders": SAYS["orders"]})

    for reading, same in (((), ignorant), (("orders",), other)):
        found = made.route([QUOKKA] * many, reading=reading)
        expected = same.route([QUOKKA] * many, reading=reading)
        for route, like in zip(found, expected, strict=True):
            assert dict(route.scores) == dict(like.scores)
            assert route.out_of_scope == like.out_of_scope
    assert made.route([QUOKKA]) == ignorant.route([QUOKKA])


@pytest.mark.parametrize("many", [1, 20])
def test_no_sentence_of_a_document_is_given_as_evidence(many: int) -> None:
    made = router()
    made.set_documents(SAYS)

    for route in made.route([QUOKKA] * many, reading=BOTH):
        assert route.domain == "garden"
        assert set(route.evidence) == BOTH
        assert route.evidence["orders"] in ("orders", ORDERS.description, *ORDERS.keywords)
        assert route.evidence["garden"] in ("garden", GARDEN.description, *GARDEN.keywords)


def test_where_examples_teach_documents_change_nothing() -> None:
    taught = RouterDomain(
        "orders", ORDERS.description, ORDERS.keywords, ("where is my parcel", "has it left")
    )
    encode = CountingEncoder()
    made, ignorant = router(taught, GARDEN, encode=encode), router(taught, GARDEN)

    made.set_documents(SAYS)

    assert not made.reads_documents
    assert not set(SAYS["garden"]) & set(encode.encoded)
    assert one(made, QUOKKA) == one(ignorant, QUOKKA)
    assert made.score_floor(0.4) == ignorant.score_floor(0.4)


def test_documents_of_taught_domains_count_again_when_the_examples_are_gone() -> None:
    taught = RouterDomain("billing", "Invoices", examples=("the invoice is wrong", "charged twice"))
    made, ignorant = router(GARDEN, taught), router(GARDEN)
    made.set_documents(SAYS)

    made.remove_domain("billing")
    made.set_documents(SAYS)

    assert one(made, QUOKKA).out_of_scope < one(ignorant, QUOKKA).out_of_scope


def test_a_sentence_is_encoded_once_while_it_stays() -> None:
    encode = CountingEncoder()
    made = router(encode=encode)

    made.set_documents(SAYS)
    made.set_documents({**SAYS, "orders": [*SAYS["orders"], "Feed the moss."]})
    one(made, QUOKKA)

    assert encode.encoded.count(SAYS["garden"][0]) == 1
    assert encode.encoded.count("Feed the moss.") == 1


def test_messages_are_routed_while_documents_are_encoded() -> None:
    encode = CountingEncoder()
    made = router(encode=encode)
    before = one(made, QUOKKA)
    encode.may_go_on.clear()

    with ThreadPoolExecutor(1) as pool:
        telling = pool.submit(made.set_documents, SAYS)
        assert encode.waits.wait(10)
        meanwhile = one(made, QUOKKA)
        made.remove_domain("orders")
        encode.may_go_on.set()
        telling.result()

    assert meanwhile == before
    assert list(one(made, QUOKKA).scores) == ["garden"]


def test_a_domain_that_goes_takes_its_documents_along() -> None:
    made = router()
    made.set_documents(SAYS)

    made.remove_domain("garden")
    made.add_domain(GARDEN)

    assert one(made, QUOKKA).scores["garden"] < 0.2


def test_threads_route_while_documents_and_domains_change() -> None:
    made = router()

    def change(number: int) -> None:
        made.add_domain(RouterDomain(f"extra_{number}", "something"))
        made.set_documents({**SAYS, f"extra_{number}": [f"Thing {number} is here."]})
        made.remove_domain(f"extra_{number}")

    with ThreadPoolExecutor(8) as pool:
        changes = [pool.submit(change, number) for number in range(12)]
        found = [pool.submit(one, made, "where is my parcel") for _ in range(24)]
        for future in changes:
            future.result()
        assert {future.result().domain for future in found} == {"orders"}

    made.set_documents(SAYS)
    assert one(made, QUOKKA).domain == "garden"


def test_many_different_readers_are_all_judged_by_what_they_may_read() -> None:
    domains = [RouterDomain(f"d{number}", f"topic{number} matters") for number in range(8)]
    made = router(*domains)
    made.set_documents({one.name: [f"{one.name} has word{one.name} inside."] for one in domains})

    for bits in range(1, 64):
        reading = [one.name for at, one in enumerate(domains) if bits >> at & 1]
        route = one(made, "wordd0 inside", reading)
        assert ("d0" in reading) == (route.scores["d0"] > 0.5)


def test_however_long_the_documents_are_few_sentences_are_encoded_and_compared() -> None:
    encode = CountingEncoder()
    made = router(encode=encode)
    made.set_documents({"orders": [f"Sentence number{at} here." for at in range(5000)]})

    assert sum(text.startswith("Sentence") for text in encode.encoded) == DRAWN * 64
    assert share(own_texts=40, domains=2) == 64
    assert share(own_texts=780, domains=50) == 4
    assert share(own_texts=1300, domains=100) == 0


def test_those_furthest_from_what_is_taken_are_chosen() -> None:
    vectors = np.eye(4, dtype=np.float32)
    twice = np.concatenate([vectors[[1, 1]], vectors[[2, 0, 3]]])

    assert furthest(twice, vectors[:1], 3) == [0, 2, 4]
    assert furthest(twice, vectors[:1], 9) == [0, 1, 2, 3, 4]


def test_a_trained_router_leaves_documents_to_domains_that_it_was_not_trained_on() -> None:
    made = TrainedRouter(WordLabels({"orders": "parcel", "returns": "refund"}), router())
    assert not isinstance(WordRouter({}), DocumentRouter)
    made.add_domain(RouterDomain("returns", "Refunds"))

    alone = one(made, QUOKKA, ["returns"])
    made.set_documents({"returns": ["The quokka returns it before noon."]})

    assert one(made, QUOKKA, ["returns"]) == alone


def test_a_router_that_reads_no_documents_is_asked_as_ever() -> None:
    made = WordRouter({"orders": ["parcel"]})

    (route,) = route_reading(made, ["my parcel"], ["orders"])

    assert route.domain == "orders"
