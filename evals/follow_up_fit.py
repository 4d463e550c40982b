"""Fits the weights that decide whether a message stays with the domain of the turn before.

    python -m mdsa.evals.follow_up_fit --data-dir DATA

Every user turn of SGD's dialogues but the first is an example, with the right domain of the turn
before as the last one. Services of one kind are one domain. Routers know them by description or by
examples, and all of them or a random half: a turn that belongs to no known service does not stay.
So that no out-of-scope question stays either, one turn in twenty is replaced by one of CLINC150's
out-of-scope training queries. Turns that the router gives to the last domain anyway, with
certainty, are left out.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mdsa.evals.dialogue_data import Dialogue, load_dialogues
from mdsa.evals.encoding_cache import EncodingCache
from mdsa.router import Router
from mdsa.router.follow_ups import WEIGHTS, content_words, measure
from mdsa.router.pronouns import points_back

__all__ = ["Example", "examples", "fit"]

_PENALTY = 0.0003
# Which way a feature may speak, whatever these dialogues say of the others beside it.
_FOR = ("last", "last_in_context", "points_back", "asked_back")
_AGAINST = ("other", "other_in_context", "strange", "requests", "adds")
_SURE = 0.7
_MOST_CHARS = 500
_BATCH = 128

Vector = NDArray[np.float64]


class Example(NamedTuple):
    """A turn: its features and whether it stays, and whether the user turned elsewhere."""

    features: dict[str, float]
    stays: bool
    elsewhere: bool


class _Asked(NamedTuple):
    text: str
    previous: str
    last_domain: str
    asked_back: bool
    stays: bool
    elsewhere: bool


def examples(
    router: Router,
    known: frozenset[str],
    dialogues: Sequence[Dialogue],
    strangers: Sequence[str],
    chooser: random.Random,
) -> Iterator[Example]:
    """Measure turns; `known` are the router's domains, `strangers` messages of no domain."""
    asked = [one for dialogue in dialogues for one in _turns(dialogue, known, strangers, chooser)]
    for start in range(0, len(asked), _BATCH):
        batch = asked[start : start + _BATCH]
        texts = [text for one in batch for text in (one.text, f"{one.previous} {one.text}")]
        routes = iter(router.route(texts))
        for one in batch:
            message, in_context = next(routes), next(routes)
            if message.domain == one.last_domain and message.confidence >= _SURE:
                continue
            found = measure(
                one.text,
                message,
                in_context,
                one.last_domain,
                asked_back=one.asked_back,
            )
            yield Example(found, one.stays, one.elsewhere)


def _turns(
    dialogue: Dialogue,
    known: frozenset[str],
    strangers: Sequence[str],
    chooser: random.Random,
) -> Iterator[_Asked]:
    last = ""
    question = ""
    for turn in dialogue:
        stays = last in turn.domains
        if last:
            text, right = turn.text, stays
            if chooser.random() < 0.05:
                text, right = chooser.choice(strangers), False
            elsewhere = turn.switches and not stays
            yield _Asked(text, question, last, turn.asked_back, right, elsewhere)
        right_domains = sorted(turn.domains & known)
        last = last if stays or not right_domains else right_domains[0]
        follows = stays and (not content_words(turn.text) or points_back(turn.text))
        question = f"{question} {turn.text}" if follows else turn.text
        question = question.strip()[-_MOST_CHARS:]


def fit(rows: Sequence[Example], leaving_weight: float, penalty: float = _PENALTY) -> Vector:
    """Logistic regression; turns that do not stay count `leaving_weight` times."""
    features = np.array([[row.features[name] for name in WEIGHTS] for row in rows])
    stays = np.array([row.stays for row in rows], dtype=float)
    counts = np.where(stays, 1.0, leaving_weight)

    def loss(weights: Vector) -> tuple[float, Vector]:
        logits = features @ weights
        likelihood = stays * logits - np.logaddexp(0, logits)
        slope = stays - np.exp(-np.logaddexp(0, -logits))
        value = -(counts * likelihood).sum() / counts.sum() + penalty * (weights @ weights) / 2
        return float(value), -features.T @ (counts * slope) / counts.sum() + penalty * weights

    bounds = [
        (0.0 if name in _FOR else None, 0.0 if name in _AGAINST else None) for name in WEIGHTS
    ]
    start = np.zeros(len(WEIGHTS))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    weights: Vector = found.x
    return weights


def main() -> None:
    """Fit, and print the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--dialogues", type=int, default=1500)
    parser.add_argument("--leaving-weight", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chooser = random.Random(arguments.seed)  # repeatable, no secret
    path = arguments.data_dir / "intent" / "clinc150" / "oos_train.jsonl"
    strangers = [json.loads(line)["text"] for line in path.read_text("utf-8").splitlines()]
    cache = EncodingCache()
    rows: list[Example] = []
    data = load_dialogues(arguments.data_dir, by_kind=True)
    for number, domains in enumerate((data.described, data.examples) * 2):
        taken = data.fit[number : arguments.dialogues : 4]
        half = number >= 2
        chosen = chooser.sample(domains, len(domains) // 2) if half else list(domains)
        known = frozenset(domain.name for domain in chosen)
        rows += examples(cache.router(chosen), known, taken, strangers, chooser)
    weights = fit(rows, arguments.leaving_weight)
    lines = [f'    "{name}": {value:.2f},' for name, value in zip(WEIGHTS, weights, strict=True)]
    lines.append(f"{len(rows)} turns, of which {sum(row.stays for row in rows)} stay")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
