"""gate: decides among direct, decompose, clarify and unmatched, and says why.

Every setting stands in the run's context, so that an evaluation can sweep it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from langgraph.runtime import Runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import (
    AgentState,
    Classification,
    ClauseScores,
    Decision,
    RouteState,
    SubQuery,
)
from mdsa.router.clauses import points_back

__all__ = ["Verdict", "decide", "gate"]

_ORDINALS = ("first", "second", "third", "fourth")
# fmt: off
_FILLERS = frozenset(
    {
        "a", "about", "an", "and", "for", "i", "is", "it", "its", "m", "mean", "meant", "my", "of",
        "on", "one", "please", "question", "s", "that", "the", "this", "to", "yes",
    }
)
# fmt: on
_MOST_BESIDES = 2
"""Words of an answer to a question back that neither name a choice nor fill."""


class Verdict(NamedTuple):
    """A route and what it asks of which domains."""

    route: RouteState
    sub_queries: list[SubQuery]


def gate(state: AgentState, *, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """The node: decide from this turn's classification."""
    found = state.get("classification")
    if found is None:
        raise ValueError("gate needs the classification that classify writes; run classify first")
    verdict = decide(
        found,
        runtime.context or RunContext(),
        last_domain=state.get("last_domain"),
        choices=state.get("pending_clarification") or (),
    )
    return {
        "route": verdict.route,
        "sub_queries": verdict.sub_queries,
        "classification": None,
        "pending_clarification": None,
    }


def decide(
    found: Classification,
    context: RunContext,
    *,
    last_domain: str | None = None,
    choices: Collection[str] = (),
) -> Verdict:
    """Decide where a classified message goes.

    Args:
        found: the router's scores of the domains that the caller may use.
        context: thresholds of this run.
        last_domain: the domain that answered the turn before.
        choices: domains that the turn before asked the caller to choose from.
    """
    message = found["message"]
    text, scores, previous = message["text"], message["scores"], found["previous_question"]
    best = _best(scores)

    if chosen := _chosen(text, [name for name in choices if name in scores]):
        query = SubQuery(domain=chosen, query=previous, context=text)
        verdict = _ask(found, "direct", [query], "the caller chose it when asked back")
        verdict.route["confidence"] = 1.0
        return verdict

    parts, declined, confidence = _parts(found["clauses"], context.threshold)
    names = list(dict.fromkeys(part["domain"] for part in parts))
    if len(names) > 1 or (parts and declined):
        reason = f"clauses belong to: {', '.join(names)}"
        reason += "; one belongs to no domain that the caller may use" if declined else ""
        decision: Decision = "decompose" if len(names) > 1 else "direct"
        declined += [part["query"] for part in parts[context.max_domains :]]
        verdict = _ask(found, decision, parts[: context.max_domains], reason)
        verdict.route["confidence"], verdict.route["declined"] = confidence, declined
        return verdict

    barred = best is None or message["forbidden"] > scores[best]
    if best is not None and not barred and scores[best] >= context.threshold:
        # A message that names its subject is clearer without the question before it.
        follows = points_back(text) and best == last_domain
        query = SubQuery(domain=best, query=text, context=previous if follows else "")
        reason = f"confidence {scores[best]:.2f} reaches the threshold {context.threshold:.2f}"
        return _ask(found, "direct", [query], reason)
    if last_domain in scores and _stays(found, last_domain, context.threshold):
        query = SubQuery(domain=last_domain, query=text, context=previous)
        reason = f"a follow-up without a domain of its own stays with {last_domain}"
        return _ask(found, "direct", [query], reason)
    if best is None or message["out_of_scope"] > scores[best]:
        return _ask(found, "unmatched", [], "no domain fits the message")
    if barred:
        return _ask(found, "unmatched", [], "no domain that the caller may use fits the message")
    return _unsure(found, context)


