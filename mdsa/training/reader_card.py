"""The card of the adapter of the reader's encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mdsa.training.licences import licence_of

__all__ = ["CARD_FILE", "render_card"]

CARD_FILE = "README.md"


def render_card(manifest: Mapping[str, Any]) -> str:
    """Write the card as Markdown with the header that the Hugging Face hub reads.

    Args:
        manifest: of `mdsa.training.reader.train_reader`.
    """
    settings, run = manifest["settings"], manifest["run"]
    rows = "\n".join(
        f"| {source} | {each['corpora']:,} | {each['questions']:,} | {each['without_answer']:,} | "
        f"{licence_of(source)} |"
        for source, each in manifest["data"].items()
    )
    chosen = "\n".join(f"- {name}: {value}" for name, value in settings.items())
    return f"""---
license: apache-2.0
language: en
base_model: sentence-transformers/all-MiniLM-L6-v2
library_name: safetensors
tags: [lora, sentence-similarity]
---
# Adapter of all-MiniLM-L6-v2 for MDSA's reader

A low-rank adapter (rank {settings["rank"]}, every linear map of every layer). With it a question
lies near the sentence, the table row or the list that answers it, as one vector and word by word,
and a question without an answer lies far from all of them. `mdsa.embeddings.adapter` adds it to the
weights before they are quantized; `load_embeddings("embedded://minilm-answers")` gives the result.
Texts are encoded under their title and heading (`mdsa.models.reader.sentences.in_context`).

## How it was made

    mdsa train reader --organisations evals/data/organisations/fit --data-dir DATA --out DIR

{run["steps"]:,} steps, {run["seconds"] / 60:.0f} minutes on {settings["threads"]} threads; loss of
late {run["loss"]:.3f}. `own` are the organisations. Those in `evals/data/organisations`, their
documents and what they are asked were made up for MDSA, by language models that saw no other set,
and `fit` alone is for training. Of public sets only the halves that `mdsa.utils.halves` leaves for
fitting are read.

| source | corpora | questions | of them without an answer | licence |
|---|---|---|---|---|
{rows}

{chosen}

## Limits

English. The one that ships learned from short documents (prices, rules, opening hours, steps): on
others it has been measured only as `docs/evals.md` says. Its vectors and those of plain MiniLM are
not comparable.

`adapter.safetensors`: sha256 `{manifest["sha256"]}`
"""
