"""A classifier whose verdicts follow from the words of a text, so that tests can foresee them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mdsa.router.label_model import LabelJudgement


class WordLabels:
    """Gives 0.9 to the first label whose word stands in a text, and the rest in equal shares.

    A text with the word "weather" is out of scope with 0.8, any other one with 0.1.

    Args:
        words: the word of each label.
        domains: the domain of each label; the labels themselves by default.
        floor: what `score_floor` gives, whatever the wanted error.
    """

    def __init__(
        self,
        words: Mapping[str, str],
        domains: Sequence[str] | None = None,
        floor: float | None = None,
    ) -> None:
        self._words = dict(words)
        self.labels = tuple(words)
        self.domains = self.labels if domains is None else tuple(domains)
        self.floor = floor

    def judge(self, texts: Sequence[str]) -> LabelJudgement:
        rows = np.full((len(texts), len(self.labels)), 0.1 / (len(self.labels) - 1))
        for row, text in enumerate(texts):
            found = [at for at, word in enumerate(self._words.values()) if word in text]
            rows[row, found[:1]] = 0.9
            if not found:
                rows[row] = 1 / len(self.labels)
        return LabelJudgement(rows, np.array([0.8 if "weather" in text else 0.1 for text in texts]))

    def score_floor(self, target_error: float) -> float | None:
        return self.floor
