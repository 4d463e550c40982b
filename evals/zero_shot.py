"""How well the zero-shot router does on domains that it knows by description alone.

    python -m mdsa.evals.zero_shot --data-dir DATA

The descriptions and keywords (`evals/data/routing_domains`) were written from the names of the
labels, before any text of the sets was looked at. Beside it stands plain similarity over the
packaged MiniLM: the domain with the nearest text, and that with the nearest mean of its texts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdsa.domains.domain_list import read_domain_list
from mdsa.embeddings import load_embeddings
from mdsa.errors import InvalidInputError
from mdsa.evals.perturbations import typos
from mdsa.evals.routing_metrics import auroc
from mdsa.router import RouterDomain
from mdsa.router.background import Background
from mdsa.router.calibration import expected_calibration_error
from mdsa.router.encoder import PACKAGED_FOLDER, TOKENIZER, load_encoder
from mdsa.router.features import Matrix, assemble, features, prepare, stems, word_features
from mdsa.router.spelling import Speller, word_ranks
from mdsa.router.zero_shot import Weights, probabilities

__all__ = ["SETS", "Embedder", "ZeroShotResult", "described_domains", "measure", "zero_shot"]

_FOLDER = Path(__file__).parent / "data" / "routing_domains"
_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a set's rows are, and which other file's rows are in none of its domains."""

    rows: str
    outside: str
    outside_kind: str


SETS = {
    "clinc150": _Source("val", "clinc150/oos_val", "the set's own"),
    "hwu64": _Source("valid", "banking77/val", "questions to a bank"),
    "bitext_support": _Source("dev", "hwu64/valid", "requests to a home assistant"),
}


@dataclass(frozen=True, slots=True)
class ZeroShotResult:
    """Figures of one set, all as fractions.

    Attributes:
        name: the set.
        rows: how many messages belong to a domain.
        accuracy: of the best domain, over those.
        accuracy_with_typos: the same, with one slip in 10 % of the words.
        ece: calibration error of the best domain's probability, over those.
        ece_with_outside: the same with the messages out of scope mixed in, all counted wrong.
        outside_auroc: how well the probability of no domain tells those out of scope.
        outside: what these are.
        minilm_nearest: accuracy of MiniLM's nearest text.
        minilm_mean: accuracy of MiniLM's nearest mean of a domain's texts.
    """

    name: str
    rows: int
    accuracy: float
    accuracy_with_typos: float
    ece: float
    ece_with_outside: float
    outside_auroc: float
    outside: str
    minilm_nearest: float
    minilm_mean: float


class Embedder:
    """Embeds texts, each once.

    Args:
        encode: gives unit vectors; the encoder that ships with MDSA if None.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Matrix] | None = None) -> None:
        self._encode = encode or load_encoder().encode
        self._known: dict[str, Matrix] = {}

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, (texts, dimensions)."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(new), _BATCH):
            some = new[start : start + _BATCH]
            self._known.update(zip(some, self._encode(some), strict=True))
        return np.stack([self._known[text] for text in texts])


def described_domains(name: str) -> tuple[RouterDomain, ...]:
    """Domains of a set as a customer would describe them; named like the set's labels.

    Args:
        name: one of `SETS`.

    Raises:
        InvalidInputError: an unknown name.
    """
    if name not in SETS:
        raise InvalidInputError(f"no descriptions of {name!r}; there are some of {', '.join(SETS)}")
    return tuple(read_domain_list(_FOLDER / f"{name}.json"))


def measure(
    domains: Sequence[RouterDomain],
    texts: Sequence[str],
    embed: Callable[[Sequence[str]], Matrix],
    background: Background | None = None,
) -> Matrix:
    """Features as the router measures them, typos mended: (texts, domains, columns)."""
    table = assemble([prepare(domain, embed) for domain in domains], background)
    speller = Speller(_ranks(), table.vocabulary)
    mended = [speller.mend(text) for text in texts]
    measured = word_features([stems(text) for text in mended], table)
    features(embed(mended), measured, table)
    return measured


def zero_shot(
    data_dir: Path,
    names: Sequence[str] = tuple(SETS),
    embed: Callable[[Sequence[str]], Matrix] | None = None,
    weights: Weights | None = None,
    part: str | None = None,
) -> list[ZeroShotResult]:
    """Measure sets.

    Args:
        data_dir: holds `intent/<set>`.
        names: of `SETS`.
        embed: gives unit vectors; the encoder that ships with MDSA if None.
        weights: the fitted ones if None.
        part: measure on this file instead of the validation part, for example "train".

    Raises:
        InvalidInputError: an unknown set, or a file is missing or not as published.
    """
    embed = embed or Embedder()
    return [_measure_set(data_dir / "intent", name, embed, weights, part) for name in names]


def _measure_set(
    folder: Path,
    name: str,
    embed: Callable[[Sequence[str]], Matrix],
    weights: Weights | None,
    part: str | None,
) -> ZeroShotResult:
    domains, source = described_domains(name), SETS[name]
    rows = _read(folder / name / f"{part or source.rows}.jsonl")
    outside = [text for text, _ in _read(folder / f"{source.outside}.jsonl")]
    known = [domain.name for domain in domains]
    texts, labels = [text for text, _ in rows], np.array([known.index(label) for _, label in rows])
    found = probabilities(measure(domains, texts, embed), weights)
    none = probabilities(measure(domains, outside, embed), weights)
    right = found[:, :-1].argmax(axis=1) == labels
    sure = found[:, :-1].max(axis=1)
    mistyped = measure(domains, [typos(text) for text in texts], embed)
    guessed = probabilities(mistyped, weights)[:, :-1].argmax(axis=1)
    nearest, centre = _minilm(domains, texts)
    return ZeroShotResult(
        name=name,
        rows=len(rows),
        accuracy=float(right.mean()),
        accuracy_with_typos=float((guessed == labels).mean()),
        ece=expected_calibration_error(sure, right),
        ece_with_outside=expected_calibration_error(
            np.concatenate([sure, none[:, :-1].max(axis=1)]),
            np.concatenate([right, np.zeros(len(none), dtype=np.bool_)]),
        ),
        outside_auroc=auroc(found[:, -1], none[:, -1]),
        outside=source.outside_kind,
        minilm_nearest=float((nearest == labels).mean()),
        minilm_mean=float((centre == labels).mean()),
    )


def _minilm(
    domains: Sequence[RouterDomain], texts: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The nearest domains by their nearest text, and by the mean of their texts."""

    def embed(some: Sequence[str]) -> Matrix:
        return np.asarray(load_embeddings().embed_documents(list(some)), dtype=np.float32)

    vectors = embed(texts)
    own = [
        embed([domain.name.replace("_", " "), domain.description, *domain.keywords])
        for domain in domains
    ]
    nearest = np.stack([(vectors @ texts_of.T).max(axis=1) for texts_of in own], axis=1)
    means = np.stack([texts_of.mean(axis=0) for texts_of in own])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return nearest.argmax(axis=1), (vectors @ means.T).argmax(axis=1)


def _read(path: Path) -> list[tuple[str, str]]:
    """Texts with the name of their domain."""
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [
            (
                row.get("text") or row["utterance"],
                row.get("domain") or row.get("category") or row["intent"].split("_")[0],
            )
            for row in rows
        ]
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(f"cannot read {path}: {error!r}") from error


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    return word_ranks(PACKAGED_FOLDER / TOKENIZER)


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--part", help="a file's name without .jsonl, instead of validation")
    arguments = parser.parse_args()
    for result in zero_shot(arguments.data_dir, part=arguments.part):
        print(result)  # noqa: T201


if __name__ == "__main__":
    main()
