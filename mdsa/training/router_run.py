"""The stages of a router's training: the larger model, the router, calibration, the last passes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mdsa import __version__
from mdsa.router.out_of_scope import OutOfScope
from mdsa.router.spelling import Speller, frequent_words, trained_speller
from mdsa.router.text_graph import TextGraph
from mdsa.router.trained_folder import ARRAYS, WORDS, Manifest, pack_arrays, write_manifest
from mdsa.training.router_augment import similar_words, vary
from mdsa.training.router_batches import Batch, epoch_batches
from mdsa.training.router_card import model_card
from mdsa.training.router_checkpoint import Workplace
from mdsa.training.router_export import export_network, open_graph
from mdsa.training.router_fit import Fit, FitPlan, FitState, fit
from mdsa.training.router_judgement import Judgement, judge_router, training_centres
from mdsa.training.router_model import Classifier, embed, encode_texts, load_teacher, predict
from mdsa.training.router_rows import RouterRows, label_weights
from mdsa.training.router_settings import RouterSettings
from mdsa.training.router_teacher import joint_logits

__all__ = ["Progress", "RouterRun"]

Progress = Callable[[str, int, int], None]
"""Told a stage's name, what is done of it, and how much that is in all."""

_TEACHER, _ROUTER, _LAST, _SOFT = "teacher", "router", "last passes", "soft_targets"


