"""What the gate decides on, written down by hand."""

from __future__ import annotations

from mdsa.graph.context import RunContext
from mdsa.graph.state import Classification, ClauseScores
from mdsa.nodes.gate import Verdict

__all__ = ["CONTEXT", "asked", "found", "scored"]

CONTEXT = RunContext(vague_threshold=1.0, threshold=0.7, clarify_margin=0.2, max_domains=3)


def scored(
    text: str, out_of_scope: float = 0.0, forbidden: float = 0.0, **scores: float
) -> ClauseScores:
    return ClauseScores(
        text=text, scores=scores, forbidden=forbidden, out_of_scope=out_of_scope, evidence=""
    )


def found(
    message: ClauseScores,
    *clauses: ClauseScores,
    in_context: ClauseScores | None = None,
    stays: float = 0.0,
    score_floor: float | None = None,
    previous: str = "",
) -> Classification:
    return Classification(
        message=message,
        clauses=list(clauses),
        in_context=in_context,
        refers_back=stays > 0,
        stays=stays,
        previous_question=previous,
        score_floor=score_floor,
    )


def asked(verdict: Verdict) -> list[tuple[str, str, str]]:
    return [(query["domain"], query["query"], query["context"]) for query in verdict.sub_queries]
