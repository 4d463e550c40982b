"""Fits what the zero-shot router knows of messages in general: its background and its weights.

    python -m mdsa.evals.router_calibration --data-dir DATA

Training parts only. The background is that of a sample of all corpora's messages. The weights are
fitted on random sets of domains (`mdsa.evals.synthetic_domains`), and judged with each corpus in
turn left out of the fit: what is printed for it holds for customers whose messages are of another
kind than any seen. How much the messages out of scope count, and with it how much is expected of
them, is chosen there too: the weight under which the worse of two calibration errors is smallest,
of messages in scope alone and of all. The background is written in place; the weights are printed,
to be put into `mdsa.router.zero_shot.Weights`.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mdsa.evals.metrics import mean
from mdsa.evals.routing_metrics import auroc
from mdsa.evals.synthetic_domains import CORPORA, DomainSet, draw_set, read_corpora
from mdsa.evals.zero_shot import Embedder, measure
from mdsa.router.background import FILE, Background
from mdsa.router.calibration import expected_calibration_error
from mdsa.router.features import FEATURES
from mdsa.router.zero_shot import Weights, out_of_scope_features, probabilities

_SETS = 1000
_GENERAL_SENTENCES = 1500
_BACKGROUND_MESSAGES = 400
"""Of each corpus."""
_PENALTY = 1e-4
_WEIGHTS_OUTSIDE = (0.2, 0.3, 0.4, 0.5, 0.7, 1.0)

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]


class Measured(NamedTuple):
    """Features (messages, domains, columns) of a set and the right column; the last means none."""

    corpus: str
    features: NDArray[np.float32]
    labels: Indices


class Quality(NamedTuple):
    """How good probabilities are: the accuracy and first calibration error are in scope."""

    log_loss: float
    accuracy: float
    ece_inside: float
    ece_all: float
    outside_auroc: float


class _Rows(NamedTuple):
    """All sets' features under one another: a row per message and domain."""

    columns: Floats
    shared: Floats
    starts: Indices
    message: Indices
    right: Indices
    inside: NDArray[np.bool_]
    counted: Floats


def fit(sets: Sequence[Measured], weight_outside: float = 1.0) -> Weights:
    """Maximise the likelihood of the right columns, which is concave.

    Args:
        sets: what to fit.
        weight_outside: what a message out of scope counts; others count 1.
    """
    rows = _stack(sets, weight_outside)
    scale = np.concatenate([rows.columns.std(axis=0), np.maximum(rows.shared.std(axis=0), 1e-3)])
    scale[len(FEATURES)] = 1.0  # the constant
    columns, shared = rows.columns / scale[: len(FEATURES)], rows.shared / scale[len(FEATURES) :]
    total = rows.counted.sum()

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = columns @ weights[: len(FEATURES)]
        none = shared @ weights[len(FEATURES) :]
        top = np.maximum(np.maximum.reduceat(logits, rows.starts), none)
        exponents, other = np.exp(logits - top[rows.message]), np.exp(none - top)
        sums = np.add.reduceat(exponents, rows.starts) + other
        given = np.where(rows.inside, logits[rows.right], none)
        error = exponents / sums[rows.message]
        error[rows.right[rows.inside]] -= 1
        error_none = (other / sums - ~rows.inside) * rows.counted
        slope = [columns.T @ (error * rows.counted[rows.message]), shared.T @ error_none]
        likelihood = (rows.counted * (given - top - np.log(sums))).sum()
        return (
            float(-likelihood / total + _PENALTY * weights @ weights),
            np.concatenate(slope) / total + 2 * _PENALTY * weights,
        )

    found = minimize(loss, np.zeros(len(scale)), jac=True, method="L-BFGS-B")
    return Weights(*(round(float(value), 3) for value in found.x / scale))


