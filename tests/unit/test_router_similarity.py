"""The zero-shot router over embeddings that are counts of words."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.router import Route, Router, RouterDomain
from mdsa.router.features import stems
from mdsa.router.similarity import SimilarityRouter
from mdsa.router.zero_shot import Weights, probabilities

ORDERS = RouterDomain(
    "order_tracking",
    "Where an order is and when it arrives",
    keywords=("parcel", "tracking number"),
    examples=("Where is my order?",),
)
SUPPORT = RouterDomain("support", "Help with broken devices", keywords=("battery", "reset"))


class WordCounts(Embeddings):
    """Unit vectors of hashed word counts; notes how many texts it was given."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded += len(texts)
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        vector = np.full(64, 1e-3)
        for word in stems(text):
            vector[zlib.crc32(word.encode()) % 64] += 1
        return (vector / np.linalg.norm(vector)).tolist()


def router(*domains: RouterDomain, embeddings: Embeddings | None = None) -> SimilarityRouter:
    embeddings = embeddings or WordCounts()
    made = SimilarityRouter(lambda: embeddings)
    for domain in domains:
        made.add_domain(domain)
    return made


def only(routes: Sequence[Route]) -> Route:
    (route,) = routes
    return route


def test_it_is_a_router() -> None:
    assert isinstance(router(), Router)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("where is my order", "order_tracking"),
        ("when does the order arrive", "order_tracking"),
        ("the battery of my devices is broken", "support"),
    ],
)
def test_the_nearest_domain_is_best(text: str, domain: str) -> None:
    route = only(router(ORDERS, SUPPORT).route([text]))

    assert route.domain == domain
    assert route.confidence == route.scores[domain] > 0.5


def test_scores_and_out_of_scope_are_probabilities() -> None:
    for route in router(ORDERS, SUPPORT).route(["where is my order", "zebra", ""]):
        assert set(route.scores) == {"order_tracking", "support"}
        assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)
        assert all(0 <= score <= 1 for score in route.scores.values())


def test_what_resembles_no_domain_is_out_of_scope() -> None:
    assert only(router(ORDERS, SUPPORT).route(["zebra quartz"])).out_of_scope > 0.5


def test_a_batch_scores_like_its_texts_one_by_one() -> None:
    made = router(ORDERS, SUPPORT)
    texts = ["where is my order", "reset the battery", "zebra"]

    for alone, together in zip(texts, made.route(texts), strict=True):
        assert only(made.route([alone])).scores == pytest.approx(together.scores)


def test_keywords_count_by_their_stems_and_only_whole() -> None:
    plain = RouterDomain("a", "something")
    with_keyword = RouterDomain("b", "something", keywords=("tracking number",))
    made = router(plain, with_keyword)

    whole = only(made.route(["two tracking numbers"]))
    half = only(made.route(["two numbers"]))

    assert whole.scores["b"] / whole.scores["a"] > half.scores["b"] / half.scores["a"]


def test_the_evidence_is_the_nearest_text_of_each_domain() -> None:
    evidence = only(router(ORDERS, SUPPORT).route(["where is my order"])).evidence

    assert evidence["order_tracking"] == "Where is my order?"
    assert evidence["support"] in ("support", SUPPORT.description, *SUPPORT.keywords)


def test_nothing_registered_means_out_of_scope() -> None:
    route = only(router().route(["hello"]))

    assert (route.scores, route.out_of_scope, route.domain) == ({}, 1.0, None)
    assert router(ORDERS).route([]) == []


def test_a_name_is_taken_once_and_free_again_after_removal() -> None:
    made = router(ORDERS)

    with pytest.raises(DuplicateNameError, match="order_tracking"):
        made.add_domain(ORDERS)
    made.remove_domain("order_tracking")
    made.add_domain(RouterDomain("order_tracking", "zebra quartz"))

    assert only(made.route(["zebra quartz"])).confidence > 0.5
    assert "Where is my order?" not in only(made.route(["where is my order"])).evidence.values()


def test_removing_an_unknown_domain_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="order_tracking"):
        router(ORDERS).remove_domain("order_trackin")


def test_a_domain_is_embedded_once_and_not_before_it_is_needed() -> None:
    embeddings = WordCounts()
    made = router(ORDERS, embeddings=embeddings)
    assert embeddings.embedded == 0

    made.route(["a"])
    first = embeddings.embedded
    made.route(["b", "c"])

    assert embeddings.embedded == first + 2


def test_weights_may_be_given() -> None:
    no_domain_ever = Weights(nearest=0, mean=0, keywords=0, bias=-50)
    made = SimilarityRouter(WordCounts, no_domain_ever)
    made.add_domain(ORDERS)

    assert only(made.route(["where is my order"])).out_of_scope == pytest.approx(1)


def test_large_features_do_not_overflow() -> None:
    features = np.full((1, 2, 3), 1e6, dtype=np.float32)

    assert probabilities(features, Weights()).tolist() == [[0.5, 0.5, 0.0]]


def test_domains_may_come_and_go_while_messages_are_routed() -> None:
    made = router(ORDERS)

    def change(number: int) -> None:
        made.add_domain(RouterDomain(f"d{number}", "something"))
        made.remove_domain(f"d{number}")

    with ThreadPoolExecutor(4) as pool:
        changes = [pool.submit(change, number) for number in range(40)]
        routes = [pool.submit(made.route, ["where is my order"]) for _ in range(40)]
        for future in (*changes, *routes):
            future.result()

    for future in routes:
        route = only(future.result())
        assert route.domain == "order_tracking"
        assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)
