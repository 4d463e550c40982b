"""Fine-tunes a router: a larger model first, the router from its answers, then calibration."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from mdsa import __version__
from mdsa.router.trained_folder import Manifest
from mdsa.training.memory import keep_freed_memory
from mdsa.training.router_checkpoint import Workplace
from mdsa.training.router_model import Classifier, encode_texts, load_start
from mdsa.training.router_rows import RouterRows, arrange_rows
from mdsa.training.router_run import Progress, RouterRun
from mdsa.training.router_settings import RouterSettings
from mdsa.training.rows import LabelledText

__all__ = ["Progress", "RouterReport", "train_router"]


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
    arXiv:1909.10351), and reads a part of the texts with typing errors. Held-out rows calibrate it;
    where they are a part of `rows`, a few last passes then read them too. A run that was killed
    goes on with its last complete epoch if it is called again with equal arguments; equal arguments
    give equal routers on the same machine.

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
        longest = _longest(arranged, tokenizer_json, settings)
        run = RouterRun(arranged, settings, work, progress, tokenizer_json, longest)
        manifest, finished, history = run.train(model, start, began)
        work.publish(finished)
    return RouterReport(work.target, manifest, resumed, history)


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
