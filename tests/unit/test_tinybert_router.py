"""The default router, over embeddings that are sums of words."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from fakes import bag_of_words
from langchain_core.embeddings import Embeddings

from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.router import Route, Router, RouterDomain
from mdsa.router.tinybert_router import TinyBertRouter, encode_with

ORDERS = RouterDomain(
    "order_tracking",
    "Where an order is and when it arrives",
    keywords=("parcel", "tracking number"),
)
SUPPORT = RouterDomain("support", "Help with broken devices", keywords=("battery", "reset"))
BILLING = RouterDomain(
    "billing",
    "Invoices and payments",
    examples=(
        "the invoice is wrong",
        "i was charged twice",
        "charge another card",
        "why was i charged a fee",
        "send me the invoice",
    ),
)


class CountingEncoder:
    """Sums of words' directions; notes how many texts it was given."""

    def __init__(self) -> None:
        self.encoded = 0

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.encoded += len(texts)
        return bag_of_words.encode(texts)


def router(*domains: RouterDomain, **options) -> TinyBertRouter:
    made = TinyBertRouter(**{"encode": bag_of_words.encode, **options})
    for domain in domains:
        made.add_domain(domain)
    return made


def only(routes: Sequence[Route]) -> Route:
    (route,) = routes
    return route


def test_it_is_a_router() -> None:
    assert isinstance(router(), Router)


@pytest.mark.parametrize("domains", [(ORDERS, SUPPORT), (ORDERS, SUPPORT, BILLING)])
@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("where is my order", "order_tracking"),
        ("when does the order arrive", "order_tracking"),
        ("the battery of my broken devices", "support"),
    ],
)
def test_the_nearest_domain_is_best(domains, text: str, domain: str) -> None:
    route = only(router(*domains).route([text]))

    assert route.domain == domain
    assert route.confidence == route.scores[domain]


def test_examples_teach_words_that_no_description_holds() -> None:
    text = "why charged twice"
    bare = RouterDomain(BILLING.name, BILLING.description)

    taught = only(router(ORDERS, SUPPORT, BILLING).route([text]))
    untaught = only(router(ORDERS, SUPPORT, bare).route([text]))

    assert taught.domain == "billing"
    assert taught.confidence > 0.8
    assert untaught.scores["billing"] < 0.5


@pytest.mark.parametrize("domains", [(ORDERS,), (BILLING,), (ORDERS, SUPPORT, BILLING)])
def test_scores_and_out_of_scope_are_probabilities(domains) -> None:
    for route in router(*domains).route(["where is my order", "zebra", "", "?!"]):
        assert list(route.scores) == [domain.name for domain in domains]
        assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)
        assert all(0 <= score <= 1 for score in route.scores.values())


@pytest.mark.parametrize("domains", [(ORDERS, SUPPORT), (ORDERS, SUPPORT, BILLING)])
def test_what_resembles_no_domain_is_out_of_scope(domains) -> None:
    made = router(*domains)

    stranger, known = made.route(["zebra quartz", "where is my order"])

    assert stranger.out_of_scope > 0.3
    assert known.out_of_scope < stranger.out_of_scope / 2


@pytest.mark.parametrize("text", ["", "   ", "?!", "😀"])
def test_a_text_without_words_belongs_nowhere(text: str) -> None:
    route = only(router(ORDERS, SUPPORT, BILLING).route([text]))

    assert (route.out_of_scope, route.confidence) == (1, 0)


@pytest.mark.parametrize(
    "domains",
    [(ORDERS,), (ORDERS, SUPPORT), (BILLING,), (ORDERS, SUPPORT, BILLING)],
)
def test_a_batch_scores_like_its_texts_one_by_one(domains) -> None:
    made = router(*domains)
    texts = ["where is my order", "reset the battery", "zebra", "send the invoice", "", "parcel"]

    # A few messages are scored in Python, many in numpy.
    for text, together in zip(texts * 3, made.route(texts * 3), strict=True):
        alone = only(made.route([text]))
        assert dict(alone.scores) == pytest.approx(dict(together.scores), rel=1e-4)
        assert alone.out_of_scope == pytest.approx(together.out_of_scope, rel=1e-4)
        assert alone.evidence == together.evidence


def test_all_examples_score_alike_alone_and_in_a_batch() -> None:
    taught = [replace(domain, examples=(domain.description,)) for domain in (ORDERS, SUPPORT)]
    made = router(*taught, BILLING)
    texts = ["where is my order", "charged twice", "zebra"] * 4

    for text, together in zip(texts, made.route(texts), strict=True):
        alone = only(made.route([text])).scores
        assert dict(alone) == pytest.approx(dict(together.scores), rel=1e-4)


def test_the_evidence_is_the_nearest_text_of_the_best_domains() -> None:
    others = [RouterDomain(f"other_{number}", "zebras and quartz") for number in range(8)]

    evidence = only(router(ORDERS, SUPPORT, BILLING, *others).route(["charged twice"])).evidence

    assert evidence["billing"] == "i was charged twice"
    assert 1 <= len(evidence) < 11


