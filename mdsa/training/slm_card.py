"""The folder in which the adapter ships: the file, its manifest and its card."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdsa.models.smollm2.files import WEIGHTS_FILE, WEIGHTS_SHA256
from mdsa.training.licences import licence_of

__all__ = ["write_adapter_folder"]


def write_adapter_folder(
    trained: Path, folder: Path, figures: Mapping[str, tuple[str, str]]
) -> None:
    """Put the adapter, `manifest.json` and `README.md` into a folder.

    Args:
        trained: what `mdsa.training.slm` wrote: `adapter.gguf` and `training.json`.
        folder: to write to.
        figures: measured with the adapter and without, by what was measured.

    Raises:
        OSError: a file is missing or cannot be written.
    """
    facts = json.loads((trained / "training.json").read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    data = (trained / "adapter.gguf").read_bytes()
    shutil.copyfile(trained / "adapter.gguf", folder / "adapter.gguf")
    manifest = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "form": facts["form"],
        "base": {"file": WEIGHTS_FILE, "sha256": WEIGHTS_SHA256},
        **{name: facts[name] for name in ("samples", "settings", "run")},
    }
    text = json.dumps(manifest, indent=1)
    (folder / "manifest.json").write_text(f"{text}\n", encoding="utf-8")
    card = _card(manifest, figures)
    (folder / "README.md").write_text(card, encoding="utf-8")


def _card(manifest: Mapping[str, Any], figures: Mapping[str, tuple[str, str]]) -> str:
    settings, run = manifest["settings"], manifest["run"]
    sources = "\n".join(
        f"| {name} | {count:,} | {licence_of(name.split(': ')[1])} |"
        for name, count in manifest["samples"].items()
    )
    measured = "\n".join(
        f"| {what} | {bare} | {adapted} |" for what, (bare, adapted) in figures.items()
    )
    shares = "CC-BY-SA-4.0 data (XQuAD, SGD) is among the sources; see each for its terms."
    return f"""---
license: apache-2.0
language: en
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
library_name: gguf
tags: [lora, llama.cpp]
---
# Adapter of SmolLM2-135M-Instruct for MDSA

A low-rank adapter (rank {settings["rank"]}, every linear map of every layer) in llama.cpp's GGUF
form, for `{WEIGHTS_FILE}`. It words the sentences that the reader finds in passages, writes tool
calls as JSON, cuts a message into questions, and merges answers. The prompts are
those of `mdsa.models.smollm2.prompt`, form {manifest["form"]}; on others it was not trained.

## How it was made

    mdsa train slm --data-dir DATA --out DIR --minutes {settings["minutes"]:g}

{run["steps"]:,} steps, {run["tokens"]:,} tokens with padding, {run["seconds"] / 60:.0f} minutes on
a share of two CPU cores; the samples were not all seen once. Base weights dequantized from the file
that runs, bfloat16; loss on the answers only; AdamW, highest rate {settings["rate"]:g}, batches of
{settings["batch_tokens"]:,} tokens, samples of at most {settings["longest"]} tokens, seed
{settings["seed"]}.

Of XQuAD, PolicyQA, COVID-QA and BFCL only the half that `mdsa.utils.halves` leaves for fitting was
read, of CLINC150 and HWU64 the training part. {shares}

| job and source | samples made | licence of the source |
|---|---|---|
{sources}

## Figures

Held-out halves and sets of our own (`target_…`); `mdsa eval answers` and `mdsa eval tools`. Both
columns run with the reader beside them, as `embedded://smollm2` and `embedded://smollm2-base` do.
In brackets, 95 % intervals (Wilson). The sets of our own were written before the training, and
nothing of them was trained on; but rules of the run time around the model (when the reader may be
overruled, values with a number behind them, choices said word for word, calls that repeat another
one's values) were set after a first run on them, so that their figures flatter.

| what | without the adapter | with it |
|---|---|---|
{measured}

## Limits

English. 135 million parameters: it copies better than it reasons, and mistakes near misses for
answers. It guesses domains and optional arguments, so that MDSA has the router name the domains and
offers it only values that the message states. What it says is checked
(`mdsa.models.smollm2.wording`, `mdsa.models.grounding`), and the reader's sentences stand where it
says something else.

`adapter.gguf`: sha256 `{manifest["sha256"]}`
"""
