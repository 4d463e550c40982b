"""Messages with the right intent or domain: published sets, and a user's own files.

Published sets lie in `DATA/intent/<set>/`, one JSON object a line. Of every set, the train part is
for fitting and the validation part (val, valid, dev, oos_val) for measuring; files named test are
never read.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError
from mdsa.training.rows import read_rows, read_texts

__all__ = [
    "INTENT_SETS",
    "IntentSet",
    "Part",
    "draw_examples",
    "load_intent_set",
    "load_own_set",
]

_SOURCES = {
    "clinc150": "github.com/clinc/oos-eval",
    "banking77": "github.com/PolyAI-LDN/task-specific-datasets",
    "banking77_oos": "github.com/jianguoz/Few-Shot-Intent-Detection",
    "hwu64": "github.com/jianguoz/Few-Shot-Intent-Detection",
    "bitext_support": "github.com/bitext/customer-support-intent-detection-training-dataset",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Texts and, in the same order, their labels."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Part:
        """From pairs of text and label."""
        return cls(tuple(text for text, _ in pairs), tuple(label for _, label in pairs))

    def relabelled(self, names: Mapping[str, str]) -> Part:
        """The same texts under the names that their labels stand for."""
        return Part(self.texts, tuple(names[label] for label in self.labels))

    def by_label(self) -> dict[str, list[str]]:
        """Texts of each label, labels in alphabetical order, texts in that of the file."""
        groups: dict[str, list[str]] = {label: [] for label in sorted(set(self.labels))}
        for text, label in zip(self.texts, self.labels, strict=True):
            groups[label].append(text)
        return groups


@dataclass(frozen=True, slots=True)
class IntentSet:
    """A labelled set.

    Attributes:
        name: identifier.
        title: for people.
        validation: rows to measure on.
        train: rows to fit on; empty where there are none.
        out_of_scope: messages that fit no label, to measure on.
        domains: the domain of each label, where the set has any.
        published_draws: few-shot parts that the publisher drew, by shots.
    """

    name: str
    title: str
    validation: Part
    train: Part = field(default_factory=lambda: Part((), ()))
    out_of_scope: tuple[str, ...] = ()
    domains: Mapping[str, str] = field(default_factory=dict)
    published_draws: Mapping[int, Part] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels, in alphabetical order."""
        return tuple(sorted({*self.train.labels, *self.validation.labels}))


def load_intent_set(name: str, data_dir: Path) -> IntentSet:
    """Read a published set.

    Args:
        name: one of `INTENT_SETS`.
        data_dir: holds `intent/<set>/` with the files.

    Raises:
        InvalidInputError: an unknown name, or a file that is missing or not as described.
    """
    if name not in INTENT_SETS:
        raise InvalidInputError(f"unknown data set {name!r}; known are {', '.join(INTENT_SETS)}.")
    return INTENT_SETS[name](data_dir / "intent")


def load_own_set(validation: Path, train: Path | None = None, oos: Path | None = None) -> IntentSet:
    """Read a user's rows, `{"text", "label"}` a line.

    Args:
        validation: rows to measure on; its name without ending names the set.
        train: rows to draw few-shot examples from.
        oos: out-of-scope messages.

    Raises:
        InvalidInputError: a file cannot be read; or a label stands in one file only.
    """
    parts = []
    for path in (validation, train):
        rows = read_rows(path) if path else []
        parts.append(Part.of([(row.text, row.label) for row in rows]))
    if train and (unknown := set(parts[0].labels) - set(parts[1].labels)):
        raise InvalidInputError(
            f"{validation} has labels without a row in {train}: {', '.join(sorted(unknown)[:5])}; "
            "add examples or remove the rows."
        )
    outside = tuple(read_texts(oos)) if oos else ()
    return IntentSet(validation.stem, validation.stem, parts[0], parts[1], outside)


def draw_examples(part: Part, shots: int, seed: int) -> Part:
    """Draw `shots` distinct texts of each label; all of them where there are no more.

    The draw follows from the seed and the rows, not from their order in the file.
    """
    chooser = random.Random(seed)  # repeatable, no secret
    pairs = []
    for label, texts in part.by_label().items():
        distinct = sorted(set(texts))
        pairs += [(text, label) for text in chooser.sample(distinct, min(shots, len(distinct)))]
    return Part.of(pairs)


