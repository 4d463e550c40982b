"""Made-up customers, and the fit of the zero-shot router's weights over them."""

from __future__ import annotations

import json
import random
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from mdsa.errors import InvalidInputError
from mdsa.evals.router_calibration import Measured, fit, judge
from mdsa.evals.synthetic_domains import Intent, draw_set, read_corpora
from mdsa.evals.zero_shot import SETS, described_domains
from mdsa.router.features import FEATURES
from mdsa.router.zero_shot import Weights, probabilities

TRUE = Weights(*(0.0 for _ in Weights._fields))._replace(
    nearest=8.0, words=2.0, constant=2.0, log_domains=1.0
)


def seeded(seed: int) -> random.Random:
    return random.Random(seed)


@lru_cache
def drawn(seed: int) -> tuple[Measured, ...]:
    """Sets whose right columns are drawn from the model's own probabilities."""
    rng = np.random.default_rng(seed)
    sets = []
    for _ in range(100):
        features = rng.random((20, rng.integers(1, 12), len(FEATURES))).astype(np.float32)
        chances = probabilities(features, TRUE)
        labels = np.array([rng.choice(len(row), p=row) for row in chances])
        sets.append(Measured("clinc150", features, labels))
    return tuple(sets)


@lru_cache
def fitted(weight_outside: float = 1.0) -> Weights:
    return fit(drawn(0), weight_outside)


def test_the_fit_finds_the_weights_that_the_labels_were_drawn_from() -> None:
    found = fitted()

    assert found.nearest == pytest.approx(8, abs=0.8)
    assert found.words == pytest.approx(2, abs=0.8)
    assert found.keyword == pytest.approx(0, abs=0.8)


def test_fitted_probabilities_are_calibrated_on_other_draws() -> None:
    quality = judge(drawn(1), fitted())

    assert quality.ece_all < 0.03
    assert quality.outside_auroc > 0.6


def test_messages_out_of_scope_that_count_less_are_expected_less() -> None:
    expected = [
        np.mean([probabilities(one.features, fitted(weight))[:, -1].mean() for one in drawn(1)])
        for weight in (1.0, 0.25)
    ]

    assert expected[1] < expected[0]


@pytest.mark.parametrize("name", SETS)
def test_descriptions_are_complete_and_distinct(name: str) -> None:
    domains = described_domains(name)

    assert len({domain.name for domain in domains}) == len(domains)
    assert all(domain.description and len(domain.keywords) >= 10 for domain in domains)
    assert all(len(set(domain.keywords)) == len(domain.keywords) for domain in domains)


def test_an_unknown_set_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="clinc150"):
        described_domains("clinc")


def corpora() -> dict[str, list[Intent]]:
    def intents(corpus: str) -> list[Intent]:
        return [
            Intent(f"{corpus} {n}", "newsletter", [f"things {n}"], [f"word {n}"], [f"{corpus} {n}"])
            for n in range(8)
        ]

    return {name: intents(name) for name in ("clinc150", "bitext_support", "banking77", "sgd")}


def test_messages_belong_to_the_domain_that_covers_their_intent() -> None:
    rng = seeded(1)
    outside = 0
    for _ in range(60):
        made = draw_set(corpora(), "clinc150", ["something else"], rng)
        assert len(made.texts) == len(made.labels) == 16
        assert all(0 <= label <= len(made.domains) for label in made.labels)
        outside += made.labels.count(len(made.domains))
        own = [text for text, label in zip(made.texts, made.labels, strict=True) if label == 0]
        others = [text for text, label in zip(made.texts, made.labels, strict=True) if label != 0]
        assert not {t for t in own if t.startswith("clinc150")} & set(others)
    assert 0 < outside < 60 * 8


def test_the_same_seed_draws_the_same() -> None:
    first, again = (draw_set(corpora(), "clinc150", ["x"], seeded(5)) for _ in range(2))

    assert first == again


def test_missing_corpora_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot read the corpora"):
        read_corpora(tmp_path, seeded(0))


def test_phrases_and_keywords_are_there_for_every_intent() -> None:
    path = Path(__file__).parents[2] / "evals" / "data" / "routing_intents.json"
    told = json.loads(path.read_text(encoding="utf-8"))

    counts = {corpus: len(intents) for corpus, intents in told.items()}
    assert counts == {
        "clinc150": 150,
        "hwu64": 64,
        "banking77": 77,
        "bitext_support": 27,
        "sgd": 16,
    }
    for intents in told.values():
        assert all(intent["about"] and intent["keywords"] for intent in intents.values())
