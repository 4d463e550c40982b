"""What quantized weights of a model cost and save: memory, speed, and how near the output stays.

python -m mdsa.evals.quantization MODEL [--device cpu] [--tokens 48]
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mdsa.models.hugging_face.weights import LoadedModel, LocalWeights
from mdsa.models.quantization import QuantizationType

__all__ = ["QuantizationRow", "measure", "render"]

_PROMPTS = (
    "The parcel was sent on Monday and it should arrive",
    "Water boils at a temperature of",
    "To reset the password of your account, open the settings and",
)


@dataclass(frozen=True, slots=True)
class QuantizationRow:
    """One way to store the weights.

    Attributes:
        kind: `none`, `int8` or `int4`.
        dtype: of what is not quantized.
        weights_mb: parameters and buffers in memory, in 10^6 bytes.
        read_per_s: tokens of a prompt read in a second.
        written_per_s: tokens written in a second.
        cosine: mean similarity of the next token's scores with those of float32 weights.
        same_tokens: share of the float32 model's likeliest tokens that it gives too, each behind
            the same text.
    """

    kind: str
    dtype: str
    weights_mb: float
    read_per_s: float
    written_per_s: float
    cosine: float
    same_tokens: float


def measure(
    source: str,
    kinds: Sequence[QuantizationType | None] = (None, *QuantizationType),
    *,
    device: str = "cpu",
    tokens: int = 48,
) -> list[QuantizationRow]:
    """Load a model in each way, one after another.

    Args:
        source: hub id or folder.
        kinds: ways to store the weights.
        device: `auto`, `cpu`, `cuda` or `mps`.
        tokens: written behind each of three prompts.

    Raises:
        ModelUnavailableError: the model, or a package that a kind needs, is missing.
    """
    import torch

    plain = LocalWeights(source, device).load()
    plain.model.float()
    texts = [_continue(plain, prompt, tokens) for prompt in _PROMPTS]
    expected = [_scores(plain, text) for text in texts]
    del plain
    gc.collect()
    rows = []
    for kind in kinds:
        weights = LocalWeights(source, device, kind)
        loaded = weights.load()
        scores = [_scores(loaded, text) for text in texts]
        near = torch.cat(
            [
                torch.cosine_similarity(own, other, dim=-1)
                for own, other in zip(scores, expected, strict=True)
            ]
        )
        same = torch.cat(
            [
                own.argmax(-1) == other.argmax(-1)
                for own, other in zip(scores, expected, strict=True)
            ]
        )
        read, written = _speed(loaded, tokens)
        rows.append(
            QuantizationRow(
                kind=str(kind or "none"),
                dtype=weights.dtype,
                weights_mb=_size(loaded.model) / 1e6,
                read_per_s=read,
                written_per_s=written,
                cosine=float(near.mean()),
                same_tokens=float(same.float().mean()),
            )
        )
        del loaded
        weights.release()
    return rows


def render(rows: Sequence[QuantizationRow]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| weights | besides | MB | read tokens/s | written tokens/s | cosine | same tokens |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.kind} | {row.dtype} | {row.weights_mb:.0f} | {row.read_per_s:.1f} | "
        f"{row.written_per_s:.1f} | {row.cosine:.4f} | {row.same_tokens:.1%} |"
        for row in rows
    ]
    return "\n".join(lines)


def _continue(loaded: LoadedModel, prompt: str, tokens: int) -> Any:
    import torch

    inputs = loaded.tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
    with torch.inference_mode():
        return loaded.model.generate(
            **inputs.to(loaded.model.device),
            max_new_tokens=tokens,
            min_new_tokens=tokens,
            do_sample=False,
        )


def _scores(loaded: LoadedModel, text: Any) -> Any:
    import torch

    with torch.inference_mode():
        return loaded.model(text.to(loaded.model.device)).logits[0].float().cpu()


def _speed(loaded: LoadedModel, tokens: int) -> tuple[float, float]:
    import torch

    prompt = " ".join(_PROMPTS * 4)
    inputs = loaded.tokenizer(prompt, return_tensors="pt", return_token_type_ids=False)
    ids = inputs["input_ids"].to(loaded.model.device)
    with torch.inference_mode():
        loaded.model(ids)  # the first run sets kernels up
        began = time.perf_counter()
        loaded.model(ids).logits[0, -1].argmax().item()
        read = ids.shape[1] / (time.perf_counter() - began)
    began = time.perf_counter()
    _continue(loaded, _PROMPTS[0], tokens)
    return read, tokens / (time.perf_counter() - began)


def _size(model: Any) -> int:
    parts = [*model.parameters(), *model.buffers()]
    return sum(part.numel() * part.element_size() for part in parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("model", help="hub id or folder")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda or mps")
    parser.add_argument("--tokens", type=int, default=48, help="tokens written behind a prompt")
    parser.add_argument("--threads", type=int, help="of torch; all cores where it is left out")
    parser.add_argument("--json", action="store_true", help="print rows as JSON")
    arguments = parser.parse_args()
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    rows = measure(arguments.model, device=arguments.device, tokens=arguments.tokens)
    text = json.dumps([asdict(row) for row in rows]) if arguments.json else render(rows)
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
