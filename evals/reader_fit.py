"""Fits the reader's weights on two sets of questions that count the same.

    python -m mdsa.evals.reader_fit --data-dir DIR
        --dev evals/data/reader_dev.json evals/data/organisations/calibration

The first are the questions of XQuAD's half that is for fitting (see `mdsa.utils.halves`). Every one
is seen with its passage among hard distractors, without it, with a name swapped for one that the
passages do not hold (no answer), and with half of its ordinary words made unknown to the word
features, while the encoder still reads them (a paraphrase). The order of the passages is shuffled
for 3 in 10 questions. COVID-QA and PolicyQA changed nothing where they were added.

The second are questions about organisations, in other words than their documents, with the passages
that the product retrieves for them, and again without the document that answers. The encoder was
trained on other organisations, and not on XQuAD: to what it was trained on it would look better
than it is.

The model is McFadden's conditional logit ("Conditional logit analysis of qualitative choice
behavior", 1974): the sentences of one question compete with each other and with no answer. It ranks
them better than a logistic regression of each sentence by itself, which also learns how hard the
question is. What `fixed_terms` adds is a given. The penalty is on squares (L2).

Two sets of weights are printed: for the encoder that ships (`mdsa train reader` made it), which
tells what tokens mean, and for others, fitted to plain MiniLM without its tokens.

`--by-organisation` prints instead how well the best sentence does on each organisation's questions,
with weights fitted without that organisation, at the reader's threshold; the threshold was chosen
by it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mdsa.embeddings import ANSWER_MODEL, DEFAULT_MODEL, load_embeddings
from mdsa.embeddings.token_vectors import TokenVectors
from mdsa.evals.grounded_data import GroundedCase, GroundedSet, load_grounded
from mdsa.evals.reader_data import blur_words, moved_spans, name_pool, swap_name
from mdsa.evals.reader_dev import DevQuestion, load_dev
from mdsa.evals.text_scores import contains
from mdsa.models.passages import Passage
from mdsa.models.reader.answer_units import answer_units
from mdsa.models.reader.chat_model import ReaderChatModel
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import FEATURES, Question, features
from mdsa.models.reader.fixed_terms import fixed_terms
from mdsa.models.reader.late_interaction import LATE_FEATURES
from mdsa.models.reader.sentences import split_passage
from mdsa.training.reader_data import answer_label, flat

__all__ = ["Group", "balanced", "dev_groups", "fit", "grounded_groups", "held_out", "main"]

_CONDITIONS = ("present", "absent", "swapped", "blurred", "blurred_absent")
_SHUFFLED_SHARE = 0.3
_SET = "xquad_en"
_MOST = 1000
_PENALTY = 0.2
_TOKEN_BYTES = 2**30

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Group:
    """The sentences of one question.

    Attributes:
        rows: features, one row a sentence.
        given: what is added to each sentence's log-odds.
        labels: whether each answers, 0 or 1; all 0 where the question has no answer.
        weight: what the question counts.
    """

    rows: Matrix
    given: Matrix
    labels: Matrix
    weight: float = 1.0


class _Aliased(CachedEncoder):
    """Encodes a blurred question as the question it was made from."""

    def __init__(self, embeddings: Embeddings) -> None:
        super().__init__(embeddings, size=200_000, token_bytes=_TOKEN_BYTES)
        self.aliases: dict[str, str] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().encode([self.aliases.get(text, text) for text in texts])

    def encode_tokens(self, texts: Sequence[str]) -> list[TokenVectors] | None:
        originals = [self.aliases.get(text, text) for text in texts]
        found = super().encode_tokens(originals)
        if found is None:
            return None
        return [
            replace(each, spans=tuple(moved_spans(each.spans, original, text)))
            for each, original, text in zip(found, originals, texts, strict=True)
        ]


def grounded_groups(
    data: GroundedSet, count: int, embeddings: Embeddings, seed: int = 1
) -> list[Group]:
    """Every question in every condition.

    Args:
        data: the half of a set that is for fitting.
        count: how many questions.
        embeddings: what the reader encodes with.
        seed: of draws.
    """
    rng = random.Random(seed)
    encoder = _Aliased(embeddings)
    there, _ = data.cases(count, 0, seed)
    _, absent = data.cases(0, count, seed)
    pool = name_pool([case.question for case in [*there, *absent]])
    groups: list[Group] = []
    for case in [*there, *absent]:
        for condition in _CONDITIONS:
            if condition.endswith("absent") == (case.gold is not None):
                continue
            shown = _shuffled(case, rng) if rng.random() < _SHUFFLED_SHARE else case
            text: str | None = case.question
            if condition == "swapped":
                text = swap_name(case.question, " ".join(case.passages), pool, rng)
            elif condition.startswith("blurred"):
                text = blur_words(case.question, rng)
                encoder.aliases[text] = case.question
            if text is None:
                continue
            passages = [Passage(place, "", each) for place, each in enumerate(shown.passages, 1)]
            answers = _answering(shown) if condition in ("present", "blurred") else []
            groups.append(_group(text, passages, answers, encoder))
    return groups


def _shuffled(case: GroundedCase, rng: random.Random) -> GroundedCase:
    order = rng.sample(range(len(case.passages)), len(case.passages))
    gold = None if case.gold is None else order.index(case.gold)
    return GroundedCase(
        case.question, case.answers, tuple(case.passages[place] for place in order), gold
    )


def _answering(case: GroundedCase) -> list[str]:
    """The sentences of its passage that hold an annotated span."""
    if case.gold is None:
        return []
    sentences = split_passage(Passage(1, "", case.passages[case.gold]))
    return [flat(one.text) for one in sentences if contains(one.text, case.answers)]


def dev_groups(questions: Sequence[DevQuestion], encoder: CachedEncoder) -> list[Group]:
    """Every question with its passages and, where it has an answer, with others only."""
    groups: list[Group] = []
    for question in questions:
        groups.append(_group(question.text, question.passages, question.answers, encoder))
        if question.answers:
            groups.append(_group(question.text, question.others, [], encoder))
    return groups


def _group(
    text: str, passages: Sequence[Passage], answers: Sequence[str], encoder: CachedEncoder
) -> Group:
    sentences = [sentence for passage in passages for sentence in split_passage(passage)]
    titles = {passage.id: passage.title for passage in passages}
    candidates = answer_units(sentences, titles)
    labels = np.array([answer_label(flat(each.text), answers) for each in candidates], np.float64)
    kept = labels >= 0
    question = Question(text)
    rows = features(question, candidates, titles, encoder)
    given = fixed_terms(question, candidates, titles)
    return Group(rows[kept], given[kept], labels[kept])


def fit(groups: Sequence[Group], penalty: float = _PENALTY) -> tuple[float, Matrix]:
    """Intercept and weights of a conditional logit; the intercept is not penalised."""
    from scipy.optimize import minimize

    inputs = np.vstack([group.rows for group in groups])
    inputs = np.hstack([np.ones((len(inputs), 1)), inputs])
    given = np.concatenate([group.given for group in groups])
    labels = np.concatenate([group.labels for group in groups])
    owner = np.repeat(np.arange(len(groups)), [len(group.labels) for group in groups])
    counts = np.array([group.weight for group in groups])
    answerable = np.bincount(owner, labels, minlength=len(groups)) > 0

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        odds = np.exp(np.clip(inputs @ weights + given, -40, 40))
        total = 1 + np.bincount(owner, odds, minlength=len(groups))
        right = np.bincount(owner, odds * labels, minlength=len(groups))
        right = np.where(answerable, right, 1.0)  # no answer has the odds of one
        value = -np.sum(counts * np.log(right / total)) + penalty / 2 * weights[1:] @ weights[1:]
        wanted = np.where(answerable[owner], odds * labels / right[owner], 0.0)
        slope = inputs.T @ (counts[owner] * (odds / total[owner] - wanted))
        slope[1:] += penalty * weights[1:]
        return float(value), slope

    found = minimize(
        loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 1000}
    )
    return float(found.x[0]), np.asarray(found.x[1:])


def balanced(first: Sequence[Group], second: Sequence[Group]) -> list[Group]:
    """Both sets, with the first's weights changed so that it counts as much as the second."""
    weight = len(second) / max(len(first), 1)
    return [*(Group(g.rows, g.given, g.labels, weight) for g in first), *second]


