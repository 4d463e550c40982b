"""Turns the clauses of a message into one question per domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mdsa.graph.context import RunContext
from mdsa.graph.state import ClauseScores, SubQuery
from mdsa.router import best_domains
from mdsa.router.clauses import points_back

__all__ = ["ClauseQuestions", "ask_clauses"]


class ClauseQuestions(NamedTuple):
    """What the clauses ask.

    Attributes:
        questions: in the order of the message.
        declined: clauses that only a forbidden domain takes.
        confidence: in the least sure of the questions.
    """

    questions: list[SubQuery]
    declined: list[str]
    confidence: float


def ask_clauses(clauses: Sequence[ClauseScores], context: RunContext) -> ClauseQuestions:
    """Join clauses to questions.

    Classify has weighed already that the clauses are of several domains, so that each needs less
    confidence than a whole message does. One that is not sure even so belongs to the clause before
    it; one that points back ("does it cost extra?") is told what stands before it.
    """
    threshold = min(context.threshold, context.clause_threshold)
    confidence = 1.0
    questions: list[SubQuery] = []
    declined: list[str] = []
    leading: list[str] = []
    for clause in clauses:
        text, scores = clause["text"], clause["scores"]
        domain = next(iter(best_domains(scores)), None)
        sure = domain is not None and scores[domain] >= threshold
        if clause["forbidden"] >= max(threshold, max(scores.values(), default=0.0)):
            declined.append(text)
        elif questions and (not sure or questions[-1]["domain"] == domain):
            questions[-1]["query"] += f" {text}"
        elif domain is not None and sure:
            before = questions[-1]["query"] if questions and points_back(text) else ""
            query = " ".join([*leading, text])
            questions.append(SubQuery(domain=domain, query=query, context=before))
            confidence = min(confidence, scores[domain])
            leading = []
        else:
            leading.append(text)
    return ClauseQuestions(questions, declined, confidence)
