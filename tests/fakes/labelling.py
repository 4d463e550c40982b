"""A classifier whose verdicts are given in a table, so that tests can foresee every figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mdsa.router.label_model import LabelJudgement


class TableModel:
    """Judges the texts of a table; any other text is out of scope with 0.8.

    Attributes:
        labels: of the columns.
        domains: the domain of each.
        floor: what `score_floor` gives.
    """

    def __init__(
        self,
        labels: Sequence[str],
        table: Mapping[str, Sequence[float]],
        domains: Sequence[str] = (),
        floor: float | None = None,
    ) -> None:
        self.labels = tuple(labels)
        self.domains = tuple(domains) or self.labels
        self.floor = floor
        self._table = table

    def judge(self, texts: Sequence[str]) -> LabelJudgement:
        even = [1 / len(self.labels)] * len(self.labels)
        rows = [self._table.get(text, even) for text in texts]
        outside = [0.0 if text in self._table else 0.8 for text in texts]
        return LabelJudgement(np.array(rows, dtype=np.float64), np.array(outside))

    def score_floor(self, target_error: float) -> float | None:
        return self.floor
