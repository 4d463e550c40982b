"""Routing by a classifier's labels, beside domains that it knows nothing of."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes.label_models import WordLabels
from fakes.routing import WordRouter

from mdsa.errors import DuplicateNameError, InvalidInputError, UnknownNameError
from mdsa.router import Route, Router, RouterDomain
from mdsa.router.trained import TrainedRouter

WORDS = {"track_parcel": "parcel", "cancel_order": "cancel", "refund_status": "refund"}
DOMAINS = ["orders", "orders", "returns"]


def domain(name: str, *keywords: str) -> RouterDomain:
    return RouterDomain(name, f"About {name}", keywords)


def router(*domains: RouterDomain, floor: float | None = None) -> TrainedRouter:
    made = TrainedRouter(WordLabels(WORDS, DOMAINS, floor), WordRouter({}))
    for one in domains:
        made.add_domain(one)
    return made


def one(made: Router, text: str) -> Route:
    (route,) = made.route([text])
    assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)
    return route


def test_a_domain_sums_its_labels_and_leaves_the_rest_out_of_scope() -> None:
    made = router(domain("orders"), domain("returns"))

    route = one(made, "where is my parcel")

    # 0.9 and 0.05 of the two labels, of 0.9 in scope.
    assert route.scores == pytest.approx({"orders": 0.95 * 0.9, "returns": 0.05 * 0.9})
    assert route.out_of_scope == pytest.approx(0.1)
    assert route.evidence == {"orders": "track parcel"}


def test_labels_without_a_registered_domain_are_out_of_scope() -> None:
    route = one(router(domain("returns")), "where is my parcel")

    assert route.scores == pytest.approx({"returns": 0.05 * 0.9})
    assert route.out_of_scope == pytest.approx(1 - 0.05 * 0.9)
    assert route.evidence == {}


@pytest.mark.parametrize("name", ["track_parcel", "Track parcel", "track-parcel"])
def test_a_label_can_be_registered_itself(name: str) -> None:
    route = one(router(domain("orders"), domain(name)), "cancel it")

    assert route.scores == pytest.approx({"orders": 0.9 * 0.9, name: 0.05 * 0.9})


def test_names_that_stand_for_the_same_labels_are_refused() -> None:
    made = router(domain("orders"))

    with pytest.raises(InvalidInputError, match=r"'Orders' stands for .* 'orders'"):
        made.add_domain(domain("Orders"))
    assert list(one(made, "parcel").scores) == ["orders"]


def test_a_domain_without_labels_shares_what_is_out_of_scope() -> None:
    made = router(domain("orders"), domain("wines", "wine", "weather"), domain("returns"))
    alone = router(domain("orders"), domain("returns"))

    wine, parcel = one(made, "which wine in this weather"), one(made, "where is my parcel")

    # The classifier is 0.8 sure that it is none of its own; the second router gives 0.9 of it.
    assert list(wine.scores) == ["orders", "wines", "returns"]
    assert wine.scores["wines"] == pytest.approx(0.8 * 0.9)
    assert wine.out_of_scope == pytest.approx(0.8 * 0.1)
    assert wine.evidence["wines"] == "wine"
    for name, score in one(alone, "where is my parcel").scores.items():
        assert parcel.scores[name] == pytest.approx(score)
    assert parcel.scores["wines"] == pytest.approx(0.1 * 0.1)


def test_only_domains_without_labels_reach_the_second_router() -> None:
    made = router(domain("wines", "wine"))

    assert one(made, "wine").scores["wines"] == pytest.approx(0.9)
    made.remove_domain("wines")
    made.add_domain(domain("orders"))
    assert one(made, "wine").scores == pytest.approx({"orders": 2 / 3 * 0.9})


def test_domains_come_and_go() -> None:
    made = router(domain("orders"))

    with pytest.raises(DuplicateNameError):
        made.add_domain(domain("orders"))
    with pytest.raises(UnknownNameError):
        made.remove_domain("returns")
    made.add_domain(domain("returns"))
    assert set(one(made, "refund").scores) == {"orders", "returns"}
    made.remove_domain("orders")
    made.remove_domain("returns")
    assert made.route(["refund"]) == [Route({}, 1.0)]
    assert made.route([]) == []


def test_the_floor_is_the_models() -> None:
    assert router(floor=0.4).score_floor(0.02) == 0.4
    assert router().score_floor(0.02) is None


def test_threads_share_a_router_while_domains_change() -> None:
    made = router(domain("orders"))

    def change() -> None:
        for _ in range(100):
            made.add_domain(domain("wines", "wine"))
            made.remove_domain("wines")

    with ThreadPoolExecutor(3) as pool:
        changing = pool.submit(change)
        routes = [pool.submit(made.route, ["parcel", "wine"]) for _ in range(200)]
        changing.result()
        for future in routes:
            for route in future.result():
                assert "orders" in route.scores
                total = sum(route.scores.values()) + route.out_of_scope
                assert total == pytest.approx(1)
