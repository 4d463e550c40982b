"""How much of what is wrong with training rows their checks find.

    python -m mdsa.evals.row_checks --data train.jsonl

It spoils a copy of the rows in known ways, checks them, and counts what was found: rows under a
wrong label drawn at random, copies under the same label and under another, and labels whose rows
are dealt out to two names. The file has faults of its own, so precision is a lower bound. Then it
hides the labels of most rows and compares what a classifier learns from rows that were chosen as
most worth labelling with what it learns from as many rows drawn at random.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdsa.router.encoder import load_encoder
from mdsa.training.data_checks import Encode, check_rows
from mdsa.training.data_probabilities import fitted_probabilities
from mdsa.training.data_report import DataReport
from mdsa.training.data_selection import select_texts
from mdsa.training.rows import LabelledText, read_rows, split_rows

_WRONG_SHARE = 0.02
_COPIES = 50
_SPLIT_LABELS = 5
_FIRST_ROWS = 5
_AGAIN = " (again)"


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Rows with known faults, numbered anew by `line`.

    Attributes:
        rows: all of them.
        wrong: lines under a wrong label, with the right one.
        copies: lines of copies under the same label, with their originals'.
        contradictions: lines of copies under another label, with their originals'.
        split: labels that now have two names.
    """

    rows: list[LabelledText]
    wrong: dict[int, str]
    copies: dict[int, int]
    contradictions: dict[int, int]
    split: list[str]


def spoil(rows: Sequence[LabelledText], seed: int) -> Spoilt:
    """Put known faults into a copy of the rows."""
    draw = random.Random(seed)  # no secret
    labels = sorted({row.label for row in rows})
    split = draw.sample(labels, _SPLIT_LABELS)
    made = [replace(row, domain=None, line=line) for line, row in enumerate(rows, 1)]
    picked = draw.sample(range(len(rows)), round(_WRONG_SHARE * len(rows)) + 2 * _COPIES)
    wrong = {index + 1: rows[index].label for index in picked[2 * _COPIES :]}
    for line, label in wrong.items():
        other = draw.choice([name for name in labels if name != label])
        made[line - 1] = replace(made[line - 1], label=other)
    copies: dict[int, int] = {}
    contradictions: dict[int, int] = {}
    for place, index in enumerate(picked[: 2 * _COPIES]):
        row = made[index]
        line = len(made) + 1
        if place < _COPIES:
            copies[line] = index + 1
            made.append(replace(row, text=_altered(row.text, place, draw), line=line))
        else:
            contradictions[line] = index + 1
            other = draw.choice([name for name in labels if name != row.label])
            made.append(LabelledText(_altered(row.text, place, draw), other, line=line))
    made = [
        replace(row, label=row.label + _AGAIN)
        if row.label in split and draw.random() < 0.5
        else row
        for row in made
    ]
    return Spoilt(made, wrong, copies, contradictions, split)


def found_faults(spoilt: Spoilt, report: DataReport) -> dict[str, object]:
    """Count what of the known faults a report names."""
    lines = [suspect.row.line for suspect in report.suspects]
    foreign = set(spoilt.wrong) | set(spoilt.contradictions) | set(spoilt.contradictions.values())
    right = [line in foreign for line in lines]
    known = [suspect for suspect in report.suspects if suspect.row.line in spoilt.wrong]
    told = sum(
        suspect.guess.removesuffix(_AGAIN) == spoilt.wrong[suspect.row.line or 0]
        for suspect in known
    )
    same = [
        {row.line for row in found.rows} for found in (*report.duplicates, *report.contradictions)
    ]
    identical = [pair for pair in report.confused if pair.identical]
    halves = [pair for pair in identical if pair.second == pair.first + _AGAIN]
    return {
        "wrong labels": len(spoilt.wrong),
        "wrong labels found": len(known),
        "of these with the right guess": told,
        "suspects": len(lines),
        "suspects that are wrong": sum(right),
        "among the first 100": sum(right[:100]),
        "copies found": f"{_found(spoilt.copies, same)} of {len(spoilt.copies)}",
        "contradictions found": f"{_found(spoilt.contradictions, same)} of "
        f"{len(spoilt.contradictions)}",
        "split labels found": f"{len(halves)} of {len(spoilt.split)}",
        "other pairs called identical": len(identical) - len(halves),
    }


def selection_gain(
    rows: Sequence[LabelledText], vectors: NDArray[np.float32], seed: int
) -> dict[str, float]:
    """Accuracy on held-out rows after labelling chosen rows, and after as many at random.

    Five rows a label are known at first, and as many again are labelled.
    """
    place = {id(row): index for index, row in enumerate(rows)}
    rest, held = split_rows(rows, 0.2, seed)
    draw = random.Random(seed)  # no secret
    draw.shuffle(rest)
    names = sorted({row.label for row in rows})
    first: list[LabelledText] = []
    pool: list[LabelledText] = []
    counts = dict.fromkeys(names, 0)
    for row in rest:
        counts[row.label] += 1
        (first if counts[row.label] <= _FIRST_ROWS else pool).append(row)

    def at(some: Sequence[LabelledText]) -> NDArray[np.float32]:
        return vectors[[place[id(row)] for row in some]]

    def indices(some: Sequence[LabelledText]) -> NDArray[np.int64]:
        return np.array([names.index(row.label) for row in some], np.int64)

    def accuracy(some: Sequence[LabelledText]) -> float:
        judged = fitted_probabilities(at(some), indices(some), at(held)).argmax(axis=1)
        return float((judged == indices(held)).mean())

    count = _FIRST_ROWS * len(names)
    sure = fitted_probabilities(at(first), indices(first), at(pool))
    texts = [row.text for row in pool]
    chosen = select_texts(
        texts, at(pool), sure, names, [row.text for row in first], at(first), count
    )
    by_text = {row.text: row for row in pool}
    return {
        "first rows alone": accuracy(first),
        "with random rows": accuracy([*first, *draw.sample(pool, count)]),
        "with chosen rows": accuracy([*first, *(by_text[text.text] for text in chosen)]),
    }


def _altered(text: str, place: int, draw: random.Random) -> str:
    """The text in another spelling: case, punctuation, a filler, a letter left out, in turn."""
    at = draw.randrange(len(text))
    return (
        text.upper(),
        f"{text.rstrip('?.!')} !",
        f"{text.rstrip('?.!')} please",
        text[:at] + text[at + 1 :] if len(text) > 1 else text,
    )[place % 4]


def _found(pairs: dict[int, int], same: Sequence[set[int | None]]) -> int:
    return sum(any({copy, original} <= group for group in same) for copy, original in pairs.items())


def main() -> None:
    """Run all and write one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="labelled rows, a train part")
    parser.add_argument("--encoder", type=Path, help="folder of another encoder")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = read_rows(arguments.data)
    encode: Encode = load_encoder(arguments.encoder).encode
    spoilt = spoil(rows, arguments.seed)
    started, burnt = time.perf_counter(), time.process_time()
    report = check_rows(spoilt.rows, encode=encode)
    seconds = {
        "seconds": round(time.perf_counter() - started, 1),
        "CPU seconds": round(time.process_time() - burnt, 1),
    }
    vectors = encode([row.text for row in rows])
    result = {
        "rows": len(spoilt.rows),
        **seconds,
        **found_faults(spoilt, report),
        "accuracy": selection_gain(rows, vectors, arguments.seed),
    }
    print(json.dumps(result, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
