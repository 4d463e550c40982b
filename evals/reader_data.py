"""SQuAD-style questions for the reader: with their paragraph, without it, and changed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mdsa.errors import InvalidInputError
from mdsa.models.reader.words import STOP_WORDS, distinctive_terms, stem, tokens

__all__ = ["PARTS", "Item", "SquadData", "load_squad"]

PARTS = ("tune", "develop", "report")
_SPLIT_SEED = 7
_DEVELOP_SHARE = 0.51
_DISTRACTORS = 4


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its answer.

    Attributes:
        question: text.
        answer: the annotated span, verbatim from its paragraph.
        paragraph: index of the paragraph.
        start: where the span starts in it, in characters.
    """

    question: str
    answer: str
    paragraph: int
    start: int


@dataclass(frozen=True)
class SquadData:
    """Paragraphs, and questions about them."""

    paragraphs: list[str]
    items: list[Item]

    def part(self, name: str) -> list[Item]:
        """A part of the questions, by a fixed seed.

        `tune`, a half, gave the weights and the threshold; features and rules were chosen with an
        eye on `develop`, half of the rest; `report` is what was looked at least.
        """
        order = list(self.items)
        random.Random(_SPLIT_SEED).shuffle(order)
        half = len(order) // 2
        end = half + round(_DEVELOP_SHARE * (len(order) - half))
        return {"tune": order[:half], "develop": order[half:end], "report": order[end:]}[name]

    def nearest(self, questions: Sequence[str]) -> list[list[int]]:
        """Paragraphs for each question by BM25, best first, enough for gold and distractors."""
        import bm25s

        index = bm25s.BM25()
        index.index(bm25s.tokenize(self.paragraphs, show_progress=False), show_progress=False)
        asked = bm25s.tokenize(list(questions), show_progress=False)
        rows, _ = index.retrieve(asked, k=_DISTRACTORS + 2, show_progress=False)
        return [[int(number) for number in row] for row in rows]


def choose_paragraphs(item: Item, nearest: Sequence[int], *, with_gold: bool) -> list[int]:
    """Five paragraphs in retrieval's order: gold and the nearest four others, or others only."""
    others = [number for number in nearest if number != item.paragraph]
    chosen = {item.paragraph, *others[:_DISTRACTORS]} if with_gold else set(others[:5])
    order = [number for number in nearest if number in chosen]
    return order + sorted(chosen - set(order))


def load_squad(folder: Path) -> SquadData:
    """Read the one JSON file in SQuAD 1.1's form that a folder holds.

    Raises:
        InvalidInputError: there is none.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise InvalidInputError(f"no .json file in {folder}; give the folder of a SQuAD-style set.")
    paragraphs: list[str] = []
    items: list[Item] = []
    for article in json.loads(files[0].read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for row in paragraph["qas"]:
                if row["answers"]:
                    first = row["answers"][0]
                    items.append(
                        Item(row["question"], first["text"], len(paragraphs), first["answer_start"])
                    )
            paragraphs.append(paragraph["context"])
    return SquadData(paragraphs, items)


def swap_name(question: str, passages: str, pool: Sequence[str], rng: random.Random) -> str | None:
    """The question about another name or year, which the passages do not hold: no answer to it."""
    names = [
        word
        for word in re.findall(r"(?<=[a-z] )[A-Z][a-z]+|\b1\d{3}\b|\b20\d\d\b", question)
        if word in passages
    ]
    if not names:
        return None
    old = rng.choice(names)
    new = str(rng.randint(1500, 2020)) if old[0].isdigit() else rng.choice(pool)
    return None if new in passages else question.replace(old, new)


def blur_words(question: str, rng: random.Random, share: float = 0.5) -> str:
    """The question with some ordinary words made unknown, as if it were put in other words."""
    kept = distinctive_terms(question)

    def blur(match: re.Match[str]) -> str:
        word = match.group()
        ordinary = word.lower() not in STOP_WORDS and stem(word) not in kept
        return f"{word}qz" if ordinary and rng.random() < share else word

    return re.sub(r"[A-Za-z]+", blur, question)


def name_pool(questions: Sequence[str]) -> list[str]:
    """Capitalised words of all questions, to swap names with."""
    return sorted(
        {
            word
            for text in questions
            for word in tokens(text)[1:]
            if re.fullmatch(r"[A-Z][a-z]{3,}", word)
        }
    )
