"""decompose: one self-contained question per domain, by the reasoning model where there is one.

The gate has split the message by clauses already. That split is the embedded default; a reasoning
model may replace it, and its output is accepted only where it names domains that the gate offers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langgraph.runtime import get_runtime
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, ModelFailure, SubQuery
from mdsa.nodes.failures import failure_kind, is_model_failure
from mdsa.nodes.history import question_text
from mdsa.nodes.model_chain import ModelChain, ModelRequest
from mdsa.nodes.model_choice import ModelLoader, as_choice
from mdsa.nodes.time_budget import TimeBudget
from mdsa.nodes.two_way import TwoWayNode

__all__ = ["make_decompose", "split_instructions"]

_PROMPT = """\
Split the user's message into questions for specialists. Use only these specialists:
{domains}
Answer with a JSON list of objects {{"domain": name, "query": question}}, at most {limit} of them, \
in the order of the message. Each question must be complete by itself: replace pronouns by what \
they stand for. Do not answer the questions."""
_JSON_LIST = re.compile(r"\[.*\]", re.DOTALL)


class _Question(BaseModel):
    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    domain: str
    query: str = Field(min_length=1)


_log = logging.getLogger(__name__)
_QUESTIONS = TypeAdapter(list[_Question])


def split_instructions(descriptions: Mapping[str, str], limit: int) -> str:
    """What the reasoning model is told.

    Args:
        descriptions: of the domains to choose from, by name.
        limit: most questions.
    """
    listing = "\n".join(f"- {name}: {descriptions[name]}" for name in sorted(descriptions))
    return _PROMPT.format(domains=listing, limit=limit)


def make_decompose(
    descriptions: Mapping[str, str],
    load_model: ModelLoader | None,
    *,
    timeout_s: float | None = None,
) -> TwoWayNode[AgentState]:
    """Build the node.

    Args:
        descriptions: the domains' descriptions, by name.
        load_model: gives the reasoning model; None keeps the split by clauses. A model that fails
            or is too slow keeps that split too, and marks the turn as degraded.
        timeout_s: time that the model may take, in seconds; needs an async run, since Python
            cannot stop a thread.
    """
    chain = None if load_model is None else ModelChain([load_model], timeout_s=timeout_s)
    reference = "" if load_model is None else as_choice(load_model).reference

    def prompt(state: AgentState) -> list[SystemMessage | HumanMessage]:
        context = get_runtime(RunContext).context or RunContext()
        offered = state["route"]["scores"]
        instructions = split_instructions(
            {name: descriptions[name] for name in offered}, context.max_domains
        )
        return [SystemMessage(instructions), HumanMessage(question_text(state["messages"]))]

    def request(state: AgentState) -> ModelRequest:
        messages: list[BaseMessage] = list(prompt(state))
        return ModelRequest(lambda _: messages)

    def kept(state: AgentState, error: Exception) -> dict[str, Any]:
        _log.info("the message is split by clauses: %s", error)
        update = _result(state, None, degraded=True)
        failure = ModelFailure(model=reference, reason=failure_kind(error))
        update["route"]["failures"] = [failure]
        return update

    def decompose(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        if chain is None:
            return _result(state, None, degraded=False)
        try:
            reply = chain.invoke(request(state), config)
        except Exception as error:
            if not is_model_failure(error):
                raise
            return kept(state, error)
        return _result(state, reply.text, degraded=False)

    async def adecompose(state: AgentState, config: RunnableConfig) -> dict[str, Any]:
        if chain is None:
            return _result(state, None, degraded=False)
        left_s = TimeBudget().left_s()
        try:
            # The domains' answers take time too.
            reply = await chain.ainvoke(
                request(state), config, left_s=None if left_s is None else left_s / 2
            )
        except Exception as error:
            if not is_model_failure(error):
                raise
            return kept(state, error)
        return _result(state, reply.text, degraded=False)

    return TwoWayNode(decompose, adecompose)


def _result(state: AgentState, reply: str | None, *, degraded: bool) -> dict[str, Any]:
    questions = [] if reply is None else _read(reply, state)
    sub_queries = questions or state["sub_queries"]
    domains = list(dict.fromkeys(query["domain"] for query in sub_queries))
    route = {
        **state["route"],
        "domains": domains,
        "used_reasoning": bool(questions),
        "degraded": degraded or (reply is not None and not questions),
    }
    if domains != state["route"]["domains"]:
        route["confidence"] = min(state["route"]["scores"][name] for name in domains)
    return {"sub_queries": sub_queries, "route": route}


def _read(reply: str, state: AgentState) -> list[SubQuery]:
    """Questions of a model's reply; none where it is not the JSON that was asked for."""
    context = get_runtime(RunContext).context or RunContext()
    found = _JSON_LIST.search(reply)
    if found is None:
        return []
    try:
        questions = _QUESTIONS.validate_json(found.group())
    except ValidationError:
        return []
    offered = state["route"]["scores"]
    return [
        SubQuery(domain=question.domain, query=question.query, context="")
        for question in questions
        if question.domain in offered
    ][: context.max_domains]
