"""gate: decides among direct, decompose, clarify and unmatched, and says why.

Where the router's scores leave it unsure, the domains' own documents are asked, too. Every setting
stands in the run's context, so that an evaluation can sweep it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import get_runtime

from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, Classification, Decision, RouteState, SubQuery
from mdsa.nodes.choice import chosen, says_more
from mdsa.nodes.clause_questions import ask_clauses
from mdsa.nodes.knowledge_evidence import Evidence, afind_evidence, find_evidence
from mdsa.nodes.two_way import TwoWayNode
from mdsa.router import best_domains
from mdsa.router.clauses import points_back
from mdsa.router.conformal import rows_needed
from mdsa.router.small_talk import small_talk
from mdsa.router.vague import vague_probability

__all__ = ["Verdict", "consult", "decide", "make_gate", "searched", "with_evidence"]

_MOST_CHOICES = 3
"""Domains that one question back may name."""
_MOST_SEARCHED = 8
"""Domains, the router's best, whose documents are searched; each takes some milliseconds."""


class Verdict(NamedTuple):
    """A route and what it asks of which domains."""

    route: RouteState
    sub_queries: list[SubQuery]
    unsure: str = ""
    """The question for whose domain documents may speak; empty where the verdict is settled."""
    router_read: bool = False
    """The router knew the documents already."""


