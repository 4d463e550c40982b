"""A batch is judged as its messages are one by one, however many domains there are."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from mdsa.router import Route, RouterDomain
from mdsa.router.features import Matrix
from mdsa.router.tinybert_router import TinyBertRouter

WORDS = [f"{first}{second}" for first in "abcdefgh" for second in ("lume", "stone", "berry")]
TOPICS = [f"{word}{letter}" for letter in "uvw" for word in WORDS]


@cache
def vector(word: str) -> Matrix:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=24).astype(np.float32)


def embed(texts: Sequence[str]) -> Matrix:
    """Mean of a random vector for each word."""
    rows = [sum(map(vector, [*text.split(), "."])) for text in texts]
    vectors = np.array(rows, np.float32)
    unit: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def router(domains: int, keywords: int, examples: int = 0) -> TinyBertRouter:
    random = np.random.default_rng(0)
    made = TinyBertRouter(embed)
    for at in range(domains):
        made.add_domain(
            RouterDomain(
                f"domain_{at}",
                f"All about {TOPICS[at % len(TOPICS)]}",
                tuple(" ".join(random.choice(WORDS, 2)) for _ in range(keywords)),
                tuple(" ".join(random.choice(WORDS, 4)) for _ in range(examples)),
            )
        )
    return made


def messages() -> list[str]:
    random = np.random.default_rng(1)
    written = [" ".join(random.choice([*WORDS, *TOPICS], 6)) for _ in range(40)]
    return [*written, "", "?!", written[0], "alume bstonee"]


@pytest.mark.parametrize(
    ("domains", "keywords", "examples"),
    [
        pytest.param(3, 4, 0, id="few domains"),
        pytest.param(3, 4, 6, id="with examples"),
        pytest.param(200, 2, 0, id="all texts are compared"),
        pytest.param(200, 9, 0, id="too many texts to compare"),
        pytest.param(1, 0, 0, id="one domain without keywords"),
    ],
)
def test_a_batch_gives_what_single_messages_give(
    domains: int, keywords: int, examples: int
) -> None:
    known = router(domains, keywords, examples)
    texts = messages()

    together = known.route(texts)
    alone = [known.route([text])[0] for text in texts]

    for one, other in zip(together, alone, strict=True):
        assert told(one) == pytest.approx(told(other), rel=1e-3, abs=1e-6)
        assert one.evidence == other.evidence
        assert one.domain == other.domain
    assert len({route.domain for route in together}) > 1 or domains == 1


def told(route: Route) -> dict[str, float]:
    return {**route.scores, "": route.out_of_scope}
