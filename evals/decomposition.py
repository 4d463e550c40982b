"""Messages of two questions, split into one for each domain: by clauses, or by a model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langgraph.graph import END, START, StateGraph

from mdsa.evals.compounds import JOINERS, Compound, make_compounds
from mdsa.evals.model_bench import DEFAULT_MODEL, ModelBench
from mdsa.evals.routing_data import Part, load_intent_set
from mdsa.evals.routing_report import Section, Target
from mdsa.evals.zero_shot import described_domains
from mdsa.graph.context import RunContext
from mdsa.graph.state import AgentState, SubQuery
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.decompose import make_decompose
from mdsa.nodes.gate import Verdict, decide
from mdsa.router import Router
from mdsa.router.opening import open_router

__all__ = ["decomposition", "split_by_model"]

_EXACT = Target(0.95)
_BY_CLAUSES = "clauses and router (default)"
_WORDS = re.compile(r"\w+")


def decomposition(bench: ModelBench) -> Section:
    """Exactly the domains of the two questions, and both of them still asked."""
    section = Section("decomposition", "Messages of two questions, split by domain (CLINC150)")
    domains = described_domains("clinc150")
    router = open_router(bench.router)
    for domain in domains:
        router.add_domain(domain)
    rows = load_intent_set("clinc150_domains", bench.data_dir).validation
    each = max(1, bench.sample // len(JOINERS))
    compounds = make_compounds(rows, each=each, seed=bench.seed)
    verdicts = _verdicts(router, rows, compounds)
    found = {_BY_CLAUSES: [_asked(verdict.sub_queries) for verdict in verdicts]}
    descriptions = {domain.name: domain.description for domain in domains}
    for reference, model in bench.models():
        if reference != DEFAULT_MODEL:
            found[reference] = split_by_model(
                bench, reference, model, descriptions, compounds, verdicts, router
            )
    subject = f"{len(compounds)} compounds"
    for system, questions in found.items():
        exact = [
            {domain for domain, _ in asked} == one.domains and len(asked) == len(one.domains)
            for asked, one in zip(questions, compounds, strict=True)
        ]
        kept = [_keeps(asked, one) for asked, one in zip(questions, compounds, strict=True)]
        shares = [
            bench.share(subject, system, "exact set of domains", exact, _EXACT),
            bench.share(subject, system, "words of both questions kept", kept),
        ]
        section.figures += [figure for figure in shares if figure]
        for one, asked, right in zip(compounds, questions, exact, strict=True):
            if not right:
                bench.miss(one.text, system, domains=sorted(one.domains), asked=asked)
    section.notes.append(
        "Two validation questions of different domains joined in ten ways. The split by clauses is "
        "what the gate decides by itself, and stands for embedded://reader; a model is asked as "
        "the decompose node asks it, and where its reply cannot be used the split by clauses "
        "stands, as in the product."
    )
    return section


def _verdicts(router: Router, rows: Part, compounds: Sequence[Compound]) -> list[Verdict]:
    permitted = frozenset(rows.labels)
    turns = [Turn(one.text) for one in compounds]
    return [decide(found, RunContext()) for found in classify_turns(router, turns, permitted)]


def split_by_model(
    bench: ModelBench,
    reference: str,
    model: BaseChatModel,
    descriptions: dict[str, str],
    compounds: Sequence[Compound],
    verdicts: Sequence[Verdict],
    router: Router,
) -> list[list[tuple[str, str]]]:
    """The domain and question of every part, as the decompose node leaves them.

    Args:
        bench: told how far it is.
        reference: of the model.
        model: asked.
        descriptions: of the domains to choose from.
        compounds: the messages.
        verdicts: what the gate decided on each; a reply that cannot be used leaves it as it is.
        router: names the domains where the model only cuts.
    """
    builder = StateGraph(AgentState, context_schema=RunContext)
    builder.add_node("decompose", make_decompose(descriptions, lambda: model, router=router))
    builder.add_edge(START, "decompose")
    builder.add_edge("decompose", END)
    graph = builder.compile(name="decomposition")
    found = []
    for done, (one, verdict) in enumerate(zip(compounds, verdicts, strict=True)):
        bench.progress(f"decomposition: {reference}", done, len(verdicts))
        state = graph.invoke(
            {
                "messages": [HumanMessage(one.text)],
                "route": verdict.route,
                "sub_queries": verdict.sub_queries,
            },
            context=RunContext(),
        )
        found.append(_asked(state["sub_queries"]))
    return found


def _asked(sub_queries: Sequence[SubQuery]) -> list[tuple[str, str]]:
    return [(query["domain"], query["query"]) for query in sub_queries]


def _keeps(asked: Sequence[tuple[str, str]], compound: Compound) -> bool:
    """Whether every word of both questions is still asked of somebody, in as many questions."""
    said = set(_WORDS.findall(" ".join(question for _, question in asked).lower()))
    wanted = set(_WORDS.findall(" ".join(compound.parts).lower()))
    return len(asked) == len(compound.parts) and wanted <= said
