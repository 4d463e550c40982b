"""Fits the adapter for a given time, with checkpoints from which a stopped run goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from mdsa.training.checkpoints import load_checkpoint, save_checkpoint
from mdsa.training.slm_batches import Encoded, batches
from mdsa.training.slm_network import AdaptedNetwork

__all__ = ["FitReport", "FitSettings", "fit"]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How the adapter is fitted.

    Attributes:
        minutes: of training; the learning rate falls to a twentieth over them.
        passes: over the samples, at most.
        rank: of the adapter.
        alpha: scale of the adapter, divided by the rank.
        rate: highest learning rate.
        batch_tokens: tokens of a step, padding included.
        longest: tokens of a sample; longer ones are left out.
        warmup: steps over which the rate rises.
        checkpoint_every: steps between checkpoints.
        seed: of the samples and their order.
        threads: of torch.
    """

    minutes: float = 60.0
    passes: int = 3
    rank: int = 16
    alpha: float = 32.0
    rate: float = 1e-3
    batch_tokens: int = 1200
    longest: int = 400
    warmup: int = 20
    checkpoint_every: int = 20
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was done, over all runs: steps, seconds, tokens read, and the loss of late."""

    steps: int
    seconds: float
    tokens: int
    loss: float


def fit(
    network: AdaptedNetwork,
    encoded: Sequence[Encoded],
    settings: FitSettings,
    checkpoint: Path,
    progress: Callable[[str], None],
) -> FitReport:
    """Train until the time or the passes are over.

    Args:
        network: with fresh adapters.
        encoded: the samples.
        settings: see there.
        checkpoint: file; a run that finds one goes on from it.
        progress: told how it goes, every few steps.

    Raises:
        StorageError: the checkpoint cannot be written.
    """
    optimizer = torch.optim.AdamW(
        network.parameters, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    report, loss_mean = FitReport(0, 0.0, 0, math.nan), math.nan
    if checkpoint.exists():
        kept: dict[str, Any] = load_checkpoint(checkpoint)
        network.load(kept["adapter"])
        optimizer.load_state_dict(kept["optimizer"])
        report = FitReport(**kept["report"])
        loss_mean = report.loss
    budget = 60 * settings.minutes
    done = 0
    before = report.seconds
    began = time.monotonic()
    for turn in range(settings.passes):
        for ids, targets in batches(encoded, settings.batch_tokens, settings.seed + turn):
            done += 1
            if done <= report.steps:
                continue  # seen before the run was stopped
            spent = before + time.monotonic() - began
            if spent >= budget:
                _keep(checkpoint, network, optimizer, report)
                return report
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * _schedule(done, spent / budget, settings.warmup)
            loss, count = network.loss(ids, targets)
            (loss / count).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            torch.nn.utils.clip_grad_norm_(network.parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            value = float(loss.detach()) / count
            loss_mean = value if math.isnan(loss_mean) else 0.95 * loss_mean + 0.05 * value
            seconds = before + time.monotonic() - began
            report = FitReport(done, seconds, report.tokens + ids.numel(), loss_mean)
            if done % 5 == 0:
                progress(
                    f"step {done}, pass {turn + 1}, {seconds / 60:.1f} min, loss {loss_mean:.3f}"
                )
            if done % settings.checkpoint_every == 0:
                _keep(checkpoint, network, optimizer, report)
    _keep(checkpoint, network, optimizer, report)
    return report


def _schedule(step: int, share: float, warmup: int) -> float:
    return min(1.0, step / warmup) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def _keep(
    path: Path, network: AdaptedNetwork, optimizer: torch.optim.Optimizer, report: FitReport
) -> None:
    fields = {name: getattr(report, name) for name in ("steps", "seconds", "tokens", "loss")}
    state = {"adapter": network.state(), "optimizer": optimizer.state_dict(), "report": fields}
    save_checkpoint(path, state)