def _clinc150(folder: Path) -> IntentSet:
    path = folder / "clinc150" / "train.jsonl"
    intents, areas = (_part(path, label=key).labels for key in ("intent", "domain"))
    domains = dict(zip(intents, areas, strict=True))
    return IntentSet(
        "clinc150",
        f"CLINC150, {len(domains)} intents",
        _part(folder / "clinc150" / "val.jsonl"),
        _part(path),
        _part(folder / "clinc150" / "oos_val.jsonl").texts,
        domains,
    )


def _clinc150_domains(folder: Path) -> IntentSet:
    return _grouped(_clinc150(folder), "clinc150_domains", "CLINC150, {} domains")


def _banking77(folder: Path) -> IntentSet:
    train = _part(folder / "banking77" / "train.jsonl")
    return IntentSet(
        "banking77",
        f"BANKING77, {len(set(train.labels))} intents",
        _part(folder / "banking77" / "val.jsonl"),
        train,
    )


def _banking77_oos(folder: Path) -> IntentSet:
    """50 of BANKING77's intents in scope, 27 out of scope (Zhang et al. 2022, arXiv:2106.04564).

    Its validation rows were drawn from BANKING77's training rows, which are the train part here:
    those are left out of it, as are the rows of the 27 intents.
    """
    valid = _part(folder / "banking77_oos" / "valid.jsonl")
    outside = _part(folder / "banking77_oos" / "id-oos_valid.jsonl").texts
    inside = set(valid.labels)
    measured = {text.strip().casefold() for text in (*valid.texts, *outside)}
    train = _part(folder / "banking77" / "train.jsonl")
    kept = [
        (text, label)
        for text, label in zip(train.texts, train.labels, strict=True)
        if label in inside and text.strip().casefold() not in measured
    ]
    title = f"BANKING77-OOS, {len(inside)} intents"
    return IntentSet("banking77_oos", title, valid, Part.of(kept), outside)


def _hwu64(folder: Path) -> IntentSet:
    train = _part(folder / "hwu64" / "train.jsonl")
    labels = sorted(set(train.labels))
    return IntentSet(
        "hwu64",
        f"HWU64, {len(labels)} intents",
        _part(folder / "hwu64" / "valid.jsonl"),
        train,
        domains={label: label.partition("_")[0] for label in labels},
        published_draws={
            shots: _part(folder / "hwu64" / f"train_{shots}.jsonl") for shots in (5, 10)
        },
    )


def _hwu64_scenarios(folder: Path) -> IntentSet:
    return _grouped(_hwu64(folder), "hwu64_scenarios", "HWU64, {} scenarios")


def _bitext_categories(folder: Path) -> IntentSet:
    train, dev = (
        _part(folder / "bitext_support" / f"{part}.jsonl", "utterance", "category")
        for part in ("train", "dev")
    )
    title = f"bitext support, {len(set(train.labels))} categories"
    return IntentSet("bitext_categories", title, dev, train)


def _grouped(intents: IntentSet, name: str, title: str) -> IntentSet:
    names = set(intents.domains.values())
    return IntentSet(
        name,
        title.format(len(names)),
        intents.validation.relabelled(intents.domains),
        intents.train.relabelled(intents.domains),
        intents.out_of_scope,
    )


def _part(path: Path, text: str = "text", label: str = "intent") -> Part:
    return Part.of(
        [(_string(row, text, path), _string(row, label, path)) for row in _records(path)]
    )


def _string(record: Mapping[str, Any], key: str, path: Path) -> str:
    value = record.get(key)
    if not isinstance(value, str):
        raise InvalidInputError(
            f"{path}: a row without a string {key!r}: {json.dumps(record)[:120]}; it is not as "
            f"published at {_SOURCES[path.parent.name]}."
        )
    return value


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        return [dict(json.loads(line)) for line in lines if line.strip()]
    except OSError as error:
        source = _SOURCES[path.parent.name]
        raise InvalidInputError(
            f"cannot read {path} ({error.strerror}); it is a part of {path.parent.name}, published "
            f"at {source}: save its rows there, one JSON object a line."
        ) from error
    except (ValueError, TypeError) as error:
        raise InvalidInputError(
            f"{path} is not JSON lines in UTF-8 ({error}); save it anew."
        ) from error


INTENT_SETS: dict[str, Callable[[Path], IntentSet]] = {
    "clinc150": _clinc150,
    "clinc150_domains": _clinc150_domains,
    "banking77": _banking77,
    "hwu64": _hwu64,
    "hwu64_scenarios": _hwu64_scenarios,
    "bitext_categories": _bitext_categories,
    "banking77_oos": _banking77_oos,
}
"""Readers by name; each is given the folder `DATA/intent`."""
