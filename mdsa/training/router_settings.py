"""How a router is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass

from mdsa.errors import InvalidInputError

__all__ = ["RouterSettings"]


@dataclass(frozen=True)
class RouterSettings:
    """How long, how fast and from what a router learns.

    The defaults suit some ten thousand rows. A few were compared on held-out training rows of
    BANKING77; they have not been searched for systematically.

    Attributes:
        epochs: passes of the router over the rows, at most; the learning rate falls to zero over
            them.
        patience: epochs without better accuracy or likelihood of held-out rows after which it
            stops.
        batch_size: texts a step.
        learning_rate: of the last layer and the pooler; each layer below takes `layer_decay` times
            that of the one above.
        head_rate: of the classifier.
        weight_decay: of the matrices.
        warm_up: share of the steps in which the learning rate rises.
        label_smoothing: probability that a hard target gives to the other labels.
        noisy_share: of the texts of an epoch that are read with typing errors.
        teacher_epochs: passes of the larger model from which the router also learns, together with
            a cross-validated logistic regression over the same model; 0 for neither.
        teacher_rate: learning rate of the larger model.
        teacher_share: weight of the two teachers' answers beside the labels, in [0, 1].
        teacher_temperature: softens these answers (Hinton et al. 2015, arXiv:1503.02531).
        variations: how many variations of each row the teacher labels; see
            `mdsa.training.router_augment`.
        varied_share: of the rows of an epoch that are read in a variation.
        last_epochs: last passes over all rows, those included that were held out of them for
            calibration; 0 for none. A validation file is never trained on.
        last_rate: what these take of the learning rates.
        outside_share: out-of-scope rows an epoch, of the number of rows, where some are given.
        held_share: of the rows that are held out where no validation file is given.
        held_most: rows that are held out at most.
        max_tokens: bounds of the length at which texts are cut, [CLS] and [SEP] included; between
            them the longest row decides.
        seed: equal seeds give equal routers on the same machine.
    """

    epochs: int = 8
    patience: int = 6
    batch_size: int = 64
    learning_rate: float = 3e-4
    head_rate: float = 1e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warm_up: float = 0.1
    label_smoothing: float = 0.05
    noisy_share: float = 0.2
    teacher_epochs: int = 8
    teacher_rate: float = 2e-4
    teacher_share: float = 0.5
    teacher_temperature: float = 2.0
    variations: int = 1
    varied_share: float = 0.2
    last_epochs: int = 3
    last_rate: float = 0.25
    outside_share: float = 0.05
    held_share: float = 0.1
    held_most: int = 1000
    max_tokens: tuple[int, int] = (64, 256)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size", "learning_rate", "head_rate"):
            self._require(name, getattr(self, name) > 0, "above 0")
        for name in (
            "warm_up",
            "label_smoothing",
            "noisy_share",
            "teacher_share",
            "varied_share",
            "last_rate",
        ):
            self._require(name, 0 <= getattr(self, name) <= 1, "from 0 to 1")
        self._require("held_share", 0 < self.held_share <= 0.5, "above 0, up to 0.5")
        for name in ("teacher_epochs", "variations", "last_epochs"):
            self._require(name, getattr(self, name) >= 0, "0 or more")

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise InvalidInputError(f"{name} is {getattr(self, name)!r}; give a value {wanted}.")
