"""Fits the reader's weights on half of a SQuAD-style set.

    python -m mdsa.evals.reader_fit --data-dir DIR

Every question of the tuning half is seen with its paragraph among hard distractors, without it,
with a name swapped for one that the passages do not hold (no answer), and with half of its ordinary
words made unknown to the word features, while the encoder still reads them (a paraphrase). Without
the last two, the fit learns that an answer repeats the words of its question, which is true of
SQuAD and of little else. The order of the passages is shuffled for 3 in 10 questions.

Logistic regression with an L2 penalty, by Newton's method.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdsa.embeddings import load_embeddings
from mdsa.evals.reader_data import (
    Item,
    SquadData,
    blur_words,
    choose_paragraphs,
    load_squad,
    name_pool,
    swap_name,
)
from mdsa.models.passages import Passage
from mdsa.models.reader.scoring import FEATURES, CachedEncoder, Question, features
from mdsa.models.reader.sentences import Sentence, split_passage

_CONDITIONS = ("present", "absent", "swapped", "blurred", "blurred_absent")

Matrix = NDArray[np.float64]


class _Aliased(CachedEncoder):
    """Encodes a blurred question as the question it was made from."""

    def __init__(self) -> None:
        super().__init__(load_embeddings(), size=200_000)
        self.aliases: dict[str, str] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().encode([self.aliases.get(text, text) for text in texts])


def training_rows(data: SquadData, items: Sequence[Item], seed: int = 1) -> tuple[Matrix, Matrix]:
    """Features and labels of every sentence in every condition; labels are 0 or 1."""
    rng = random.Random(seed)  # noqa: S311
    encoder = _Aliased()
    pool = name_pool([item.question for item in data.items])
    rows: list[Matrix] = []
    labels: list[float] = []
    for item, nearest in zip(items, data.nearest([i.question for i in items]), strict=True):
        for condition in _CONDITIONS:
            with_gold = not condition.endswith("absent")
            order = choose_paragraphs(item, nearest, with_gold=with_gold)
            if rng.random() < 0.3:
                rng.shuffle(order)
            text: str | None = item.question
            if condition == "swapped":
                joined = " ".join(data.paragraphs[number] for number in order)
                text = swap_name(item.question, joined, pool, rng)
            elif condition.startswith("blurred"):
                text = blur_words(item.question, rng)
                encoder.aliases[text] = item.question
            if text is None:
                continue
            sentences: list[Sentence] = []
            for place, number in enumerate(order, 1):
                cut = split_passage(Passage(place, "", data.paragraphs[number]))
                sentences += cut
                gold = number == item.paragraph and condition in ("present", "blurred")
                labels += _labels(data, item, cut) if gold else [0.0] * len(cut)
            rows.append(features(Question(text), sentences, {}, encoder))
    return np.vstack(rows), np.array(labels)


def _labels(data: SquadData, item: Item, sentences: Sequence[Sentence]) -> list[float]:
    paragraph = data.paragraphs[item.paragraph]
    whole = " ".join(paragraph.split())
    start = len(" ".join(paragraph[: item.start].split()))
    labels = []
    for sentence in sentences:
        place = whole.find(sentence.text)
        inside = place - 2 <= start < place + len(sentence.text)
        labels.append(float(inside and item.answer in sentence.text))
    return labels


def fit(
    rows: Matrix, labels: Matrix, penalty: float = 0.1, steps: int = 25
) -> tuple[float, Matrix]:
    """Intercept and weights of a logistic regression; the intercept is not penalised."""
    inputs = np.hstack([np.ones((len(rows), 1)), rows])
    ridge = np.diag([0.0] + [penalty] * rows.shape[1])
    weights = np.zeros(inputs.shape[1])
    for _ in range(steps):
        chance = 1 / (1 + np.exp(-(inputs @ weights)))
        gradient = inputs.T @ (chance - labels) + ridge @ weights
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + ridge
        weights -= np.linalg.solve(curvature, gradient)
    return float(weights[0]), weights[1:]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the fitted weights as JSON, ready for `mdsa.models.reader.scoring`."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.reader_fit")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of a SQuAD-style set")
    options = parser.parse_args(arguments)
    data = load_squad(options.data_dir)
    rows, labels = training_rows(data, data.part("tune"))
    intercept, weights = fit(rows, labels)
    result = {
        "rows": len(rows),
        "intercept": round(intercept, 2),
        "weights": {n: round(float(w), 2) for n, w in zip(FEATURES, weights, strict=True)},
    }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