@dataclass(frozen=True)
class RouterRun:
    """One run, on rows that are sorted by their use.

    Attributes:
        rows: these.
        settings: how.
        work: keeps what is done.
        progress: told what is done.
        tokenizer_json: of the router.
        max_tokens: texts are cut here.
    """

    rows: RouterRows
    settings: RouterSettings
    work: Workplace
    progress: Progress
    tokenizer_json: str
    max_tokens: int

    def train(
        self, model: Classifier, start: Path | None, began: float
    ) -> tuple[Manifest, Path, list[dict[str, float]]]:
        """Fit, calibrate and write a router.

        Args:
            model: the encoder that is started from, with a new classifier.
            start: where it came from; None for the packaged one.
            began: when, by the monotonic clock.

        Returns:
            What `router.json` says, the folder, still beside its place, and the router's epochs.
        """
        variations = self._variations(model)
        soft = self._soft_targets(variations)
        own, own_soft = self._without_held(variations, soft)
        model = model.to(_device())
        plan = self._router_plan()
        state = self._fit(model, self.tokenizer_json, _ROUTER, self.rows, plan, own_soft, own)
        folder = self.work.finished_folder()
        self.progress("calibration", 0, 1)
        judgement, figures = self._calibrate(model, folder)
        out_of_scope = judgement.out_of_scope
        if self._has_last_passes:
            rows = self.rows.with_held_out()
            plan = self._last_plan()
            self._fit(model, self.tokenizer_json, _LAST, rows, plan, soft, variations)
            out_of_scope = self._export_last(model, rows, out_of_scope, folder)
        training = self._facts(state, start, began)
        manifest = self._write(folder, judgement, out_of_scope, figures, training)
        self.progress("calibration", 1, 1)
        return manifest, folder, state.history

    @property
    def _has_teacher(self) -> bool:
        return bool(self.settings.teacher_epochs and self.settings.teacher_share)

    @property
    def _has_last_passes(self) -> bool:
        return bool(self.settings.last_epochs) and self.rows.held_out_of_train

    @property
    def _texts(self) -> list[str]:
        """All texts that any stage fits weights to, those of the first stages first."""
        return (self.rows.with_held_out() if self._has_last_passes else self.rows).train.texts

    def _variations(self, model: Classifier) -> list[list[str]]:
        """Variations of every text, by the word vectors of the encoder that is started from."""
        if not self._has_teacher:
            return []
        texts = self._texts
        table = model.bert.embeddings.word_embeddings.weight.detach().numpy()
        swaps = similar_words(texts, self.tokenizer_json, table)
        rng = random.Random(self.settings.seed)
        return [[vary(text, swaps, rng) for text in texts] for _ in range(self.settings.variations)]

    def _soft_targets(self, variations: list[list[str]]) -> NDArray[np.float32] | None:
        """Logits of the teachers for the texts and their variations."""
        if not self._has_teacher:
            return None
        kept = self.work.kept_array(_SOFT)
        if kept is not None:
            return kept
        torch.manual_seed(self.settings.seed)
        teacher, tokenizer_json = load_teacher(len(self.rows.labels))
        teacher = teacher.to(_device())
        texts = [*self._texts, *chain.from_iterable(variations)]
        ids = encode_texts(tokenizer_json, texts, self.max_tokens)
        vectors = embed(teacher, ids)
        self._fit(teacher, tokenizer_json, _TEACHER, self.rows, self._teacher_plan())
        soft = joint_logits(predict(teacher, ids), vectors, self.rows.train)
        self.work.keep_array(_SOFT, soft)
        self.work.forget(_TEACHER)
        return soft

    def _without_held(
        self, variations: list[list[str]], soft: NDArray[np.float32] | None
    ) -> tuple[list[list[str]], NDArray[np.float32] | None]:
        """Variations and soft targets of the training part alone."""
        count, every = len(self.rows.train), len(self._texts)
        if soft is not None:
            by_copy = soft.reshape(-1, every, soft.shape[1])
            soft = np.ascontiguousarray(by_copy[:, :count].reshape(-1, soft.shape[1]))
        return [copies[:count] for copies in variations], soft

    def _router_plan(self) -> FitPlan:
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

    def _teacher_plan(self) -> FitPlan:
        return replace(
            self._router_plan(),
            epochs=self.settings.teacher_epochs,
            patience=None,
            learning_rate=self.settings.teacher_rate,
            soft_share=0.0,
            soft_temperature=1.0,
        )

    def _last_plan(self) -> FitPlan:
        plan = self._router_plan()
        return replace(
            plan,
            epochs=self.settings.last_epochs,
            patience=None,
            learning_rate=plan.learning_rate * self.settings.last_rate,
            head_rate=plan.head_rate * self.settings.last_rate,
        )

    def _fit(
        self,
        model: Classifier,
        tokenizer_json: str,
        stage: str,
        rows: RouterRows,
        plan: FitPlan,
        soft: NDArray[np.float32] | None = None,
        variations: Sequence[Sequence[str]] = (),
    ) -> FitState:
        """Fit a network, going on from its checkpoint where there is one."""

        def batches(epoch: int) -> list[Batch]:
            return epoch_batches(
                rows,
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
            held=encode_texts(tokenizer_json, rows.stop.texts, self.max_tokens),
            held_labels=rows.stop.labels,
            label_weights=label_weights(rows.train.labels, len(rows.labels)),
            soft=soft,
            after_step=lambda epoch, step, steps: self.progress(
                stage, epoch * steps + step, plan.epochs * steps
            ),
            after_epoch=lambda state: self.work.keep(stage, state),
        )
        return fit(model, task, plan, self.work.kept(stage))

    def _calibrate(self, model: Classifier, folder: Path) -> tuple[Judgement, dict[str, Any]]:
        """Judge the int8 network as it will serve, on rows that were held out."""
        read = self._reader(model, folder, self.rows)
        judgement = judge_router(read.many, self.rows, self._draft().domain_matrix())
        judged = self.rows.sets if len(self.rows.sets) else self.rows.stop
        texts = [read.speller.mend(text) for text in judged.texts]
        logits = predict(model, encode_texts(self.tokenizer_json, texts, self.max_tokens))
        accuracy = float((logits.argmax(axis=1) == judged.labels).mean())
        return judgement, {
            **judgement.figures,
            "label_accuracy_float32": accuracy,
            "label_accuracy_lost_to_int8": accuracy - judgement.figures["label_accuracy"],
        }

    def _export_last(
        self, model: Classifier, rows: RouterRows, score: OutOfScope, folder: Path
    ) -> OutOfScope:
        """Write the network after its last passes; the score measures from where its rows lie."""
        read = self._reader(model, folder, rows)
        return replace(score, centres=training_centres(read.many, rows))

    def _reader(self, model: Classifier, folder: Path, rows: RouterRows) -> _Reader:
        """Write the network, and read with it as a router does that was trained on these rows."""
        export_network(model, self.tokenizer_json, rows.labels, self.max_tokens, folder)
        speller = trained_speller(self.tokenizer_json, _words(rows))
        return _Reader(speller, open_graph(folder, self.max_tokens))

    def _draft(self) -> Manifest:
        return Manifest(
            labels=self.rows.labels,
            domains=self.rows.domains,
            max_tokens=self.max_tokens,
            temperature=1.0,
        )

    def _write(
        self,
        folder: Path,
        judgement: Judgement,
        out_of_scope: OutOfScope,
        figures: dict[str, Any],
        training: dict[str, Any],
    ) -> Manifest:
        """Put what belongs beside the network into the folder."""
        (folder / ARRAYS).write_bytes(pack_arrays(out_of_scope.arrays()))
        rows = self.rows.with_held_out() if self._has_last_passes else self.rows
        lines = "".join(f"{word}\n" for word in _words(rows))
        (folder / WORDS).write_text(lines, encoding="utf-8")
        conformal = judgement.conformal
        manifest = self._draft().model_copy(
            update={
                "temperature": judgement.temperature,
                "out_of_scope": out_of_scope.parameters(),
                "conformal": () if conformal is None else tuple(conformal.right.tolist()),
                "training": training,
                "data": {**self.rows.counts(), "sha256": self.rows.digest()},
                "metrics": figures,
            }
        )
        manifest = write_manifest(folder, manifest)
        card = model_card(self.work.target.name, manifest)
        (folder / "README.md").write_text(card, encoding="utf-8")
        return manifest

    def _facts(self, state: FitState, start: Path | None, began: float) -> dict[str, Any]:
        return {
            "mdsa": __version__,
            "torch": str(torch.__version__),
            "start": "the packaged TinyBERT" if start is None else str(start),
            "epochs_run": state.epoch,
            "best_epoch": state.best_epoch,
            "last_passes_on_all_rows": self.settings.last_epochs if self._has_last_passes else 0,
            "seconds_of_this_process": round(time.monotonic() - began, 1),
            "settings": asdict(self.settings),
        }


@dataclass(frozen=True)
class _Reader:
    """Reads texts as the router will: typing errors mended, in int8."""

    speller: Speller
    graph: TextGraph

    def many(self, texts: Sequence[str]) -> Sequence[NDArray[np.float32]]:
        return self.graph.many([self.speller.mend(text) for text in texts])


def _words(rows: RouterRows) -> list[str]:
    return frequent_words([*rows.train.texts, *rows.outside_train])


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
