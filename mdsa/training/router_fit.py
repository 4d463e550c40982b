"""Fits a classifier to rows, epoch by epoch, in a way that can be stopped and gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from mdsa.training.rates import linear_rate
from mdsa.training.router_batches import OUTSIDE, UNLABELLED, Batch
from mdsa.training.router_model import Classifier, autocast, padded, predict

__all__ = ["Fit", "FitPlan", "FitState", "fit", "held_out_score"]

_GRADIENT_NORM = 1.0


@dataclass(frozen=True)
class FitPlan:
    """How one network is fitted.

    Attributes:
        epochs: passes at most; the learning rate is planned over them.
        patience: epochs without better accuracy or likelihood of held-out rows before it stops;
            None never stops early and keeps the last epoch's weights. Otherwise the last epoch is
            kept that is about as accurate as the best.
        learning_rate: of the last layer.
        head_rate: of the classifier.
        layer_decay: what each layer below takes of the rate of the one above.
        weight_decay: of the matrices.
        warm_up: share of the steps in which the rate rises.
        label_smoothing: probability that a hard target gives to the other labels.
        soft_share: weight of soft targets.
        soft_temperature: softens them.
        seed: of dropout and batches.
    """

    epochs: int
    patience: int | None
    learning_rate: float
    head_rate: float
    layer_decay: float
    weight_decay: float
    warm_up: float
    label_smoothing: float
    soft_share: float
    soft_temperature: float
    seed: int


@dataclass
class FitState:
    """Where a fit stands after an epoch.

    Attributes:
        epoch: epochs that are done.
        history: for each, `loss`, and `accuracy` and `log_likelihood` (mean) where rows are held
            out.
        best: weights of the epoch that is kept; None before the first.
        best_epoch: its number, from 1; 0 before the first.
        optimizer: state of the optimizer.
        weights: of the network.
    """

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Tensor] | None = None
    best_epoch: int = 0
    optimizer: dict[str, Any] | None = None
    weights: dict[str, Tensor] | None = None


@dataclass(frozen=True)
class Fit:
    """What one network is fitted to.

    Attributes:
        batches: the batches of an epoch, by its number.
        held: token ids of held-out rows; none where the plan has no patience and needs none.
        held_labels: their labels.
        label_weights: weight of each label's rows.
        soft: logits of a teacher for every row that a batch may name, (rows, labels); None for
            none.
        after_step: told (epoch, step, steps) of each step.
        after_epoch: told the state; it may be kept.
    """

    batches: Callable[[int], list[Batch]]
    held: list[list[int]]
    held_labels: NDArray[np.int64]
    label_weights: NDArray[np.float32]
    soft: NDArray[np.float32] | None = None
    after_step: Callable[[int, int, int], None] = lambda _epoch, _step, _steps: None
    after_epoch: Callable[[FitState], None] = lambda _state: None


def fit(model: Classifier, task: Fit, plan: FitPlan, state: FitState | None = None) -> FitState:
    """Fit a network in place; it ends with the weights of the epoch that is kept.

    Args:
        model: what is fitted.
        task: on what.
        plan: how.
        state: from where; the start if None.

    Returns:
        The last state.
    """
    state = state or FitState()
    optimizer = _optimizer(model, plan)
    if state.weights is not None and state.optimizer is not None:
        model.load_state_dict(state.weights)
        optimizer.load_state_dict(state.optimizer)
    while state.epoch < plan.epochs and not _is_spent(state, plan):
        # Every epoch draws from its own seed, so that one that is begun anew is the same.
        torch.manual_seed(_number(f"{plan.seed}/dropout/{state.epoch}"))
        loss = _run_epoch(model, optimizer, task, plan, state.epoch)
        entry = {"loss": loss}
        if task.held:
            accuracy, likelihood = held_out_score(predict(model, task.held), task.held_labels)
            entry |= {"accuracy": accuracy, "log_likelihood": likelihood}
        weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        state = FitState(
            state.epoch + 1,
            [*state.history, entry],
            state.best,
            state.best_epoch,
            optimizer.state_dict(),
            weights,
        )
        if plan.patience is None or _is_as_good(state, len(task.held)):
            state.best, state.best_epoch = weights, state.epoch
        task.after_epoch(state)
    if state.best is not None:
        model.load_state_dict(state.best)
    return state


def held_out_score(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Accuracy, and mean log-likelihood of the right label."""
    exact = log_softmax(torch.from_numpy(logits).double(), dim=-1).numpy()
    right = exact[np.arange(len(labels)), labels]
    return float((exact.argmax(axis=1) == labels).mean()), float(right.mean())


