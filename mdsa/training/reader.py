"""Trains the adapter of the reader's encoder: `mdsa train reader`."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from mdsa.embeddings import load_embeddings
from mdsa.embeddings.adapter import ADAPTER_FILE, MANIFEST_FILE
from mdsa.embeddings.packaged import packaged_minilm
from mdsa.training.reader_card import CARD_FILE, render_card
from mdsa.training.reader_data import load_corpora
from mdsa.training.reader_fit import fit, hard_texts
from mdsa.training.reader_network import AdaptedEncoder
from mdsa.training.reader_settings import ReaderSettings
from mdsa.training.torch_threads import torch_threads

__all__ = ["train_reader"]

CHECKPOINT = "checkpoint.pt"

Progress = Callable[[int, int, float], None]
"""Steps done, steps in all, loss of late."""


def train_reader(
    organisations: Path,
    out: Path,
    settings: ReaderSettings,
    *,
    data_dir: Path | None = None,
    progress: Progress = lambda _done, _steps, _loss: None,
) -> dict[str, Any]:
    """Fit, and write the adapter, its manifest and its card; a stopped run goes on.

    Args:
        organisations: folder of JSON files as those in `evals/data/organisations/fit`.
        out: folder to write.
        settings: of the fit.
        data_dir: public data sets; the half of COVID-QA to fit on is read too.
        progress: told how it goes.

    Returns:
        The manifest.

    Raises:
        InvalidInputError: a data file cannot be read, or `out` holds a run with other settings.
        ModelUnavailableError: MiniLM is not installed.
        StorageError: the checkpoint cannot be read or written.
        OSError: the folder cannot be written.
    """
    from safetensors.torch import save

    base = packaged_minilm()
    corpora = load_corpora(organisations, data_dir)
    plain = load_embeddings()
    hard = [hard_texts(corpus, plain, settings.hard_among) for corpus in corpora]
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    encoder = AdaptedEncoder(base, settings.rank, settings.longest)
    with torch_threads(settings.threads):
        report = fit(encoder, corpora, hard, settings, out / CHECKPOINT, progress)
    data = save({name: value.half().contiguous() for name, value in encoder.state().items()})
    (out / ADAPTER_FILE).write_bytes(data)
    counts: dict[str, Counter[str]] = {}
    for corpus in corpora:
        counts.setdefault(corpus.source, Counter()).update(
            corpora=1,
            questions=len(corpus.questions),
            without_answer=int((corpus.labels.max(axis=1) <= 0).sum()),
        )
    manifest = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "base": base.sha256,
        "data": {source: dict(each) for source, each in counts.items()},
        "settings": asdict(settings),
        "run": report,
    }
    (out / MANIFEST_FILE).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    (out / CARD_FILE).write_text(render_card(manifest), encoding="utf-8")
    return manifest
