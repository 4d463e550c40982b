"""Fits the similarity router's weights on random domain sets made of training data.

    python -m mdsa.evals.router_calibration --data-dir DATA

Each set takes two to eight domains of one to eight intents from CLINC150 or HWU64 (train parts
only). A domain is described as a customer would: a name, a sentence and keywords made of its
intents' names. Utterances of other intents, and CLINC150's out-of-scope training queries, are out
of scope. A fifth of the sets is held out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mdsa.embeddings import load_embeddings
from mdsa.router import RouterDomain
from mdsa.router.features import Matrix, assemble, features, prepare, stems
from mdsa.router.zero_shot import Weights, probabilities

_SETS = 400
_UTTERANCES = 40
_KEYWORD_SHARE = 0.6


class DomainSet(NamedTuple):
    """Features (utterances, domains, 3) and the right column of each; the last means none."""

    features: Matrix
    labels: NDArray[np.int64]


def read_texts(path: Path) -> dict[str, list[str]]:
    """Read utterances by intent from a jsonl file of `{"text", "intent"}` rows."""
    rows: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["intent"]].append(row["text"])
    return dict(rows)


def sample_set(rows: dict[str, list[str]], oos: list[str], rng: random.Random) -> DomainSet:
    """Draw domains and utterances inside and outside of them, and measure these."""
    intents = rng.sample(sorted(rows), k=len(rows))
    domains: list[RouterDomain] = []
    inside: list[tuple[str, int]] = []
    count = rng.randint(2, 8)
    for index in range(count):
        own = [intents.pop() for _ in range(rng.randint(1, 6))]
        inside += [(rng.choice(rows[name]), index) for name in own for _ in range(3)]
        words = [name.replace("_", " ") for name in own]
        # Nobody lists every word, so some intents are covered by the description alone.
        keywords = tuple(word for word in words if rng.random() < _KEYWORD_SHARE)
        domains.append(RouterDomain(f"domain {index}", f"Handle {', '.join(words)}", keywords))
    outside = [rng.choice(rows[rng.choice(intents)]) for _ in range(_UTTERANCES // 4)]
    outside += rng.sample(oos, _UTTERANCES // 8)
    rng.shuffle(inside)
    chosen = inside[: _UTTERANCES - len(outside)] + [(text, count) for text in outside]
    texts, labels = zip(*chosen, strict=True)
    return DomainSet(_measure(domains, list(texts)), np.array(labels))


def _measure(domains: list[RouterDomain], texts: list[str]) -> Matrix:
    embeddings = load_embeddings()

    def embed(some: Sequence[str]) -> Matrix:
        return np.asarray(embeddings.embed_documents(list(some)), dtype=np.float32)

    vectors, words = embed(texts), [stems(text) for text in texts]
    return features(vectors, words, assemble([prepare(one, embed) for one in domains]))


def fit(sets: list[DomainSet]) -> Weights:
    """Maximise the likelihood of the right columns."""

    def loss(parameters: NDArray[np.float64]) -> float:
        weights = Weights(*parameters)
        rows = (probabilities(x, weights)[range(len(y)), y] for x, y in sets)
        return -float(sum(np.log(row + 1e-12).sum() for row in rows))

    found = minimize(loss, np.array(Weights()), method="Nelder-Mead", options={"maxiter": 600})
    return Weights(*(round(float(value), 2) for value in found.x))


def expected_calibration_error(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15
) -> float:
    """Gap between confidence and accuracy over equal-width bins (Guo et al., arXiv:1706.04599)."""
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[index == number].mean() - right[index == number].mean())
        * (index == number).mean()
        for number in np.unique(index)
    ]
    return float(sum(gaps))


def main() -> None:
    """Fit, and print the weights with accuracy and calibration on the held-out sets."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    intent = arguments.data_dir / "intent"
    corpora = [read_texts(intent / name / "train.jsonl") for name in ("clinc150", "hwu64")]
    oos = read_texts(intent / "clinc150" / "oos_train.jsonl")["oos"]
    rng = random.Random(arguments.seed)  # noqa: S311 - a draw of samples, not a secret
    sets = [sample_set(corpora[number % 2], oos, rng) for number in range(_SETS)]
    weights = fit(sets[: _SETS * 4 // 5])
    confidence, right = [], []
    for measured, labels in sets[_SETS * 4 // 5 :]:
        found = probabilities(measured, weights)
        confidence.append(found.max(axis=1))
        right.append(found.argmax(axis=1) == labels)
    sure, hit = np.concatenate(confidence), np.concatenate(right)
    print(weights)  # noqa: T201
    print(  # noqa: T201
        f"held out: {len(hit)} utterances, accuracy {hit.mean():.3f}, "
        f"confidence {sure.mean():.3f}, ECE {expected_calibration_error(sure, hit):.3f}"
    )


if __name__ == "__main__":
    main()
