"""Fine-tunes a router: a larger model first, the router from its answers, then calibration."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mdsa import __version__
from mdsa.router.trained_folder import (
    ARRAYS,
    Manifest,
    pack_arrays,
    write_manifest,
)
from mdsa.training.memory import keep_freed_memory
from mdsa.training.router_augment import similar_words, vary
from mdsa.training.router_batches import Batch, epoch_batches
from mdsa.training.router_card import model_card
from mdsa.training.router_checkpoint import Workplace
from mdsa.training.router_export import export_network, open_graph
from mdsa.training.router_fit import Fit, FitPlan, FitState, fit
from mdsa.training.router_judgement import Judgement, judge_router
from mdsa.training.router_model import (
    Classifier,
    encode_texts,
    load_start,
    load_teacher,
    predict,
)
from mdsa.training.router_rows import RouterRows, arrange_rows, label_weights
from mdsa.training.router_settings import RouterSettings
from mdsa.training.rows import LabelledText

__all__ = ["Progress", "RouterReport", "train_router"]

Progress = Callable[[str, int, int], None]
"""Told a stage's name, what is done of it, and how much that is in all."""

_TEACHER, _ROUTER, _SOFT = "teacher", "router", "soft_targets"


@dataclass(frozen=True)
class RouterReport:
    """What a training run came to.

    Attributes:
        path: the router's folder.
        manifest: what its `router.json` says: counts, settings, figures.
        resumed: whether an earlier run was gone on with.
        history: of each epoch of the router: loss, and accuracy on held-out rows.
    """

    path: Path
    manifest: Manifest
    resumed: bool
    history: list[dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        chosen = self.manifest.model_dump(
            mode="json", include={"data", "metrics", "training", "temperature"}
        )
        return {
            "path": str(self.path),
            "resumed": self.resumed,
            **chosen,
            "history": self.history,
        }


def train_router(
    rows: Sequence[LabelledText],
    out: Path,
    *,
    validation: Sequence[LabelledText] | None = None,
    outside: Sequence[str] = (),
    settings: RouterSettings | None = None,
    start: Path | None = None,
    resume: bool = False,
    progress: Progress = lambda _stage, _done, _total: None,
) -> RouterReport:
    """Fine-tune a router and write its folder.

    The network is fitted to the rows' labels; where rows name domains, messages are routed to
    these by the sum of their labels' probabilities. It learns from the labels and from the answers
    of a larger model that was fitted to them first (task distillation, Jiao et al.,
    arXiv:1909.10351), and reads a part of the texts with typing errors. A run that was killed goes
    on with its last complete epoch if it is called again with equal arguments; equal arguments give
    equal routers on the same machine.

    Args:
        rows: labelled texts.
        out: folder that is written at the end, whole or not at all; a former router there is
            replaced.
        validation: held-out rows, which decide when training stops and calibrate the
            probabilities; a tenth of `rows` where none are given.
        outside: texts that belong to no label. None are needed.
        settings: how; the defaults suit a few thousand rows.
        start: Hugging Face folder of the BERT encoder to start from; the packaged TinyBERT if
            None.
        resume: refuse to begin anew.
        progress: told what is done.

    Raises:
        InvalidInputError: rows from which no router can be made; says which.
        ConfigError: `out` is no router's folder and not empty, or there is nothing to resume.
        StorageError: the disk is full, or another process trains for `out`.
        ModelUnavailableError: the encoder cannot be read.
    """
    settings = settings or RouterSettings()
    arranged = arrange_rows(rows, validation, outside, settings)
    work = Workplace(out)
    keep_freed_memory()
    with work.held():
        began = time.monotonic()
        torch.manual_seed(settings.seed)
        model, tokenizer_json = load_start(start, len(arranged.labels))
        fingerprint = _fingerprint(arranged, settings, model, tokenizer_json)
        resumed = work.open(fingerprint, resume=resume)
        run = _Run(arranged, settings, work, progress, _longest(arranged, tokenizer_json, settings))
        variations = run.variations(model, tokenizer_json)
        soft = run.soft_targets(variations)
        state = run.fit(
            *(model.to(_device()), tokenizer_json, _ROUTER, run.router_plan(), soft, variations)
        )
        manifest, finished = run.finish(model.cpu(), tokenizer_json, state, start, began)
        work.publish(finished)
    return RouterReport(work.target, manifest, resumed, state.history)


@dataclass(frozen=True)
class _Run:
    rows: RouterRows
    settings: RouterSettings
    work: Workplace
    progress: Progress
    max_tokens: int

    @property
    def has_teacher(self) -> bool:
        return bool(self.settings.teacher_epochs and self.settings.teacher_share)

    def variations(self, model: Classifier, tokenizer_json: str) -> list[list[str]]:
        """Variations of every row, by the word vectors of the encoder that is started from."""
        if not self.has_teacher:
            return []
        texts = self.rows.train.texts
        table = model.bert.embeddings.word_embeddings.weight.detach().numpy()
        swaps = similar_words(texts, tokenizer_json, table)
        rng = random.Random(self.settings.seed)
        return [[vary(text, swaps, rng) for text in texts] for _ in range(self.settings.variations)]

    def soft_targets(self, variations: list[list[str]]) -> NDArray[np.float32] | None:
        """Logits of the fine-tuned larger model for the training rows and their variations."""
        if not self.has_teacher:
            return None
        kept = self.work.kept_array(_SOFT)
        if kept is not None:
            return kept
        torch.manual_seed(self.settings.seed)
        teacher, tokenizer_json = load_teacher(len(self.rows.labels))
        self.fit(teacher.to(_device()), tokenizer_json, _TEACHER, self.teacher_plan())
        texts = [*self.rows.train.texts, *chain.from_iterable(variations)]
        ids = encode_texts(tokenizer_json, texts, self.max_tokens)
        logits = predict(teacher, ids)
        self.work.keep_array(_SOFT, logits)
        self.work.forget(_TEACHER)
        return logits

    def teacher_plan(self) -> FitPlan:
        chosen = self.settings
        return FitPlan(
            epochs=chosen.teacher_epochs,
            patience=None,
            learning_rate=chosen.teacher_rate,
            head_rate=chosen.head_rate,
            layer_decay=chosen.layer_decay,
            weight_decay=chosen.weight_decay,
            warm_up=chosen.warm_up,
            label_smoothing=chosen.label_smoothing,
            soft_share=0.0,
            soft_temperature=1.0,
            seed=chosen.seed,
        )

    def router_plan(self) -> FitPlan:
        chosen = self.settings
        return FitPlan(
            epochs=chosen.epochs,
            patience=chosen.patience,
            learning_rate=chosen.learning_rate,
            head_rate=chosen.head_rate,
            layer_decay=chosen.layer_decay,
            weight_decay=chosen.weight_decay,
            warm_up=chosen.warm_up,
            label_smoothing=chosen.label_smoothing,
            soft_share=chosen.teacher_share,
            soft_temperature=chosen.teacher_temperature,
            seed=chosen.seed,
        )

    def fit(
        self,
        model: Classifier,
        tokenizer_json: str,
        stage: str,
        plan: FitPlan,
        soft: NDArray[np.float32] | None = None,
        variations: Sequence[Sequence[str]] = (),
    ) -> FitState:
        """Fit a network, going on from its checkpoint where there is one."""

        def batches(epoch: int) -> list[Batch]:
            return epoch_batches(
                self.rows,
                tokenizer_json,
                batch_size=self.settings.batch_size,
                max_tokens=self.max_tokens,
                noisy_share=self.settings.noisy_share,
                outside_share=self.settings.outside_share,
                seed=f"{self.settings.seed}/{stage}/{epoch}",
                variations=variations,
                varied_share=self.settings.varied_share,
            )

        task = Fit(
            batches=batches,
            held=encode_texts(tokenizer_json, self.rows.stop.texts, self.max_tokens),
            held_labels=self.rows.stop.labels,
            label_weights=label_weights(self.rows.train.labels, len(self.rows.labels)),
            soft=soft,
            after_step=lambda epoch, step, steps: self.progress(
                stage, epoch * steps + step, plan.epochs * steps
            ),
            after_epoch=lambda state: self.work.keep(stage, state),
        )
        return fit(model, task, plan, self.work.kept(stage))

    def finish(
        self,
        model: Classifier,
        tokenizer_json: str,
        state: FitState,
        start: Path | None,
        began: float,
    ) -> tuple[Manifest, Path]:
        """Put the folder together beside its place."""
        folder = self.work.finished_folder()
        export_network(model, tokenizer_json, self.rows.labels, self.max_tokens, folder)
        self.progress("calibration", 0, 1)
        graph = open_graph(folder, self.max_tokens)
        draft = Manifest(
            labels=self.rows.labels,
            domains=self.rows.domains,
            max_tokens=self.max_tokens,
            temperature=1.0,
        )
        judgement = judge_router(graph, self.rows, draft.domain_matrix())
        (folder / ARRAYS).write_bytes(pack_arrays(judgement.out_of_scope.arrays()))
        figures = {**judgement.figures, **self._against_float32(model, tokenizer_json, judgement)}
        conformal = judgement.conformal
        manifest = draft.model_copy(
            update={
                "temperature": judgement.temperature,
                "out_of_scope": judgement.out_of_scope.parameters(),
                "conformal": () if conformal is None else tuple(conformal.right.tolist()),
                "training": self._training(state, start, began),
                "data": {**self.rows.counts(), "sha256": self.rows.digest()},
                "metrics": figures,
            }
        )
        manifest = write_manifest(folder, manifest)
        card = model_card(self.work.target.name, manifest)
        (folder / "README.md").write_text(card, encoding="utf-8")
        self.progress("calibration", 1, 1)
        return manifest, folder

    def _against_float32(
        self, model: Classifier, tokenizer_json: str, judgement: Judgement
    ) -> dict[str, float]:
        """What the same rows give before the weights are rounded."""
        judged = self.rows.sets if len(self.rows.sets) else self.rows.stop
        logits = predict(model, encode_texts(tokenizer_json, judged.texts, self.max_tokens))
        accuracy = float((logits.argmax(axis=1) == judged.labels).mean())
        return {
            "label_accuracy_float32": accuracy,
            "label_accuracy_lost_to_int8": accuracy - judgement.figures["label_accuracy"],
        }

    def _training(self, state: FitState, start: Path | None, began: float) -> dict[str, Any]:
        return {
            "mdsa": __version__,
            "torch": str(torch.__version__),
            "start": "the packaged TinyBERT" if start is None else str(start),
            "epochs_run": state.epoch,
            "best_epoch": state.best_epoch,
            "seconds_of_this_process": round(time.monotonic() - began, 1),
            "settings": asdict(self.settings),
        }


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _longest(rows: RouterRows, tokenizer_json: str, settings: RouterSettings) -> int:
    fewest, most = settings.max_tokens
    ids = encode_texts(tokenizer_json, rows.train.texts, most)
    return max(fewest, max(map(len, ids)))


def _fingerprint(
    rows: RouterRows, settings: RouterSettings, model: Classifier, tokenizer_json: str
) -> str:
    digest = hashlib.sha256(tokenizer_json.encode())
    for value in model.bert.state_dict().values():
        digest.update(value.contiguous().numpy().tobytes())
    facts = [rows.digest(), asdict(settings), __version__, str(torch.__version__)]
    digest.update(json.dumps(facts).encode())
    return digest.hexdigest()
