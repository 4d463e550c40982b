"""The texts that the general encoder learns from: train parts and unlabelled text, never labels."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["SOURCES", "random_spans", "read_corpus"]

_LONGEST = 400
"""Characters; the encoder is for messages, and longer texts slow every batch they are in."""
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_LONGEST_SPAN = 5


def _rows(path: Path, key: str) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)[key]


def _dialogues(folder: Path) -> Iterator[str]:
    """What users say, and what services are for; the system's turns follow a few templates."""
    for line in (folder / "dialogues.jsonl").read_text(encoding="utf-8").splitlines():
        for turn in json.loads(line)["turns"]:
            if turn["s"] == "U":
                yield turn["t"]
    for service in json.loads((folder / "schema.json").read_text(encoding="utf-8")):
        yield service["description"]
        yield from (part["description"] for part in (*service["intents"], *service["slots"]))


def _paragraphs(path: Path) -> Iterator[str]:
    """Documents only: the questions to them are for evaluations."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            yield from _SENTENCE_END.split(paragraph["context"])


def _abstracts(path: Path) -> Iterator[str]:
    for entry in json.loads(path.read_text(encoding="utf-8")).values():
        for context in entry["CONTEXTS"]:
            yield from _SENTENCE_END.split(context)


SOURCES: dict[str, Callable[[Path], Iterator[str]]] = {
    "intent/clinc150 (train, oos_train)": lambda data: (
        text
        for name in ("train", "oos_train")
        for text in _rows(data / f"intent/clinc150/{name}.jsonl", "text")
    ),
    "intent/banking77 (train)": lambda data: _rows(data / "intent/banking77/train.jsonl", "text"),
    "intent/hwu64 (train)": lambda data: _rows(data / "intent/hwu64/train.jsonl", "text"),
    "intent/bitext_support (train)": lambda data: _rows(
        data / "intent/bitext_support/train.jsonl", "utterance"
    ),
    "multi_intent/mixsnips_clean (train, every third)": lambda data: islice(
        _rows(data / "multi_intent/mixsnips_clean/train.jsonl", "text"), 0, None, 3
    ),
    "multi_intent/mixatis_clean (train, every third)": lambda data: islice(
        _rows(data / "multi_intent/mixatis_clean/train.jsonl", "text"), 0, None, 3
    ),
    "dialogue/sgd_train": lambda data: _dialogues(data / "dialogue/sgd_train"),
    "rag/xquad_en (paragraphs)": lambda data: _paragraphs(data / "rag/xquad_en/xquad.en.json"),
    "rag/pubmedqa (abstracts)": lambda data: _abstracts(
        data / "rag/pubmedqa/pubmedqa_first500.json"
    ),
    "unlabelled/sentences.txt": lambda data: iter(
        (data / "unlabelled/sentences.txt").read_text(encoding="utf-8").splitlines()
    ),
}
"""Texts by where they come from, under the data folder."""


def read_corpus(data_dir: Path) -> dict[str, list[str]]:
    """Read all texts, each once, by source.

    Args:
        data_dir: holds the folders that `SOURCES` names.

    Raises:
        InvalidInputError: a source is missing or not as published; names it.
    """
    seen: set[str] = set()
    corpus: dict[str, list[str]] = {}
    for name, read in SOURCES.items():
        try:
            texts = [" ".join(_text(value).split())[:_LONGEST] for value in read(data_dir)]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidInputError(
                f"cannot read {name} under {str(data_dir)!r} ({error!r}); --data-dir must hold the "
                "public data sets that the model card lists."
            ) from error
        fresh = [text for text in dict.fromkeys(texts) if text and text not in seen]
        seen.update(fresh)
        corpus[name] = fresh
    return corpus


def random_spans(texts: list[str], count: int, rng: random.Random) -> list[str]:
    """Cut phrases of one to five words, which is what names and keywords of domains look like."""
    spans = []
    for text in rng.choices(texts, k=count):
        words = text.split()
        length = rng.randint(1, min(_LONGEST_SPAN, len(words)))
        start = rng.randint(0, len(words) - length)
        spans.append(" ".join(words[start : start + length]).strip(" .,;:!?\"'"))
    return [span for span in spans if span]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