def _is_as_good(state: FitState, rows: int) -> bool:
    """Whether the last epoch is at most a standard error less accurate than the best.

    Among epochs that a few hundred held-out rows cannot tell apart the last is taken: its learning
    rate is the lowest, while the highest accuracy of several is mostly the luckiest.
    """
    accuracies = [entry["accuracy"] for entry in state.history]
    likely = (max(accuracies) * rows + 1) / (rows + 2)  # never certain, however few the rows
    return bool(accuracies[-1] >= max(accuracies) - np.sqrt(likely * (1 - likely) / rows))


def _is_spent(state: FitState, plan: FitPlan) -> bool:
    """Whether neither accuracy nor likelihood has got better for long.

    Of a few hundred held-out rows the accuracy alone moves by chance.
    """
    if plan.patience is None or not state.history:
        return False
    last = max(
        max(range(state.epoch), key=lambda epoch: state.history[epoch][name])
        for name in ("accuracy", "log_likelihood")
    )
    return state.epoch - 1 - last >= plan.patience


def _run_epoch(
    model: Classifier, optimizer: torch.optim.Optimizer, task: Fit, plan: FitPlan, epoch: int
) -> float:
    model.train()
    device = next(model.parameters()).device
    weights = torch.from_numpy(task.label_weights).to(device)
    batches = task.batches(epoch)
    total = 0.0
    for step, batch in enumerate(batches):
        done = epoch + step / len(batches)
        for group in optimizer.param_groups:
            group["lr"] = group["scale"] * linear_rate(done / plan.epochs, plan.warm_up)
        with autocast(device):
            logits = model(*padded(batch.ids, device))
        soft = None if task.soft is None else torch.from_numpy(task.soft[batch.rows]).to(device)
        loss = _loss(logits, torch.from_numpy(batch.labels).to(device), soft, weights, plan)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch declares it without types
        nn.utils.clip_grad_norm_(model.parameters(), _GRADIENT_NORM)
        optimizer.step()
        total += loss.item()
        task.after_step(epoch, step + 1, len(batches))
    return total / len(batches)


def _loss(
    logits: Tensor, labels: Tensor, soft: Tensor | None, weights: Tensor, plan: FitPlan
) -> Tensor:
    inside = labels != OUTSIDE
    known = labels.clamp_min(0)
    hard = cross_entropy(logits, known, reduction="none", label_smoothing=plan.label_smoothing)
    if soft is None:
        rows = hard
    else:
        heat = plan.soft_temperature
        distance = kl_div(
            log_softmax(logits / heat, -1), softmax(soft / heat, -1), reduction="none"
        ).sum(-1)
        # The gradients of softened targets shrink with the square of the temperature.
        share = torch.where(labels == UNLABELLED, 1.0, plan.soft_share)
        rows = (1 - share) * hard + share * heat**2 * distance
    # Out-of-scope rows shall fit no label more than another (Hendrycks et al., arXiv:1812.04606).
    even = -log_softmax(logits, -1).mean(-1)
    weight = torch.where(labels == UNLABELLED, 1.0, weights[known])
    return torch.where(inside, weight * rows, even).mean()


def _optimizer(model: Classifier, plan: FitPlan) -> torch.optim.AdamW:
    layers = int(model.bert.config.num_hidden_layers)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if name.startswith("classifier."):
            scale = plan.head_rate
        else:
            scale = plan.learning_rate * plan.layer_decay ** _depth(name, layers)
        decay = plan.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((scale, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": members, "scale": scale, "weight_decay": decay, "lr": 0.0}
            for (scale, decay), members in groups.items()
        ],
        fused=True,
    )


def _depth(name: str, layers: int) -> int:
    """How many layers lie above a parameter of the encoder."""
    parts = name.split(".")
    if "layer" in parts:
        return layers - 1 - int(parts[parts.index("layer") + 1])
    return layers if "embeddings" in parts else 0


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
