"""What is measured of texts and all domains at once, over vectors made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mdsa.router import RouterDomain
from mdsa.router.features import (
    FEATURES,
    Matrix,
    Table,
    assemble,
    features,
    nearest_texts,
    prepare,
    stems,
)

WORDS = ("parcel", "track", "number", "batteri", "support", "order", "thing")

PARCELS = RouterDomain("orders", "things", keywords=("parcel", "tracking number"))
SUPPORT = RouterDomain("support", "things", keywords=("battery",), examples=("my battery",))


def embed(texts: Sequence[str]) -> Matrix:
    """Count the known words; a unit vector each."""
    rows = [[1e-3 + (word in stems(text)) for word in WORDS] for text in texts]
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def table(*domains: RouterDomain) -> Table:
    return assemble([prepare(domain, embed) for domain in domains])


def measure(texts: list[str], *domains: RouterDomain) -> Matrix:
    return features(embed(texts), [stems(text) for text in texts], table(*domains))


def column(name: str) -> int:
    return FEATURES.index(name)


def test_all_domains_are_measured_at_once() -> None:
    texts = ["my parcel", "tracking numbers", "a battery"]

    together = measure(texts, PARCELS, SUPPORT)

    assert together.shape == (3, 2, len(FEATURES))
    assert np.isfinite(together).all()


def test_nearest_is_the_best_text_of_each_domain() -> None:
    measured = measure(["a parcel", "a battery"], PARCELS, SUPPORT)[:, :, column("nearest")]

    assert measured[0, 0] == pytest.approx(1, abs=1e-4)
    assert measured[1, 1] == pytest.approx(1, abs=1e-4)
    assert measured[0, 1] < 0.1
    assert measured[1, 0] < 0.1


def test_keywords_count_by_their_stems_and_only_whole() -> None:
    measured = measure(["two tracking numbers", "two numbers", ""], PARCELS, SUPPORT)

    hits = measured[:, :, column("keywords")]
    assert hits[0, 0] > 0
    assert hits[1:].max() == hits[0, 1] == 0


def test_a_keyword_without_letters_stands_in_no_text() -> None:
    odd = RouterDomain("odd", "things", keywords=("?!",))

    assert measure(["what?!", "", "things"], odd, SUPPORT)[:, 0, column("keywords")].max() == 0


def test_a_batch_is_measured_like_its_texts_one_by_one() -> None:
    texts = ["my parcel", "tracking numbers", "a battery", ""]

    together = measure(texts, PARCELS, SUPPORT)

    for text, row in zip(texts, together, strict=True):
        assert measure([text], PARCELS, SUPPORT)[0] == pytest.approx(row, abs=1e-6)


def test_the_nearest_text_is_found_in_the_domains_asked_for() -> None:
    known = table(PARCELS, SUPPORT)
    vectors = embed(["the battery", "my parcel"])

    found = nearest_texts(vectors, known, np.array([[1, 0], [0, 1]]))

    assert found[0][0] in ("battery", "my battery")
    assert found[1][0] == "parcel"
    assert found[1][1] in (*SUPPORT.keywords, *SUPPORT.examples, "support", "things")


def test_stems_are_in_order_and_each_once() -> None:
    assert stems("Tracking NUMBERS, numbers_tracked!") == ["track", "number"]
