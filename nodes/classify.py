"""classify: scores the message, its clauses and its context in one call of the router.

Domains that the caller may not use are scored too, so that their questions are recognised and not
handed to the wrong specialist, but only their highest score is kept, without a name.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, Classification, ClauseScores
from mdsa.nodes.history import question_text
from mdsa.nodes.types import RuntimeNode
from mdsa.router import Route, Router
from mdsa.router.clauses import refers_back, split_clauses

__all__ = ["make_classify", "permitted_scores"]


def make_classify(router: Router, domains: Collection[str]) -> RuntimeNode[AgentState]:
    """Build the node over a router and the graph's domains."""

    def classify(state: AgentState, *, runtime: Runtime[RunContext]) -> dict[str, Any]:
        context = runtime.context or RunContext()
        permitted = frozenset(domains)
        if context.allowed_domains is not None:
            permitted &= frozenset(context.allowed_domains)
        message = question_text(state["messages"])
        clauses = split_clauses(message)
        if len(clauses) == 1:
            clauses = []
        previous = state.get("last_question") or ""
        texts = [message, *clauses, *([f"{previous} {message}"] if previous else [])]
        scored = [
            permitted_scores(text, route, permitted)
            for text, route in zip(texts, router.route(texts), strict=True)
        ]
        classification = Classification(
            message=scored[0],
            clauses=scored[1 : 1 + len(clauses)],
            in_context=scored[-1] if previous else None,
            refers_back=refers_back(message),
            previous_question=previous,
        )
        return {"classification": classification, "answers": None, "sub_queries": []}

    return classify


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