def test_nothing_registered_means_out_of_scope() -> None:
    route = only(router().route(["hello"]))

    assert (route.scores, route.out_of_scope, route.domain) == ({}, 1.0, None)
    assert router(ORDERS).route([]) == []
    assert router().score_floor(0.1) is None


def test_a_name_is_taken_once_and_free_again_after_removal() -> None:
    made = router(ORDERS)

    with pytest.raises(DuplicateNameError, match="order_tracking"):
        made.add_domain(ORDERS)
    made.remove_domain("order_tracking")
    assert made.route(["where is my order"]) == [Route({}, 1.0)]
    made.add_domain(RouterDomain("order_tracking", "zebra quartz"))

    evidence = only(made.route(["where is my order"])).evidence
    assert evidence["order_tracking"] in ("order tracking", "zebra quartz")


def test_removing_an_unknown_domain_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="order_tracking"):
        router(ORDERS).remove_domain("order_trackin")


def test_a_domain_is_embedded_once_and_not_before_it_is_needed() -> None:
    encode = CountingEncoder()
    made = router(ORDERS, SUPPORT, encode=encode)
    assert encode.encoded == 0

    made.route(["a"])
    first = encode.encoded
    made.remove_domain("support")
    made.add_domain(RouterDomain("name", "description"))
    made.route(["b", "c"])

    assert encode.encoded == first + 2 + 2


def test_domains_stay_in_the_order_in_which_they_came() -> None:
    made = router(SUPPORT, BILLING, ORDERS)
    made.remove_domain("support")
    made.add_domain(SUPPORT)

    assert list(only(made.route(["a"])).scores) == ["billing", "order_tracking", "support"]


def test_an_encoder_that_fails_is_tried_again() -> None:
    class Failing(CountingEncoder):
        broken = True

        def __call__(self, texts: Sequence[str]) -> np.ndarray:
            if self.broken:
                raise OSError("no weights")
            return super().__call__(texts)

    encode = Failing()
    made = router(ORDERS, encode=encode)

    with pytest.raises(OSError, match="no weights"):
        made.route(["where is my order"])
    encode.broken = False

    assert only(made.route(["where is my order"])).domain == "order_tracking"


def test_domains_may_come_and_go_while_messages_are_routed() -> None:
    made = router(ORDERS)

    def change(number: int) -> None:
        name = f"d{number}"
        made.add_domain(RouterDomain(name, "something"))
        assert name in only(made.route(["something"])).scores
        made.remove_domain(name)
        assert name not in only(made.route(["something"])).scores

    with ThreadPoolExecutor(8) as pool:
        changes = [pool.submit(change, number) for number in range(40)]
        routes = [pool.submit(made.route, ["where is my order"]) for _ in range(40)]
        for future in (*changes, *routes):
            future.result()

    for future in routes:
        route = only(future.result())
        assert route.domain == "order_tracking"
        assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)


def test_a_domain_that_comes_while_others_are_embedded_is_not_lost() -> None:
    embedding, go_on = threading.Event(), threading.Event()

    def encode(texts: Sequence[str]) -> np.ndarray:
        if "Where an order is and when it arrives" in texts:
            embedding.set()
            assert go_on.wait(10)
        return bag_of_words.encode(texts)

    made = router(ORDERS, encode=encode)
    with ThreadPoolExecutor(1) as pool:
        routed = pool.submit(made.route, ["reset the battery"])
        assert embedding.wait(10)
        made.add_domain(SUPPORT)
        go_on.set()

        assert only(routed.result()).domain == "support"


def test_the_floor_of_prediction_sets_needs_enough_examples_of_every_domain() -> None:
    other = RouterDomain("other", "Opening hours", examples=("when do you open", "open on sunday"))
    made = router(BILLING, other)
    floor = made.score_floor(0.25)

    assert floor is not None
    assert 0 <= floor <= 1
    assert made.score_floor(0.02) is None
    assert router(ORDERS, SUPPORT).score_floor(0.25) is None
    assert router(BILLING, other, ORDERS).score_floor(0.25) is None
    with pytest.raises(ValueError, match="target_error"):
        made.score_floor(1.5)


def test_a_lone_domain_with_two_examples_does_not_take_everything() -> None:
    lone = RouterDomain("orders", "Orders", examples=("where is my order", "track my order"))

    route = only(router(lone).route(["asdf qwer"]))

    assert route.out_of_scope > 0.3


def test_known_out_of_scope_messages_are_heeded() -> None:
    other = RouterDomain("other", "Opening hours", examples=("when do you open", "open on sunday"))
    strangers = [f"when does the zebra {verb}" for verb in ("eat", "sleep", "run", "play", "drink")]
    text = ["when do the zebras eat"]

    told = only(router(BILLING, other, out_of_scope=strangers * 4).route(text))
    untold = only(router(BILLING, other).route(text))

    assert told.out_of_scope != untold.out_of_scope


def test_langchain_embeddings_serve_as_encoder_and_are_got_late() -> None:
    class BagOfWords(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return bag_of_words.encode(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    got = []

    def get() -> Embeddings:
        got.append(1)
        return BagOfWords()

    made = router(ORDERS, SUPPORT, encode=encode_with(get))
    assert not got

    assert only(made.route(["where is my order"])).domain == "order_tracking"
