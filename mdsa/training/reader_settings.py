"""How the reader's encoder is trained."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ReaderSettings"]


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How long, how fast and from what.

    Attributes:
        steps: of the optimizer; the rate rises over a tenth of them and then falls to zero.
        rank: of the adapter.
        rate: highest learning rate.
        questions: of one corpus, in a step.
        hard: for each of them, texts that do not answer and that MiniLM takes for likely.
        hard_among: the likeliest, of which these are drawn.
        temperature: cosines are divided by it.
        longest: tokens of a text.
        checkpoint_every: steps between checkpoints.
        seed: of what is drawn.
        threads: of torch.
    """

    steps: int = 700
    rank: int = 16
    rate: float = 1e-3
    questions: int = 48
    hard: int = 2
    hard_among: int = 12
    temperature: float = 0.05
    longest: int = 128
    checkpoint_every: int = 50
    seed: int = 0
    threads: int = 2
