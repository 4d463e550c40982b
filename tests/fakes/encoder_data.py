"""The public data sets in small: a few lines of every source, as their publishers lay them out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["write_encoder_data"]

_VERBS = ("cancel", "track", "send", "change", "find", "pay")
_THINGS = ("order", "parcel", "invoice", "password", "address", "card", "refund")


def write_encoder_data(folder: Path) -> None:
    """Write everything that the encoder's corpus reads, and validation files that it must not."""
    texts = [f"please {verb} my {thing}" for verb in _VERBS for thing in _THINGS]
    for name in ("clinc150", "banking77", "hwu64"):
        _lines(
            folder / f"intent/{name}/train.jsonl", [{"text": f"{text} {name}"} for text in texts]
        )
        _lines(folder / f"intent/{name}/val.jsonl", [{"text": f"held out {name}"}])
    _lines(folder / "intent/clinc150/oos_train.jsonl", [{"text": "why is the sky blue"}])
    _lines(folder / "intent/bitext_support/train.jsonl", [{"utterance": f"{t} now"} for t in texts])
    for name in ("mixsnips_clean", "mixatis_clean"):
        rows = [{"text": f"{text} and play {name}"} for text in texts]
        _lines(folder / f"multi_intent/{name}/train.jsonl", rows)
    turns = [
        {"s": "U", "t": "i want to eat out"},
        {"s": "S", "t": "where would you like to eat"},
    ]
    _lines(folder / "dialogue/sgd_train/dialogues.jsonl", [{"id": "1", "turns": turns}])
    part = {"name": "x", "description": "find a place to eat"}
    service = {"description": "restaurants", "intents": [part], "slots": [part]}
    _write(folder / "dialogue/sgd_train/schema.json", json.dumps([service]))
    paragraphs = [{"context": "A river runs here. It is long.", "qas": []}]
    _write(
        folder / "rag/xquad_en/xquad.en.json", json.dumps({"data": [{"paragraphs": paragraphs}]})
    )
    _write(
        folder / "rag/pubmedqa/pubmedqa_first500.json",
        json.dumps({"1": {"CONTEXTS": ["We measured it. It grew."]}}),
    )
    _write(folder / "unlabelled/sentences.txt", "the museum opens at nine\n")
    question = {"question": [[{"role": "user", "content": "what is the area of a square"}]]}
    _lines(folder / "tools/bfcl/simple_python.jsonl", [question])


def _lines(path: Path, rows: list[dict[str, Any]]) -> None:
    _write(path, "".join(f"{json.dumps(row)}\n" for row in rows))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
