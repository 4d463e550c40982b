"""classify: scores the message, its clauses and its context in one call of the router.

Domains that the caller may not use are scored too, so that their questions are recognised and not
handed to the wrong specialist, but only their highest score is kept, without a name.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, Classification, ClauseScores
from mdsa.nodes.history import question_text
from mdsa.nodes.types import RuntimeNode
from mdsa.router import Route, Router
from mdsa.router.clauses import refers_back, split_clauses

__all__ = ["classify_turns", "make_classify", "permitted_scores"]


def make_classify(router: Router, domains: Collection[str]) -> RuntimeNode[AgentState]:
    """Build the node over a router and the graph's domains."""

    def classify(state: AgentState, *, runtime: Runtime[RunContext]) -> dict[str, Any]:
        context = runtime.context or RunContext()
        permitted = frozenset(domains)
        if context.allowed_domains is not None:
            permitted &= frozenset(context.allowed_domains)
        turn = (question_text(state["messages"]), state.get("last_question") or "")
        (classification,) = classify_turns(router, [turn], permitted)
        return {"classification": classification, "answers": None, "sub_queries": []}

    return classify


def classify_turns(
    router: Router, turns: Sequence[tuple[str, str]], permitted: Collection[str]
) -> list[Classification]:
    """Classify messages that do not depend on each other, in one call of the router.

    Args:
        router: scores the texts.
        turns: each message with the question before it; empty where there was none.
        permitted: domains that the callers may use.
    """
    readings = [_texts(message, previous) for message, previous in turns]
    routes = iter(router.route([text for texts in readings for text in texts]))
    classifications = []
    for (message, previous), texts in zip(turns, readings, strict=True):
        scored = [permitted_scores(text, next(routes), permitted) for text in texts]
        classifications.append(
            Classification(
                message=scored[0],
                clauses=scored[1:-1] if previous else scored[1:],
                in_context=scored[-1] if previous else None,
                refers_back=refers_back(message),
                previous_question=previous,
            )
        )
    return classifications


def _texts(message: str, previous: str) -> list[str]:
    """What is scored: the message, its clauses if it has several, and it with its context."""
    clauses = split_clauses(message)
    return [
        message,
        *(clauses if len(clauses) > 1 else []),
        *([f"{previous} {message}"] if previous else []),
    ]


def permitted_scores(text: str, route: Route, permitted: Collection[str]) -> ClauseScores:
    """Keep the scores of permitted domains, and of the others no more than the highest."""
    scores = {name: score for name, score in route.scores.items() if name in permitted}
    others = [score for name, score in route.scores.items() if name not in permitted]
    best = min(scores, key=lambda name: (-scores[name], name), default="")
    return ClauseScores(
        text=text,
        scores=scores,
        forbidden=max(others, default=0.0),
        out_of_scope=route.out_of_scope,
        evidence=route.evidence.get(best, ""),
    )
