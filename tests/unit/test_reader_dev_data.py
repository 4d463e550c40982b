"""The reader's tuning questions: well formed, true to their documents, and in other words."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

_FILE = Path(__file__).parents[2] / "evals" / "data" / "reader_dev.json"
_KINDS = {
    *("duration", "time", "money", "count", "place", "person"),
    *("yes_no", "steps", "reason", "code", "other"),
}


@pytest.fixture(scope="module")
def organisations() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))["organisations"]
    return found


def _questions(organisations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [question for each in organisations for question in each["questions"]]


def _content_words(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W_]+", text.lower()) if len(word) > 3}


def test_document_ids_are_unique(organisations: list[dict[str, Any]]) -> None:
    ids = [document["id"] for each in organisations for document in each["documents"]]
    assert [name for name, times in Counter(ids).items() if times > 1] == []


def test_questions_are_unique(organisations: list[dict[str, Any]]) -> None:
    asked = [question["question"].lower() for question in _questions(organisations)]
    assert [text for text, times in Counter(asked).items() if times > 1] == []


def test_every_answer_stands_verbatim_in_its_document(
    organisations: list[dict[str, Any]],
) -> None:
    for each in organisations:
        texts = {document["id"]: document["text"] for document in each["documents"]}
        for question in each["questions"]:
            if question["document"] is None:
                assert question["sentences"] == [], question["question"]
                continue
            assert question["sentences"], question["question"]
            for sentence in question["sentences"]:
                assert sentence.strip() == sentence != ""
                assert sentence in texts[question["document"]], question["question"]


def test_there_is_enough_of_each(organisations: list[dict[str, Any]]) -> None:
    assert len(organisations) == 3
    for each in organisations:
        assert 14 <= len(each["documents"]) <= 16
        answerable = [q for q in each["questions"] if q["document"] is not None]
        assert len(answerable) >= 40
        assert {q["document"] for q in answerable} == {d["id"] for d in each["documents"]}
        for document in each["documents"]:
            assert 120 <= len(document["text"].split()) <= 250, document["id"]
    unanswerable = [q for q in _questions(organisations) if q["document"] is None]
    assert len(unanswerable) >= 25
    assert 0.1 <= len(unanswerable) / len(_questions(organisations)) <= 0.4


def test_every_kind_is_asked(organisations: list[dict[str, Any]]) -> None:
    kinds = Counter(q["kind"] for q in _questions(organisations) if q["document"] is not None)
    assert set(kinds) == _KINDS
    assert min(kinds.values()) >= 8


def test_most_questions_use_other_words_than_their_answer(
    organisations: list[dict[str, Any]],
) -> None:
    answerable = [q for q in _questions(organisations) if q["document"] is not None]
    paraphrased = 0
    for question in answerable:
        asked = _content_words(question["question"])
        said = _content_words(" ".join(question["sentences"]))
        paraphrased += len(asked & said) <= 0.6 * len(asked)
    assert paraphrased >= 0.6 * len(answerable)