def _unsure(found: Classification, context: RunContext) -> Verdict:
    """Below the threshold: ask back where two domains are close, else let reasoning decide."""
    text, scores = found["message"]["text"], found["message"]["scores"]
    first, *others = sorted(scores, key=lambda name: (-scores[name], name))
    if others and scores[first] - scores[others[0]] < context.clarify_margin:
        second = others[0]
        route = _route(found, "clarify", [first, second], f"{first} and {second} are too close")
        return Verdict(route, [])
    reason = f"confidence {scores[first]:.2f} is below the threshold {context.threshold:.2f}"
    return _ask(found, "decompose", [SubQuery(domain=first, query=text, context="")], reason)


def _parts(
    clauses: list[ClauseScores], threshold: float
) -> tuple[list[SubQuery], list[str], float]:
    """Join clauses to one question per domain.

    A clause that is not sure of a domain of its own, or that points back ("does it still work?"),
    belongs to the clause before it.

    Returns:
        The questions, the clauses that only a forbidden domain takes, and the confidence in the
        least sure of the questions.
    """
    confidence = 1.0
    parts: list[SubQuery] = []
    declined: list[str] = []
    leading: list[str] = []
    for clause in clauses:
        domain = _best(clause["scores"])
        sure = domain is not None and clause["scores"][domain] >= threshold
        if clause["forbidden"] >= max(threshold, max(clause["scores"].values(), default=0.0)):
            declined.append(clause["text"])
        elif parts and (not sure or points_back(clause["text"]) or parts[-1]["domain"] == domain):
            parts[-1]["query"] += f" {clause['text']}"
        elif domain is not None and sure:
            query = " ".join([*leading, clause["text"]])
            parts.append(SubQuery(domain=domain, query=query, context=""))
            confidence = min(confidence, clause["scores"][domain])
            leading = []
        else:
            leading.append(clause["text"])
    return parts, declined, confidence


def _stays(found: Classification, last_domain: str, threshold: float) -> bool:
    """Tell whether a message without a sure domain of its own follows the last turn.

    Read together with the question before it, it must fit the last domain best. That reading
    alone would keep any small talk in the domain, so the message must also point back. One that
    a forbidden domain takes, alone or in context, does not stay.
    """
    reading = found["in_context"]
    if reading is None or not found["refers_back"] or found["message"]["forbidden"] >= threshold:
        return False
    best = _best(reading["scores"])
    return best == last_domain and reading["scores"][last_domain] >= reading["forbidden"]


def _chosen(message: str, choices: list[str]) -> str | None:
    """The choice that an answer to a question back names, by its words or its place.

    A message that says much besides is a new question that happens to share a word.
    """
    words = set(re.findall(r"[a-z0-9]+", message.lower()))
    parts = {name: set(re.split(r"[_-]", name.lower())) for name in choices}
    besides = words - set().union(*parts.values()) - _FILLERS - set(_ORDINALS)
    if "?" in message or len(besides) > _MOST_BESIDES:
        return None
    named = [name for name in choices if parts[name] & words]
    placed = [name for name, ordinal in zip(choices, _ORDINALS, strict=False) if ordinal in words]
    for candidates in (named, placed):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _ask(
    found: Classification,
    decision: Decision,
    sub_queries: list[SubQuery],
    reason: str,
) -> Verdict:
    domains = list(dict.fromkeys(query["domain"] for query in sub_queries))
    return Verdict(_route(found, decision, domains, reason), sub_queries)


def _route(
    found: Classification,
    decision: Decision,
    domains: list[str],
    reason: str,
) -> RouteState:
    message = found["message"]
    scores = message["scores"]
    best = _best(scores)
    if domains and domains[0] == best and message["evidence"]:
        reason = f"{reason}; nearest: {message['evidence']!r}"
    return RouteState(
        decision=decision,
        domains=domains,
        confidence=scores[domains[0]] if domains else max(scores.values(), default=0.0),
        scores=scores,
        out_of_scope=message["out_of_scope"],
        reason=reason,
        used_reasoning=False,
        degraded=False,
        declined=[],
    )


def _best(scores: dict[str, float]) -> str | None:
    return min(scores, key=lambda name: (-scores[name], name), default=None)
