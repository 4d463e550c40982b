"""What is measured of texts and all domains at once, over vectors made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mdsa.router import RouterDomain
from mdsa.router.background import Background
from mdsa.router.features import (
    FEATURES,
    Matrix,
    Table,
    assemble,
    features,
    nearest_texts,
    prepare,
    stems,
    word_features,
)

WORDS = ("parcel", "track", "number", "batteri", "support", "order", "thing")

PARCELS = RouterDomain("orders", "Things", keywords=("parcel", "tracking number"))
SUPPORT = RouterDomain("support", "Things", keywords=("battery",), examples=("my battery",))


def embed(texts: Sequence[str]) -> Matrix:
    """Count the known words; a unit vector each."""
    rows = [[1e-3 + (word in stems(text)) for word in WORDS] for text in texts]
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def table(*domains: RouterDomain) -> Table:
    return assemble([prepare(domain, embed) for domain in domains], Background.plain(len(WORDS)))


def measure(texts: list[str], *domains: RouterDomain) -> Matrix:
    return measure_in(table(*domains), embed(texts), [stems(text) for text in texts])


def measure_in(known: Table, vectors: Matrix, words: Sequence[Sequence[str]]) -> Matrix:
    measured = word_features(words, known)
    features(vectors, measured, known)
    return measured


def column(name: str) -> int:
    return FEATURES.index(name)


def test_all_domains_are_measured_at_once() -> None:
    texts = ["my parcel", "tracking numbers", "a battery"]

    together = measure(texts, PARCELS, SUPPORT)

    assert together.shape == (3, 2, len(FEATURES))
    assert np.isfinite(together).all()


@pytest.mark.parametrize("name", ["nearest", "centre", "words", "keyword"])
def test_every_feature_is_higher_for_the_right_domain(name: str) -> None:
    measured = measure(["a parcel", "a battery"], PARCELS, SUPPORT)[:, :, column(name)]

    assert measured[0, 0] > measured[0, 1]
    assert measured[1, 1] > measured[1, 0]


def test_nearest_lies_between_the_mean_and_the_highest_similarity() -> None:
    known = table(PARCELS)
    vector = embed(["a parcel, and the number of an order"])

    measured = measure_in(known, vector, [[]])[0, 0, column("nearest")]

    similarity = vector @ known.embeddings.T
    assert similarity.mean() < measured < similarity.max()


def test_keywords_count_by_their_stems_and_only_whole() -> None:
    measured = measure(["two tracking numbers", "two numbers", ""], PARCELS, SUPPORT)

    hits = measured[:, :, column("keyword")]
    assert hits[0, 0] == pytest.approx(1)
    assert hits[1:].max() == hits[0, 1] == 0


def test_what_fewer_domains_use_counts_for_more() -> None:
    domains = [
        RouterDomain("a", "", keywords=("parcel", "order")),
        RouterDomain("b", "", keywords=("order",)),
        RouterDomain("c", "", keywords=("battery",)),
        RouterDomain("d", ""),
    ]

    measured = measure(["a parcel", "an order"], *domains)[:, 0]

    for name in ("words", "keyword"):
        assert measured[0, column(name)] > measured[1, column(name)] > 0


def test_words_that_most_domains_use_do_not_count() -> None:
    assert measure(["things"], PARCELS, SUPPORT)[0, :, column("words")].tolist() == [0, 0]


def test_a_keyword_without_letters_stands_in_no_text() -> None:
    odd = RouterDomain("odd", "things", keywords=("?!",))

    assert measure(["what?!", "", "things"], odd, SUPPORT)[:, 0, column("keyword")].max() == 0


def test_a_domain_may_have_a_name_alone() -> None:
    bare = RouterDomain("parcel", "", keywords=("",))

    measured = measure(["a parcel"], bare, SUPPORT)[0]

    assert measured[0, column("nearest")] > measured[1, column("nearest")]


def test_phrases_of_a_description_are_compared_one_by_one() -> None:
    whole = RouterDomain("a", "number order thing batteri support parcel")
    in_phrases = RouterDomain("b", "number, order, thing, batteri, support and parcel")

    measured = measure(["parcel"], whole, in_phrases)[0, :, column("nearest")]

    assert measured[1] > measured[0]


def test_a_batch_is_measured_like_its_texts_one_by_one() -> None:
    texts = ["my parcel", "tracking numbers", "a battery", ""]

    together = measure(texts, PARCELS, SUPPORT)

    for text, row in zip(texts, together, strict=True):
        assert measure([text], PARCELS, SUPPORT)[0] == pytest.approx(row, abs=1e-6)


def test_among_very_many_domains_the_best_are_measured_in_full() -> None:
    rng = np.random.default_rng(0)
    known = {}

    def at_random(texts: Sequence[str]) -> Matrix:
        for text in texts:
            vector = rng.normal(size=48)
            known.setdefault(text, (vector / np.linalg.norm(vector)).astype(np.float32))
        return np.stack([known[text] for text in texts])

    domains = [
        RouterDomain(f"d{number}", "", tuple(f"k{number}x{part}" for part in range(15)))
        for number in range(300)
    ]
    prepared = [prepare(domain, at_random) for domain in domains]
    asked = [prepared[at].vectors[3] for at in (0, 123, 299)]
    vectors = np.stack([row + 0.3 * known["d5"] for row in asked]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    plain = Background.plain(48)

    among_all = measure_in(assemble(prepared, plain), vectors, [[]] * 3)
    chosen = assemble([prepared[at] for at in (0, 123, 299)], plain)
    few = measure_in(chosen, vectors, [[]] * 3)

    nearest = column("nearest")
    assert among_all[:, :, nearest].argmax(axis=1).tolist() == [0, 123, 299]
    for row, at in enumerate((0, 123, 299)):
        assert among_all[row, at, nearest] == pytest.approx(few[row, row, nearest], abs=1e-5)


def test_the_nearest_text_is_found_in_the_domains_asked_for() -> None:
    known = table(PARCELS, SUPPORT)
    compared = known.vectors.compare(embed(["the battery", "my parcel"]))

    found = nearest_texts(compared, known, [[1, 0], [0, 1]])

    assert found[0][0] in ("battery", "my battery")
    assert found[1][0] == "parcel"
    assert found[1][1] in (*SUPPORT.keywords, *SUPPORT.examples, "support", "Things")


def test_the_nearest_text_is_the_whole_description_where_a_phrase_is_nearest() -> None:
    domain = RouterDomain("a", "Parcels, orders and batteries")
    known = table(domain)
    compared = known.vectors.compare(embed(["order"]))

    assert nearest_texts(compared, known, [[0]]) == [[domain.description]]


def test_examples_stand_last() -> None:
    domain = RouterDomain("a", "Parcels, orders", ("track",), ("my battery", "my number"))

    prepared = prepare(domain, embed)

    assert prepared.texts[-2:] == domain.examples
    assert prepared.vectors[-2:] == pytest.approx(embed(domain.examples))


def test_the_vocabulary_holds_the_words_of_all_domains() -> None:
    words = {"orders", "things", "parcel", "tracking", "number", "support", "my", "battery"}
    assert table(PARCELS, SUPPORT).vocabulary == words


def test_stems_are_in_order_and_each_once() -> None:
    assert stems("Tracking NUMBERS, numbers_tracked!") == ["track", "number"]
