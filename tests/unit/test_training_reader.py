"""The training of the reader's encoder: what it draws, what it minimises, and how it goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mdsa.embeddings.adapter import adapted_minilm
from mdsa.errors import InvalidInputError, StorageError
from mdsa.training.reader import train_reader
from mdsa.training.reader_data import Corpus, answer_label, load_corpora
from mdsa.training.reader_fit import draw
from mdsa.training.reader_loss import AnswerLoss, late_similarity
from mdsa.training.reader_network import Encoded
from mdsa.training.reader_settings import ReaderSettings

_TEXT = """Parcels cost 4 euros. They take two days.

You need:

- a label
- a box"""
_LIST = "You need: - a label - a box"


@pytest.fixture
def organisations(tmp_path: Path) -> Path:
    domain = {
        "name": "parcels",
        "documents": [{"id": "parcels", "title": "Parcels", "text": _TEXT}],
    }
    questions = [
        {"question": "what do I pay", "sentences": ["Parcels cost 4 euros."]},
        {"question": "how long", "sentences": ["They take two days."]},
        {"question": "what must I have", "sentences": [_LIST]},
        {"question": "can I send a dog", "sentences": []},
    ]
    content = {
        "name": "Post",
        "domains": [domain],
        "shared": [{"id": "hours", "title": "Hours", "text": "We open at nine."}],
        "questions": questions,
        "more": [{"question": "when do you open", "sentences": ["We open at nine."]}],
    }
    folder = tmp_path / "organisations"
    folder.mkdir()
    (folder / "post.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_each_question_is_labelled_with_what_answers_it(organisations: Path) -> None:
    (corpus,) = load_corpora(organisations)

    def answers(question: str) -> list[str]:
        row = corpus.labels[corpus.questions.index(question)]
        return [text for text, label in zip(corpus.texts, row, strict=True) if label > 0]

    assert answers("what do I pay") == ["Parcels: Parcels cost 4 euros."]
    assert answers("when do you open") == ["Hours: We open at nine."]
    assert answers("can I send a dog") == []
    (whole,) = answers("what must I have")
    assert whole.startswith("Parcels: You need:")
    assert "a box" in whole


def test_a_small_part_of_a_list_is_neither_right_nor_wrong() -> None:
    assert answer_label("a label", [_LIST]) == -1
    assert answer_label(_LIST, [_LIST]) == 1
    assert answer_label("We open at nine.", [_LIST]) == 0
    assert answer_label("We open at nine.", []) == 0


def test_a_folder_without_organisations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no \*\.json"):
        load_corpora(tmp_path)
    (tmp_path / "one.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"one\.json"):
        load_corpora(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"questions": [], "more": []}, "nothing is asked"), ({"domains": [], "shared": []}, "texts")],
)
def test_an_organisation_with_nothing_to_learn_is_refused(
    organisations: Path, change: dict[str, object], says: str
) -> None:
    (file,) = organisations.glob("*.json")
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | change), encoding="utf-8")
    with pytest.raises(InvalidInputError, match=rf"post\.json.*{says}"):
        load_corpora(organisations)


def test_a_step_draws_the_answers_of_its_questions_and_what_tempts() -> None:
    labels = np.eye(4, 9, dtype=np.int8)
    labels[3] = 0  # has no answer
    corpus = Corpus("own", tuple("abcdefghi"), ("q0", "q1", "q2", "q3"), labels)
    hard = np.tile(np.arange(4, 8), (4, 1))
    settings = ReaderSettings(questions=4, hard=1)

    for step in range(20):
        asked, texts, drawn = draw([corpus], [hard], settings, step)
        assert sorted(asked) == ["q0", "q1", "q2", "q3"]
        assert {"a", "b", "c"} <= set(texts)
        assert "i" not in texts
        for question, row in zip(asked, drawn, strict=True):
            right = [text for text, label in zip(texts, row, strict=True) if label > 0]
            assert right == {"q0": ["a"], "q1": ["b"], "q2": ["c"], "q3": []}[question]
    assert draw([corpus], [hard], settings, 7)[:2] == draw([corpus], [hard], settings, 7)[:2]


def _encoded(vectors: list[list[list[float]]]) -> Encoded:
    tokens = torch.nn.functional.normalize(torch.tensor(vectors), dim=-1)
    whole = torch.nn.functional.normalize(tokens.mean(1), dim=-1)
    return Encoded(whole, tokens, torch.ones(tokens.shape[:2]))


def test_words_are_met_by_the_nearest_of_a_text() -> None:
    question = _encoded([[[1.0, 0.0], [0.0, 1.0]]])
    texts = _encoded([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [1.0, 0.0]]])
    assert late_similarity(question, texts).tolist() == [[1.0, 0.5]]


def test_the_loss_is_lower_where_the_answer_is_nearest() -> None:
    loss = AnswerLoss(0.05)
    question = _encoded([[[1.0, 0.0]]])
    texts = _encoded([[[1.0, 0.1]], [[0.0, 1.0]]])
    right, wrong, none = (
        loss(question, texts, torch.tensor([row])).item() for row in ([1, 0], [0, 1], [0, 0])
    )
    assert right < none < wrong


def test_a_run_that_is_stopped_goes_on_to_the_same_adapter(
    organisations: Path, tmp_path: Path
) -> None:
    threads = torch.get_num_threads()
    settings = ReaderSettings(steps=4, questions=3, checkpoint_every=2, threads=threads + 1)
    losses: list[float] = []

    def stop(done: int, _steps: int, _loss: float) -> None:
        if done == 3:
            raise KeyboardInterrupt

    whole = train_reader(
        organisations, tmp_path / "whole", settings, progress=lambda *told: losses.append(told[2])
    )
    with pytest.raises(KeyboardInterrupt):
        train_reader(organisations, tmp_path / "parts", settings, progress=stop)
    parts = train_reader(organisations, tmp_path / "parts", settings)

    assert len(losses) == 4
    assert torch.get_num_threads() == threads
    assert parts["sha256"] == whole["sha256"]
    assert parts["data"] == {"own": {"corpora": 1, "questions": 5, "without_answer": 1}}
    assert whole["sha256"] in (tmp_path / "whole" / "README.md").read_text(encoding="utf-8")
    adapted_minilm(tmp_path / "whole").weights()

    others = replace(settings, seed=1), replace(settings, steps=9), replace(settings, rank=2)
    for other in others:
        with pytest.raises(InvalidInputError, match="another folder"):
            train_reader(organisations, tmp_path / "parts", other)

    (tmp_path / "parts" / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(StorageError, match="remove it"):
        train_reader(organisations, tmp_path / "parts", settings)
