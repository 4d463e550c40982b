"""One answer out of several: every fact kept, nothing said twice, nothing added."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import islice

from mdsa.evals.grounded_data import GROUNDED_SETS, GroundedSet, load_grounded
from mdsa.evals.model_bench import ModelBench, latency
from mdsa.evals.routing_report import Section, Target
from mdsa.evals.text_scores import claims, contains, inventions, normal
from mdsa.models.partial_answers import PartialAnswer, merge_prompt
from mdsa.models.passages import Passage
from mdsa.models.reader.sentences import split_passage

__all__ = ["MergeCase", "merge_cases", "merging"]

_ALL = Target(1.0)
_NONE = Target(0.0, at_most=True)
_LONGEST_PART = 400
_REPEATED_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class MergeCase:
    """Parts to merge.

    Attributes:
        message: what the user wrote.
        parts: the answers; the last repeats the first in three cases of ten.
        facts: annotated spans, one of each part.
    """

    message: str
    parts: tuple[PartialAnswer, ...]
    facts: tuple[str, ...]

    @property
    def repeats(self) -> bool:
        """Whether two parts say the same."""
        texts = [part.text for part in self.parts]
        return len(set(texts)) < len(texts)


def merging(bench: ModelBench) -> Section:
    """Two and three answered questions merged into one message."""
    section = Section("merge", "Merged answers keep every fact")
    sets = [load_grounded(name, bench.data_dir) for name in bench.sets or tuple(GROUNDED_SETS)]
    cases = [
        case
        for data in sets
        for case in merge_cases(data, max(1, bench.sample // (2 * len(sets))), bench.seed)
    ]
    prompts = [merge_prompt(case.message, case.parts) for case in cases]
    for reference, model in bench.models():
        asked = bench.ask_all(f"merge: {reference}", model, prompts)
        texts = [str(one.reply.text) if one.reply else "" for one in asked]
        pairs = list(zip(cases, texts, strict=True))
        kept = [all(contains(text, [fact]) for fact in case.facts) for case, text in pairs]
        lost = [
            bool(set().union(*(claims(part.text) for part in case.parts)) - _everything(text))
            for case, text in pairs
        ]
        added = [
            bool(inventions(text, [case.message, *(part.text for part in case.parts)]))
            for case, text in pairs
        ]
        once = [
            normal(text).count(normal(case.parts[0].text)) <= 1
            for case, text in pairs
            if case.repeats
        ]
        subject = f"{len(cases)} messages of 2 or 3 questions"
        shares = [
            bench.share(subject, reference, "every annotated answer kept", kept, _ALL),
            bench.share(
                subject, reference, "every figure and name kept", [not one for one in lost], _ALL
            ),
            bench.share(subject, reference, "invented", added, _NONE),
            bench.share(subject, reference, "repeated answer said once", once),
        ]
        section.figures += [figure for figure in shares if figure]
        section.figures += latency(subject, reference, asked)
        for (case, text), whole, less in zip(pairs, kept, lost, strict=True):
            if not whole or less:
                bench.miss(case.message, reference, facts=case.facts, said=text)
    section.notes.append(
        "The parts are the sentences that answer questions of the held-out halves. A model is "
        "asked as `mdsa.models.partial_answers.merge_prompt` asks it."
    )
    return section


def merge_cases(data: GroundedSet, count: int, seed: int) -> list[MergeCase]:
    """Draw messages of two or three questions with what answers each."""
    rng = random.Random(seed)
    order = rng.sample(data.questions, len(data.questions))
    answered = (
        (question.text, sentence, answer)
        for question in order
        for answer in question.answers[:1]
        if (sentence := _sentence(data.passages[question.passages[0]], answer))
    )
    cases = []
    for number in range(count):
        chosen = list(islice(answered, 2 + number % 2))
        if len(chosen) < 2:
            break
        parts = [PartialAnswer(question, sentence) for question, sentence, _ in chosen]
        if rng.random() < _REPEATED_SHARE:
            parts.append(PartialAnswer(parts[0].question, parts[0].text))
        message = " ".join(question for question, _, _ in chosen)
        cases.append(MergeCase(message, tuple(parts), tuple(answer for _, _, answer in chosen)))
    return cases


def _sentence(passage: str, answer: str) -> str:
    """The sentence that holds an answer; empty where it is long or none does."""
    for sentence in split_passage(Passage(1, "", passage)):
        if contains(sentence.text, [answer]) and len(sentence.text) <= _LONGEST_PART:
            return sentence.text
    return ""


def _everything(text: str) -> set[str]:
    """All that could carry a claim, wherever it stands in its sentence."""
    return claims(text) | set(normal(text).split()) | claims(f"x {text}")
