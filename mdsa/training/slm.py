"""Trains the adapter that `embedded://smollm2` uses.

`mdsa train slm` calls it. `adapter.gguf` is written at the end, and again from the last checkpoint
by `export_adapter`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from mdsa.models.smollm2.prompt import FORM
from mdsa.training.checkpoints import load_checkpoint
from mdsa.training.slm_batches import encode
from mdsa.training.slm_data import make_samples
from mdsa.training.slm_export import write_adapter
from mdsa.training.slm_fit import FitSettings, fit
from mdsa.training.slm_network import AdaptedNetwork
from mdsa.training.slm_sample import Sample
from mdsa.training.slm_weights import open_network, open_tokenizer, read_gguf
from mdsa.training.torch_threads import torch_threads

__all__ = ["export_adapter", "train_adapter"]

ADAPTER = "adapter.gguf"
CHECKPOINT = "checkpoint.pt"
REPORT = "training.json"
SAMPLES = "samples.jsonl"


def train_adapter(
    data_dir: Path,
    out: Path,
    settings: FitSettings,
    *,
    weights: Path,
    progress: Callable[[str], None],
) -> Path:
    """Make the samples, fit, and write the adapter; a stopped run goes on when started again.

    Args:
        data_dir: public data sets.
        out: folder for the adapter, the samples, the checkpoint and `training.json`.
        settings: of the fit.
        weights: GGUF file of the base model.
        progress: told how it goes.

    Returns:
        The adapter's path.
    """
    out.mkdir(parents=True, exist_ok=True)
    samples = _samples(data_dir, out / SAMPLES, settings.seed)
    reader = read_gguf(weights)
    encoded = encode(samples, open_tokenizer(reader), settings.longest)
    progress(f"{len(encoded)} samples, {sum(len(each.ids) for each in encoded)} tokens")
    torch.manual_seed(settings.seed)
    network = AdaptedNetwork(open_network(reader), settings.rank, settings.alpha)
    with torch_threads(settings.threads):
        report = fit(network, encoded, settings, out / CHECKPOINT, progress)
    counted = Counter(f"{sample.job}: {sample.source}" for sample in samples)
    facts = {
        "form": FORM,
        "samples": dict(sorted(counted.items())),
        "settings": asdict(settings),
        "run": asdict(report),
    }
    (out / REPORT).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return export_adapter(out, settings.alpha, weights)


def _samples(data_dir: Path, kept: Path, seed: int) -> list[Sample]:
    """The samples, made once: the reader looks for each of them, which takes minutes."""
    if kept.exists():
        lines = kept.read_text(encoding="utf-8").splitlines()
        return [Sample(**json.loads(line)) for line in lines]
    samples = make_samples(data_dir, seed)
    text = "".join(json.dumps(asdict(each), ensure_ascii=False) + "\n" for each in samples)
    kept.write_text(text, encoding="utf-8")
    return samples


def export_adapter(out: Path, alpha: float, weights: Path) -> Path:
    """Write the adapter of the last checkpoint."""
    adapter = out / ADAPTER
    state = load_checkpoint(out / CHECKPOINT)["adapter"]
    write_adapter(adapter, state, alpha, read_gguf(weights), "mdsa-smollm2")
    return adapter
