"""Fits the adapter of the reader's encoder; a stopped run goes on from its last checkpoint."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.errors import InvalidInputError
from mdsa.training.checkpoints import load_checkpoint, save_checkpoint
from mdsa.training.rates import linear_rate
from mdsa.training.reader_data import Corpus
from mdsa.training.reader_loss import AnswerLoss
from mdsa.training.reader_network import AdaptedEncoder
from mdsa.training.reader_settings import ReaderSettings

__all__ = ["draw", "fit", "hard_texts"]

_GRADIENT_NORM = 1.0
_WARM_UP = 0.1
_BIAS_RATE = 20.0
_DECAY = 0.01

Batch = tuple[list[str], list[str], NDArray[np.int8]]
"""Questions, texts, and labels of shape (questions, texts)."""


def hard_texts(corpus: Corpus, embeddings: Embeddings, among: int) -> NDArray[np.int64]:
    """The texts that plain MiniLM finds likeliest for each question, (questions, among)."""
    asked = np.array(embeddings.embed_documents(list(corpus.questions)), np.float32)
    texts = np.array(embeddings.embed_documents(list(corpus.texts)), np.float32)
    order: NDArray[np.int64] = np.argsort(-(asked @ texts.T), axis=1)[:, :among]
    return order


def draw(
    corpora: Sequence[Corpus],
    hard: Sequence[NDArray[np.int64]],
    settings: ReaderSettings,
    step: int,
) -> Batch:
    """What a step reads: questions of one corpus, their answers, and texts that tempt.

    The step decides what is drawn, so that a run that goes on draws what it would have drawn.
    """
    rng = random.Random(f"{settings.seed}/{step}")
    sizes = [len(corpus.questions) for corpus in corpora]
    number = rng.choices(range(len(corpora)), sizes)[0]
    corpus = corpora[number]
    rows = rng.sample(range(sizes[number]), min(settings.questions, sizes[number]))
    columns: set[int] = set()
    for row in rows:
        labels = corpus.labels[row]
        answers = np.flatnonzero(labels > 0).tolist()
        if answers:
            columns.add(rng.choice(answers))
        tempting = [at for at in hard[number][row].tolist() if labels[at] == 0]
        columns.update(rng.sample(tempting, min(settings.hard, len(tempting))))
    chosen = sorted(columns)
    return (
        [corpus.questions[row] for row in rows],
        [corpus.texts[at] for at in chosen],
        corpus.labels[np.ix_(rows, chosen)],
    )


def fit(
    encoder: AdaptedEncoder,
    corpora: Sequence[Corpus],
    hard: Sequence[NDArray[np.int64]],
    settings: ReaderSettings,
    checkpoint: Path,
    progress: Callable[[int, int, float], None],
) -> dict[str, float]:
    """Fit in place.

    Args:
        encoder: with a fresh adapter.
        corpora: what is asked of whom.
        hard: of `hard_texts` for each corpus.
        settings: see there.
        checkpoint: file; a run that finds one goes on from it.
        progress: told steps done, steps in all, and the loss of late.

    Returns:
        `steps`, `seconds` over all runs, and `loss`, a running mean.

    Raises:
        InvalidInputError: the checkpoint is of a run with other settings or other data.
        StorageError: the checkpoint cannot be read or written.
    """
    run = _identity(corpora, settings)
    criterion = AnswerLoss(settings.temperature)
    optimizer = torch.optim.AdamW(
        [
            {"params": encoder.parameters, "scale": 1.0, "weight_decay": _DECAY},
            {"params": [criterion.bias], "scale": _BIAS_RATE, "weight_decay": 0.0},
        ],
        lr=settings.rate,
    )
    report: dict[str, float] = {"steps": 0, "seconds": 0.0, "loss": 0.0}
    if checkpoint.exists():
        kept: dict[str, Any] = load_checkpoint(checkpoint)
        if kept.get("run") != run:
            raise InvalidInputError(
                f"{checkpoint} is of a run with other settings or data, {kept.get('run')}, not "
                f"{run}; give those, or another folder."
            )
        encoder.load(kept["adapter"])
        criterion.load_state_dict(kept["criterion"])
        optimizer.load_state_dict(kept["optimizer"])
        report = kept["report"]
    before, began = report["seconds"], time.monotonic()
    parameters = [*encoder.parameters, criterion.bias]
    for step in range(int(report["steps"]), settings.steps):
        asked, texts, labels = draw(corpora, hard, settings, step)
        for group in optimizer.param_groups:
            share = linear_rate((step + 1) / settings.steps, _WARM_UP)
            group["lr"] = settings.rate * group["scale"] * share
        loss = criterion(encoder.encode(asked), encoder.encode(texts), torch.from_numpy(labels))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, _GRADIENT_NORM)
        optimizer.step()
        value = loss.item()
        mean = value if step == 0 else 0.97 * report["loss"] + 0.03 * value
        seconds = before + time.monotonic() - began
        report = {"steps": step + 1, "seconds": seconds, "loss": mean}
        progress(step + 1, settings.steps, mean)
        if (step + 1) % settings.checkpoint_every == 0 or step + 1 == settings.steps:
            save_checkpoint(
                checkpoint,
                {
                    "run": run,
                    "adapter": encoder.state(),
                    "criterion": criterion.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "report": report,
                },
            )
    return report


def _identity(corpora: Sequence[Corpus], settings: ReaderSettings) -> dict[str, Any]:
    """What a run that goes on must have in common with the one that was stopped."""
    read = hashlib.sha256()
    for corpus in corpora:
        read.update(repr((corpus.texts, corpus.questions)).encode())
        read.update(corpus.labels.tobytes())
    chosen = asdict(settings)
    for name in ("checkpoint_every", "threads"):
        del chosen[name]
    return {**chosen, "data": read.hexdigest()}
