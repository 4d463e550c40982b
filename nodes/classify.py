"""classify: scores the message, its parts and its context in one call of the router.

Domains that the caller may not use are scored too, so that their questions are recognised and not
handed to the wrong specialist, but only their highest score is kept, without a name. What the
documents of those domains say does not count: scores that it moves would tell of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from typing import Any, NamedTuple

from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, Classification, ClauseScores
from mdsa.nodes.history import last_question_index, message_text, question_text
from mdsa.nodes.types import RuntimeNode
from mdsa.router import Route, Router, best_domains, route_reading
from mdsa.router.clauses import candidate_segments, choose_clauses, refers_back
from mdsa.router.follow_ups import stay_probability

__all__ = ["Turn", "classify_turns", "make_classify", "permitted_scores"]


class Turn(NamedTuple):
    """A message in its session.

    Attributes:
        message: what the user says.
        previous: the question before it; empty where there was none.
        last_domain: the domain that answered last.
        asked_back: what the agent said last ends with a question.
    """

    message: str
    previous: str = ""
    last_domain: str | None = None
    asked_back: bool = False


def make_classify(router: Router, domains: Collection[str]) -> RuntimeNode[AgentState]:
    """Build the node over a router and the graph's domains."""

    def classify(state: AgentState, *, runtime: Runtime[RunContext]) -> dict[str, Any]:
        context = runtime.context or RunContext()
        permitted = frozenset(domains)
        if context.allowed_domains is not None:
            permitted &= frozenset(context.allowed_domains)
        (classification,) = classify_turns(
            router, [_turn(state)], permitted, target_error=context.target_error
        )
        return {"classification": classification, "answers": None, "sub_queries": []}

    return classify


def classify_turns(
    router: Router,
    turns: Sequence[Turn],
    permitted: Collection[str],
    *,
    target_error: float | None = None,
) -> list[Classification]:
    """Classify messages that do not depend on each other, in one call of the router.

    Args:
        router: scores the texts.
        turns: the messages.
        permitted: domains that the callers may use.
        target_error: asks the router for the floor of its prediction sets at this error.
    """
    permitted = frozenset(permitted)
    floor = None if target_error is None else router.score_floor(target_error)
    candidates = [candidate_segments(turn.message) for turn in turns]
    texts: list[str] = []
    for turn, segments in zip(turns, candidates, strict=True):
        texts += [turn.message, *segments.texts]
        texts += [f"{turn.previous} {turn.message}"] if turn.previous else []
    routes = iter(route_reading(router, texts, permitted))
    classifications = []
    for turn, segments in zip(turns, candidates, strict=True):
        message = next(routes)
        parts = [next(routes) for _ in segments.texts]
        in_context = next(routes) if turn.previous else None
        clauses = choose_clauses(segments, message, parts)
        stays = 0.0
        if in_context is not None and turn.last_domain in permitted:
            stays = stay_probability(
                turn.message,
                message,
                in_context,
                str(turn.last_domain),
                asked_back=turn.asked_back,
            )
        reading = f"{turn.previous} {turn.message}"
        classifications.append(
            Classification(
                message=permitted_scores(turn.message, message, permitted),
                clauses=[permitted_scores(text, route, permitted) for text, route in clauses],
                in_context=(
                    None if in_context is None else permitted_scores(reading, in_context, permitted)
                ),
                refers_back=refers_back(turn.message),
                stays=stays,
                score_floor=floor,
                previous_question=turn.previous,
            )
        )
    return classifications


def permitted_scores(text: str, route: Route, permitted: Set[str]) -> ClauseScores:
    """Keep the scores of permitted domains, and of the others no more than the highest."""
    scores, forbidden = dict(route.scores.items()), 0.0
    if not scores.keys() <= permitted:
        forbidden = max(score for name, score in scores.items() if name not in permitted)
        scores = {name: score for name, score in scores.items() if name in permitted}
    best = next(iter(best_domains(scores)), "")
    return ClauseScores(
        text=text,
        scores=scores,
        forbidden=forbidden,
        out_of_scope=route.out_of_scope,
        evidence=route.evidence.get(best, ""),
        by_documents=route.by_documents,
    )


def _turn(state: AgentState) -> Turn:
    before = state["messages"][: max(last_question_index(state["messages"]), 0)]
    said = next((message_text(one) for one in reversed(before) if isinstance(one, AIMessage)), "")
    return Turn(
        message=question_text(state["messages"]),
        previous=state.get("last_question") or "",
        last_domain=state.get("last_domain"),
        asked_back=said.rstrip().endswith("?"),
    )
