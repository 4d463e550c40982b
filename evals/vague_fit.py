"""Fits how likely a message is too vague to say which domain it asks.

    python -m mdsa.evals.vague_fit --data-dir DATA

Vague messages and questions are those to the organisations of `evals/data/organisations/fit`, whose
routers know the documents. Training rows of CLINC150 and HWU64 are clear questions, too, and count
less each, since they are commands to an assistant. Printed are the weights for `mdsa.router.vague`,
and for several thresholds how many vague messages, clear ones and ones that are nobody's business
reach them among the organisations of `calibration`.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from mdsa.evals.organisation_messages import load_messages
from mdsa.evals.organisation_routers import knowing_router
from mdsa.evals.routing_data import load_intent_set
from mdsa.evals.zero_shot import described_domains
from mdsa.graph.context import RunContext
from mdsa.router import Router, route_reading
from mdsa.router.opening import open_router
from mdsa.router.vague import vague_features

__all__ = ["main"]

_ORGANISATIONS = Path(__file__).parent / "data" / "organisations"
_COMMANDS = {"clinc150_domains": "clinc150", "hwu64_scenarios": "hwu64"}
_DRAWN = 700
_COMMAND_WEIGHT = 0.3
_PENALTY_INVERSE = 10.0
_THRESHOLDS = (0.1, 0.15, 0.2, 0.3, 0.5)
_BATCH = 64

Rows = NDArray[np.float64]


def _rows(router: Router, texts: Sequence[str], reading: Sequence[str] = ()) -> list[list[float]]:
    """Features of messages, and behind them the confidence of the best domain."""
    found = []
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        for text, route in zip(batch, route_reading(router, batch, reading), strict=True):
            features = vague_features(text, route.scores, route.out_of_scope)
            found.append([*features, route.confidence, route.out_of_scope])
    return found


def _organisations(part: str) -> dict[str, Rows]:
    found: dict[str, list[list[float]]] = {"vague": [], "clear": [], "outside": []}
    for each in load_messages(_ORGANISATIONS / part):
        router = knowing_router(each)
        names = [domain.name for domain in each.domains]
        found["vague"] += _rows(router, [text for text, _ in each.vague], names)
        found["clear"] += _rows(router, [text for text, _ in each.questions], names)
        found["outside"] += _rows(router, each.outside, names)
    return {kind: np.array(rows) for kind, rows in found.items()}


def _commands(data_dir: Path) -> Rows:
    found = []
    for name, descriptions in _COMMANDS.items():
        router = open_router()
        for domain in described_domains(descriptions):
            router.add_domain(domain)
        texts = sorted(set(load_intent_set(name, data_dir).train.texts))
        found += _rows(router, random.Random(0).sample(texts, _DRAWN))
    return np.array(found)


def _fitted(organisations: dict[str, Rows], commands: Rows) -> LogisticRegression:
    parts = [organisations["vague"], organisations["clear"], commands]
    labels = np.repeat([1, 0, 0], [len(part) for part in parts])
    weights = np.repeat([1.0, 1.0, _COMMAND_WEIGHT], [len(part) for part in parts])
    model = LogisticRegression(C=_PENALTY_INVERSE, max_iter=3000)
    return model.fit(np.concatenate(parts)[:, :-2], labels, sample_weight=weights)


def _table(model: LogisticRegression, rows: dict[str, Rows]) -> Iterator[str]:
    yield f"intercept {model.intercept_[0]:.2f}, weights {model.coef_[0].round(2).tolist()}"
    context = RunContext()
    for threshold in _THRESHOLDS:
        shares = []
        for kind, found in rows.items():
            unsure = found[:, -2] < context.clear_confidence
            unsure &= found[:, -1] < context.out_of_scope_threshold
            reached = model.predict_proba(found[:, :-2])[:, 1] >= threshold
            shares.append(f"{kind} {(unsure & reached).mean():.3f}")
        yield f"{threshold:.2f}: {', '.join(shares)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.vague_fit")
    parser.add_argument("--data-dir", type=Path, required=True)
    options = parser.parse_args(arguments)
    model = _fitted(_organisations("fit"), _commands(options.data_dir))
    for line in _table(model, _organisations("calibration")):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