def make_gate(retrievers: Mapping[str, BaseRetriever]) -> TwoWayNode[AgentState]:
    """Build the node over the domains' retrievers; a domain without one is judged by its scores."""

    def run(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        context = _context()
        return _update(consult(_verdict(state, context), retrievers, context, config))

    async def arun(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        context = _context()
        verdict = _verdict(state, context)
        if chosen_ones := searched(verdict, retrievers):
            evidence = await afind_evidence(
                verdict.unsure, chosen_ones, config, router_read=verdict.router_read
            )
            verdict = with_evidence(verdict, evidence, context)
        return _update(verdict)

    return TwoWayNode(run, arun)


def consult(
    verdict: Verdict,
    retrievers: Mapping[str, BaseRetriever],
    context: RunContext,
    config: RunnableConfig | None = None,
) -> Verdict:
    """The verdict after what the domains' documents say, where it is unsure."""
    if not (chosen_ones := searched(verdict, retrievers)):
        return verdict
    evidence = find_evidence(verdict.unsure, chosen_ones, config, router_read=verdict.router_read)
    return with_evidence(verdict, evidence, context)


def searched(verdict: Verdict, retrievers: Mapping[str, BaseRetriever]) -> dict[str, BaseRetriever]:
    """Those of the domains' retrievers that are asked about an unsure verdict.

    Only domains that the caller may use have scores.
    """
    if not verdict.unsure:
        return {}
    names = best_domains(verdict.route["scores"], _MOST_SEARCHED)
    return {name: retrievers[name] for name in names if name in retrievers}


def with_evidence(verdict: Verdict, evidence: Evidence | None, context: RunContext) -> Verdict:
    """The verdict, or a direct one where documents speak for a domain clearly enough."""
    if evidence is None or evidence.probability < context.threshold:
        return verdict
    said = f"{evidence.title!r}, " if evidence.title else ""
    reason = (
        f"{verdict.route['reason']}; the documents of {evidence.domain} speak for it "
        f"({said}similarity {evidence.similarity:.2f})"
    )
    route = RouteState(
        **{
            **verdict.route,
            "decision": "direct",
            "domains": [evidence.domain],
            "confidence": evidence.probability,
            "reason": reason,
        }
    )
    follows = [query for query in verdict.sub_queries if query["domain"] == evidence.domain]
    query = SubQuery(domain=evidence.domain, query=verdict.unsure, context="")
    return Verdict(route, follows or [query])


def _context() -> RunContext:
    return get_runtime(RunContext).context or RunContext()


def _verdict(state: AgentState, context: RunContext) -> Verdict:
    found = state.get("classification")
    if found is None:
        raise ValueError("gate needs the classification that classify writes; run classify first")
    return decide(
        found,
        context,
        last_domain=state.get("last_domain"),
        choices=state.get("pending_clarification") or (),
    )


def _update(verdict: Verdict) -> dict[str, Any]:
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
    """Decide where a classified message goes, by the router's scores alone.

    Args:
        found: the router's scores of the domains that the caller may use.
        context: thresholds of this run.
        last_domain: the domain that answered the turn before.
        choices: domains that the turn before asked the caller to choose from.
    """
    message = found["message"]
    text, scores, previous = message["text"], message["scores"], found["previous_question"]
    ranked = best_domains(scores, _MOST_CHOICES + 1)
    highest = scores[ranked[0]] if ranked else 0.0

    offered = [name for name in choices if name in scores]
    if choice := chosen(text, offered):
        # "It's for support" would only blur the question that it belongs to.
        besides = text if says_more(text, offered) else ""
        query = SubQuery(domain=choice, query=previous, context=besides)
        return _ask(found, "direct", [query], "the caller chose it when asked back", 1.0)
    if (courtesy := small_talk(text)) and highest < context.threshold:
        return _ask(found, "unmatched", [], f"small talk ({courtesy}) asks nothing of a domain")

    asked = ask_clauses(found["clauses"], context)
    names = list(dict.fromkeys(part["domain"] for part in asked.questions))
    if len(names) > 1 or (names and asked.declined):
        reason = f"clauses belong to: {', '.join(names)}"
        reason += "; one belongs to no domain that the caller may use" if asked.declined else ""
        decision: Decision = "decompose" if len(names) > 1 else "direct"
        beyond = [part["query"] for part in asked.questions[context.max_domains :]]
        verdict = _ask(found, decision, asked.questions[: context.max_domains], reason)
        verdict.route["confidence"] = asked.confidence
        verdict.route["declined"] = asked.declined + beyond
        return verdict

    sure_of_it = ranked and ranked[0] == last_domain and highest >= context.threshold
    if last_domain in scores and not sure_of_it and _stays(found, last_domain, context):
        query = SubQuery(domain=last_domain, query=text, context=previous)
        reason = f"it stays with {last_domain}, which answered before, with {found['stays']:.2f}"
        return _ask(found, "direct", [query], reason, found["stays"])
    if message["forbidden"] > highest:
        return _ask(found, "unmatched", [], "no domain that the caller may use fits the message")
    if not ranked:
        return _ask(found, "unmatched", [], "there is no domain")
    if (vague := _vagueness(found, context)) and len(ranked) > 1:
        reason = f"the message is too vague, with {vague:.2f}, to say which domain it asks"
        return Verdict(_route(found, "clarify", list(ranked[:2]), reason), [])
    # A message that names its subject is clearer without the question before it.
    follows = points_back(text) and ranked[0] == last_domain
    first = SubQuery(domain=ranked[0], query=text, context=previous if follows else "")
    if context.target_error is not None and found["score_floor"] is not None:
        return _by_set(found, ranked, first, context.target_error, found["score_floor"])
    verdict = _by_threshold(found, ranked, first, context)
    verdict = verdict._replace(router_read=message.get("by_documents", False))
    if context.target_error is not None:
        needed = rows_needed(context.target_error)
        verdict.route["reason"] += (
            f"; the threshold decided, because an error of {context.target_error:g} takes "
            f"{needed} calibration rows, which the router does not have"
        )
    return verdict


def _vagueness(found: Classification, context: RunContext) -> float:
    """Probability that a message is too vague to be sent anywhere; 0 where it may be sent.

    Within a session, what it leaves out stands before it. A set of domains that keeps a target
    error asks back by itself.
    """
    message = found["message"]
    highest = max(message["scores"].values(), default=0.0)
    if (
        found["previous_question"]
        or context.target_error is not None
        or highest >= context.clear_confidence
        or message["out_of_scope"] >= context.out_of_scope_threshold
    ):
        return 0.0
    found_vague = vague_probability(message["text"], message["scores"], message["out_of_scope"])
    return found_vague if found_vague >= context.vague_threshold else 0.0


def _by_threshold(
    found: Classification, ranked: Sequence[str], first: SubQuery, context: RunContext
) -> Verdict:
    """Decide from confidence, margin and the out-of-scope score."""
    scores, outside = found["message"]["scores"], found["message"]["out_of_scope"]
    highest = scores[ranked[0]]
    sure = highest >= context.threshold
    margin = context.close_margin if sure else context.clarify_margin
    close = len(ranked) > 1 and highest - scores[ranked[1]] < margin
    if not sure:
        # A vague message ("I want to change something") is better asked back than turned away.
        lead = context.clarify_margin if close else 0.0
        if outside >= context.out_of_scope_threshold or outside > highest + lead:
            return _none_fits(found)._replace(unsure=first["query"])
    if close:
        second = f"{ranked[1]} ({scores[ranked[1]]:.2f})"
        reason = f"{ranked[0]} ({highest:.2f}) and {second} are too close"
        return Verdict(
            _route(found, "clarify", list(ranked[:2]), reason), [], unsure=first["query"]
        )
    if sure:
        reason = f"confidence {highest:.2f} reaches the threshold {context.threshold:.2f}"
        return _ask(found, "direct", [first], reason)
    reason = f"confidence {highest:.2f} is below the threshold {context.threshold:.2f}"
    return _ask(found, "decompose", [first], reason)._replace(unsure=first["query"])


def _by_set(
    found: Classification,
    ranked: Sequence[str],
    first: SubQuery,
    target_error: float,
    floor: float,
) -> Verdict:
    """Decide from the set of domains that keeps the target error; see `mdsa.router.conformal`.

    The promise is about messages that have a right domain, and counts as an error only that the
    set misses it. A message that likely has none is turned away even where one domain reaches the
    floor; if it had one after all, it is not sent to a wrong one.
    """
    scores, outside = found["message"]["scores"], found["message"]["out_of_scope"]
    chosen_set = [name for name in ranked if scores[name] >= floor]
    listed = ", ".join(f"{name} {scores[name]:.2f}" for name in chosen_set[:_MOST_CHOICES])
    listed = f"{listed} and others" if len(chosen_set) > _MOST_CHOICES else listed or "no domain"
    reason = f"for an error of {target_error:g}, {listed} reach {floor:.2f}"
    if len(chosen_set) <= 1 and outside > scores[ranked[0]]:
        return _none_fits(found)
    if len(chosen_set) == 1:
        return _ask(found, "direct", [first], reason)
    if 1 < len(chosen_set) <= _MOST_CHOICES:
        return Verdict(_route(found, "clarify", chosen_set, reason), [])
    return _ask(found, "decompose", [first], reason)


def _none_fits(found: Classification) -> Verdict:
    outside = found["message"]["out_of_scope"]
    return _ask(found, "unmatched", [], f"no domain fits the message: out of scope {outside:.2f}")


def _stays(found: Classification, last_domain: str, context: RunContext) -> bool:
    """Tell whether a message belongs to the domain of the turn before.

    One that a forbidden domain takes, alone or in context, does not.
    """
    reading = found["in_context"]
    if reading is None or found["message"]["forbidden"] >= context.threshold:
        return False
    permitted = reading["scores"].get(last_domain, 0.0) >= reading["forbidden"]
    return permitted and found["stays"] >= context.stay_threshold


def _ask(
    found: Classification,
    decision: Decision,
    sub_queries: list[SubQuery],
    reason: str,
    confidence: float | None = None,
) -> Verdict:
    domains = list(dict.fromkeys(query["domain"] for query in sub_queries))
    return Verdict(_route(found, decision, domains, reason, confidence), sub_queries)


def _route(
    found: Classification,
    decision: Decision,
    domains: list[str],
    reason: str,
    confidence: float | None = None,
) -> RouteState:
    """Tell of a decision.

    Args:
        found: what it was made from.
        decision: what it is.
        domains: the chosen ones.
        reason: for a person.
        confidence: where something else than the message's scores decided.
    """
    message = found["message"]
    scores = message["scores"]
    highest = max(scores.values(), default=0.0)
    by_score = scores[domains[0]] if domains else highest
    # The evidence speaks for the best domain, and not for one that was chosen otherwise.
    if message["evidence"] and confidence is None and by_score == highest:
        reason = f"{reason}; nearest: {message['evidence']!r}"
    return RouteState(
        decision=decision,
        domains=domains,
        confidence=by_score if confidence is None else confidence,
        scores=scores,
        out_of_scope=message["out_of_scope"],
        reason=reason,
        used_reasoning=False,
        degraded=False,
        declined=[],
    )