def judge(sets: Sequence[Measured], weights: Weights) -> Quality:
    """Measure the probabilities of sets that the weights were not fitted on."""
    given, sure, right, inside, none = [], [], [], [], []
    for one in sets:
        found = probabilities(one.features, weights)
        given.append(found[np.arange(len(found)), one.labels])
        sure.append(found[:, :-1].max(axis=1))
        right.append(found[:, :-1].argmax(axis=1) == one.labels)
        inside.append(one.labels < found.shape[1] - 1)
        none.append(found[:, -1])
    confidence, hit, within = map(np.concatenate, (sure, right, inside))
    return Quality(
        log_loss=float(-np.log(np.concatenate(given)).mean()),
        accuracy=float(hit[within].mean()),
        ece_inside=expected_calibration_error(confidence[within], hit[within]),
        ece_all=expected_calibration_error(confidence, hit),
        outside_auroc=auroc(*(np.concatenate(none)[kind] for kind in (within, ~within))),
    )


def leave_one_out(sets: Sequence[Measured], weight_outside: float) -> dict[str, Quality]:
    """Judge each corpus's sets by weights fitted on the other corpora's."""
    return {
        corpus: judge(
            [one for one in sets if one.corpus == corpus],
            fit([one for one in sets if one.corpus != corpus], weight_outside),
        )
        for corpus in CORPORA
    }


def _stack(sets: Sequence[Measured], weight_outside: float) -> _Rows:
    domains = np.concatenate([np.full(len(one.labels), one.features.shape[1]) for one in sets])
    labels = np.concatenate([one.labels for one in sets])
    starts, inside = np.cumsum(domains) - domains, labels < domains
    return _Rows(
        columns=np.concatenate([one.features.reshape(-1, len(FEATURES)) for one in sets]).astype(
            np.float64
        ),
        shared=np.concatenate([out_of_scope_features(one.features) for one in sets]),
        starts=starts,
        message=np.repeat(np.arange(len(domains)), domains),
        right=starts + np.minimum(labels, domains - 1),
        inside=inside,
        counted=np.where(inside, 1.0, weight_outside),
    )


def _draw(data_dir: Path, rng: random.Random) -> tuple[list[DomainSet], list[str]]:
    """The sets of domains, and the messages of the background."""
    corpora = read_corpora(data_dir, rng)
    path = data_dir / "unlabelled" / "sentences.txt"
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    general = rng.sample([line for line in lines if line], _GENERAL_SENTENCES)
    messages = general[: 2 * _BACKGROUND_MESSAGES]
    for intents in corpora.values():
        utterances = [text for intent in intents for text in intent.utterances]
        messages += rng.sample(utterances, _BACKGROUND_MESSAGES)
    names = [CORPORA[number % len(CORPORA)] for number in range(_SETS)]
    return [draw_set(corpora, name, general, rng) for name in names], messages


def calibrate(data_dir: Path, embed: Embedder, seed: int, say: Callable[[str], None]) -> Weights:
    """Write the background, and fit and judge the weights.

    Args:
        data_dir: see `read_corpora`.
        embed: the encoder.
        seed: of all draws.
        say: is told of progress and results, a line at a time.
    """
    rng = random.Random(seed)
    drawn, messages = _draw(data_dir, rng)
    background = Background.fit(embed(messages))
    background.save(FILE)
    say(f"background written to {FILE}; measuring {len(drawn)} sets of domains")
    sets = [
        Measured(
            one.corpus, measure(one.domains, one.texts, embed, background), np.array(one.labels)
        )
        for one in drawn
    ]
    results = {weight: leave_one_out(sets, weight) for weight in _WEIGHTS_OUTSIDE}
    for weight, by_corpus in results.items():
        for corpus, quality in by_corpus.items():
            say(f"out of scope counts {weight}, {corpus:15s} left out: {_line(quality)}")
    best = min(results, key=lambda weight: _worse_error(results[weight].values()))
    say(f"chosen: {best}; mean {_line(_average(list(results[best].values())))}")
    return fit(sets, best)


def _worse_error(qualities: Collection[Quality]) -> float:
    average = _average(list(qualities))
    return max(average.ece_inside, average.ece_all)


def _average(qualities: list[Quality]) -> Quality:
    return Quality(*(mean(values) for values in zip(*qualities, strict=True)))


def _line(quality: Quality) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in quality._asdict().items())


def main() -> None:
    """Fit, and print the weights and how they do on corpora that were left out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(calibrate(arguments.data_dir, Embedder(), arguments.seed, print))  # noqa: T201


if __name__ == "__main__":
    main()
