"""What a trained classifier is to a router: texts in, probabilities of its labels out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mdsa.router.calibration import Floats

__all__ = ["LabelJudgement", "LabelModel"]


class LabelJudgement(NamedTuple):
    """A classifier's verdict on texts.

    Attributes:
        labels: probability of each label, were the text of one of them, (texts, labels). Rows add
            up to 1.
        out_of_scope: probability that the text is of none of them, (texts,).
    """

    labels: Floats
    out_of_scope: Floats


class LabelModel(Protocol):
    """A trained classifier. Implementations are thread-safe."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the columns."""

    @property
    def domains(self) -> tuple[str, ...]:
        """The domain of each label; the label itself where it has no other."""

    def judge(self, texts: Sequence[str]) -> LabelJudgement:
        """Judge texts, in one batch.

        Raises:
            ModelUnavailableError: the classifier cannot be loaded.
        """

    def score_floor(self, target_error: float) -> float | None:
        """As `mdsa.router.Router.score_floor` says, for the sums of labels by domain."""
