"""Trains the adapter that `embedded://smollm2` uses.

    python -m mdsa.training.slm --data-dir DATA --out DIR [--minutes 60]

`DIR/adapter.gguf` is written at the end, and again from the last checkpoint with `--export-only`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from mdsa.models.smollm2.files import find_weights
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

__all__ = ["export_adapter", "main", "train_adapter"]

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


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, or export only."""
    parser = argparse.ArgumentParser(prog="mdsa.training.slm")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="GGUF file; the pulled one by default")
    parser.add_argument("--minutes", type=float, default=FitSettings().minutes)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=FitSettings().threads)
    parser.add_argument("--export-only", action="store_true")
    options = parser.parse_args(arguments)
    settings = FitSettings(minutes=options.minutes, seed=options.seed, threads=options.threads)
    weights = options.weights or find_weights()
    if options.export_only:
        made = export_adapter(options.out, settings.alpha, weights)
    else:
        made = train_adapter(
            options.data_dir, options.out, settings, weights=weights, progress=_show
        )
    _show(str(made))


def _show(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
