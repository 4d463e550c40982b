"""Reads a model's split of a message, and keeps of it only what can be trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from langchain_core.messages import AIMessage
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mdsa.graph.state import SubQuery
from mdsa.nodes.stated_facts import invented_facts
from mdsa.router import Router, best_domains, route_reading
from mdsa.router.clauses import points_back

__all__ = ["CUTS_ONLY", "read_split", "routed", "with_contexts"]

CUTS_ONLY = "cuts_only"
"""In the metadata of a reply whose questions are well cut, but whose domains are guesses."""

_JSON_LIST = re.compile(r"\[.*\]", re.DOTALL)


class _Question(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    domain: str
    query: str = Field(min_length=1)


_QUESTIONS = TypeAdapter(list[_Question])


def read_split(
    reply: AIMessage, offered: Collection[str], limit: int, said: Sequence[str]
) -> tuple[list[SubQuery], str]:
    """Questions of a reply, or why there are none.

    Args:
        reply: with the JSON in its text, or in a tool call's arguments.
        offered: domains that may be asked; questions for others are left out.
        limit: most questions; what exceeds it is left out.
        said: texts of the user and the session. A question with a name or a number that stands in
            none of them makes the whole split worthless.
    """
    text = json.dumps(reply.tool_calls[0]["args"]) if reply.tool_calls else str(reply.text)
    found = _JSON_LIST.search(text)
    if found is None:
        return [], "it holds no JSON list"
    try:
        questions = _QUESTIONS.validate_json(found.group())
    except ValidationError as error:
        return [], f"its JSON cannot be used: {error.error_count()} problems"
    kept = [one for one in questions if one.domain in offered][:limit]
    if not kept:
        return [], "it names none of the offered domains"
    for question in kept:
        if invented := invented_facts(question.query, said):
            return [], f"nobody said {', '.join(invented)}"
    return [SubQuery(domain=one.domain, query=one.query, context="") for one in kept], ""


def routed(queries: Sequence[SubQuery], router: Router, offered: Collection[str]) -> list[SubQuery]:
    """Give questions the domain that the router names; neighbours of one domain become one.

    Args:
        queries: in the order of the message.
        router: scores them. Where it takes one for out of scope, its domain stays.
        offered: domains that may be asked.
    """
    found: list[SubQuery] = []
    routes = route_reading(router, [query["query"] for query in queries], offered)
    for query, route in zip(queries, routes, strict=True):
        scores = {name: score for name, score in route.scores.items() if name in offered}
        best = next(iter(best_domains(scores)), query["domain"])
        domain = best if scores.get(best, 0.0) > route.out_of_scope else query["domain"]
        if found and found[-1]["domain"] == domain:
            joined = f"{found[-1]['query']} {query['query']}"
            found[-1] = {**found[-1], "query": joined}
        else:
            found.append({**query, "domain": domain})
    return found


def with_contexts(
    queries: Sequence[SubQuery], previous: str, last_domain: str | None
) -> list[SubQuery]:
    """Give questions that point back ("does it cost extra?") what they point to.

    Args:
        queries: in the order of the message; those that have a context keep it.
        previous: the question of the turn before; empty where there was none.
        last_domain: the domain that answered it.
    """
    complete: list[SubQuery] = []
    for query in queries:
        context = query["context"]
        if not context and points_back(query["query"]):
            if complete:
                context = complete[-1]["query"]
            elif query["domain"] == last_domain:
                context = previous
        complete.append({**query, "context": context})
    return complete