def held_out(
    first: Sequence[Group], by_organisation: Mapping[str, Sequence[Group]], threshold: float
) -> dict[str, dict[str, float]]:
    """Shares for each organisation with weights fitted without it, of the best sentence alone.

    Args:
        first: groups of the other set, in every fit.
        by_organisation: groups of each.
        threshold: probability below which the best sentence is no answer.
    """
    report = {}
    for name, groups in by_organisation.items():
        others = [g for key, each in by_organisation.items() if key != name for g in each]
        intercept, weights = fit(balanced(first, others))
        right: list[bool] = []
        said: list[bool] = []
        for group in groups:
            logits = group.rows @ weights + intercept + group.given
            right.append(bool(group.labels[logits.argmax()] > 0))
            said.append(bool(1 / (1 + np.exp(-logits.max())) >= threshold))
        answerable = np.array([group.labels.any() for group in groups])
        shown, correct = np.array(said), np.array(right)
        report[name] = {
            "found": int(answerable.sum()),
            "best_right": float(correct[answerable].mean()),
            "said_right": float((correct & shown)[answerable].mean()),
            "said_wrong": float((~correct & shown)[answerable].mean()),
            "abstained_without_answer": float((~shown)[~answerable].mean()),
        }
    return report


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the fitted weights as JSON, ready for `mdsa.models.reader.scoring`.

    Those for encoders that give no vectors of tokens come second.
    """
    parser = argparse.ArgumentParser(prog="mdsa.evals.reader_fit")
    parser.add_argument("--data-dir", type=Path, required=True, help="holds rag/")
    parser.add_argument(
        "--dev", type=Path, nargs="+", required=True, help="questions by organisation"
    )
    parser.add_argument("--by-organisation", action="store_true", help="cross-validate instead")
    options = parser.parse_args(arguments)
    questions = [each for path in options.dev for each in load_dev(path, load_embeddings())]
    data = load_grounded(_SET, options.data_dir, held_out=False)
    result: dict[str, Any] = {}
    for label, model, names in (
        ("own_encoder", ANSWER_MODEL, (*FEATURES, *LATE_FEATURES)),
        ("others", DEFAULT_MODEL, FEATURES),
    ):
        embeddings = load_embeddings(model)
        first = _with_columns(grounded_groups(data, _MOST, embeddings), len(names))
        by_organisation = {
            name: _with_columns(groups, len(names))
            for name, groups in _by_organisation(questions, embeddings).items()
        }
        if options.by_organisation:
            result[label] = held_out(first, by_organisation, ReaderChatModel().threshold)
            continue
        groups = balanced(first, [group for each in by_organisation.values() for group in each])
        intercept, weights = fit(groups)
        result[label] = {
            "groups": len(groups),
            "intercept": round(intercept, 2),
            "weights": {n: round(float(w), 2) for n, w in zip(names, weights, strict=True)},
        }
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


def _by_organisation(
    questions: Sequence[DevQuestion], embeddings: Embeddings
) -> dict[str, list[Group]]:
    encoder = CachedEncoder(embeddings, size=200_000, token_bytes=_TOKEN_BYTES)
    found: dict[str, list[Group]] = {}
    for question in questions:
        found.setdefault(question.organisation, []).extend(dev_groups([question], encoder))
    return found


def _with_columns(groups: Sequence[Group], count: int) -> list[Group]:
    return [replace(group, rows=group.rows[:, :count]) for group in groups]


if __name__ == "__main__":
    main()
