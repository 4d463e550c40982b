"""Where messages to made-up organisations go, by descriptions alone and by documents as well.

    python -m mdsa.evals.organisation_routing [--path evals/data/organisations/held_out] [--gate]

Each organisation has five or six domains, each with a description, keywords and two or three
documents. Nobody gave examples, so the zero-shot router judges: as it stands, and with sentences of
the domains' own documents. With `--gate` follows what the gate makes of both: where the router
leaves it unsure, the documents are searched (`mdsa.nodes.knowledge_evidence`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mdsa.embeddings import load_embeddings
from mdsa.evals.organisation_messages import OrganisationMessages, load_messages
from mdsa.evals.organisation_routers import knowing_router
from mdsa.evals.routing_metrics import auroc
from mdsa.graph.context import RunContext
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.nodes.gate import decide, searched, with_evidence
from mdsa.nodes.knowledge_evidence import Evidence, find_evidence
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.router import best_domains
from mdsa.router.calibration import expected_calibration_error
from mdsa.training.reader_data import document_chunks

__all__ = ["Searched", "Sent", "main", "send", "table"]

_HELD_OUT = Path(__file__).parent / "data" / "organisations" / "held_out"
_TOP_K = 5


class Sent(NamedTuple):
    """A message and where it goes.

    Attributes:
        organisation: its number.
        domain: the right one; empty where none is.
        best: the router's best domain.
        confidence: its probability.
        outside: probability that no domain fits.
        settled: the gate leaves it to the scores.
        asked: the one domain that the gate lets answer by the scores, however sure it is; empty
            where several are asked, the caller, or none.
        evidence: what the documents say, where they were searched.
        finally_asked: as `asked`, after that.
    """

    organisation: int
    domain: str
    best: str
    confidence: float
    outside: float
    settled: bool
    asked: str
    evidence: Evidence | None
    finally_asked: str


class Searched:
    """Finds evidence for messages to an organisation; a context manager."""

    def __init__(self, organisation: OrganisationMessages) -> None:
        self._stack = ExitStack()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        knowledge = self._stack.enter_context(KnowledgeBase(Path(folder), load_embeddings()))
        for name, documents in organisation.documents.items():
            knowledge.add(document_chunks(documents), domain=name or None)
        names = [domain.name for domain in organisation.domains]
        self.retrievers = {name: knowledge.retriever(name, k=_TOP_K) for name in names}

    def __enter__(self) -> Searched:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._stack.close()

    def evidence(self, text: str, *, router_read: bool) -> Evidence | None:
        """What the documents of all domains say."""
        return find_evidence(text, self.retrievers, router_read=router_read)


def send(
    organisation: OrganisationMessages,
    number: int,
    *,
    reads_documents: bool,
    documents: Searched | None = None,
) -> list[Sent]:
    """Route the questions to an organisation, and the messages that are none of its business.

    Args:
        organisation: who is asked.
        number: told in what is given.
        reads_documents: the router knows the domains' documents.
        documents: searched where the scores leave the gate unsure; None searches nothing.
    """
    router = knowing_router(organisation, reads_documents=reads_documents)
    names = [domain.name for domain in organisation.domains]
    messages = [(text, next(iter(domains))) for text, domains in organisation.questions]
    messages += [(text, "") for text in organisation.outside]
    context = RunContext()
    sent = []
    found = classify_turns(router, [Turn(text) for text, _ in messages], names)
    for (text, right), classification in zip(messages, found, strict=True):
        scores = classification["message"]["scores"]
        (best,) = best_domains(scores)
        verdict = last = decide(classification, context)
        evidence = None
        if documents is not None and searched(verdict, documents.retrievers):
            evidence = documents.evidence(text, router_read=verdict.router_read)
            last = with_evidence(verdict, evidence, context)
        sent.append(
            Sent(
                organisation=number,
                domain=right,
                best=best,
                confidence=scores[best],
                outside=classification["message"]["out_of_scope"],
                settled=not verdict.unsure,
                asked=_one(verdict.route["decision"], verdict.route["domains"]),
                evidence=evidence,
                finally_asked=_one(last.route["decision"], last.route["domains"]),
            )
        )
    return sent


def _one(decision: str, domains: Sequence[str]) -> str:
    return domains[0] if decision in ("direct", "decompose") and len(domains) == 1 else ""


def table(rows: Sequence[Sent], *, gate: bool) -> Iterator[str]:
    """The figures, one a line."""
    inside = np.array([bool(row.domain) for row in rows])
    right = np.array([row.best == row.domain for row in rows])
    sure = np.array([row.confidence for row in rows])
    outside = np.array([row.outside for row in rows])
    taken = sure >= RunContext().threshold
    yield f"right domain {right[inside].mean():.3f} of {inside.sum()} questions"
    yield (
        f"calibration error {expected_calibration_error(sure[inside], right[inside]):.3f}, and "
        f"{expected_calibration_error(sure, right):.3f} with {(~inside).sum()} out of scope"
    )
    yield f"out of scope told apart (AUROC) {auroc(outside[inside], outside[~inside]):.3f}"
    yield f"at the threshold {_shares(inside, taken, right)}"
    if gate:
        for name, asked in (
            ("by the scores", [row.asked for row in rows]),
            ("after the search", [row.finally_asked for row in rows]),
        ):
            right = np.array([one == row.domain for one, row in zip(asked, rows, strict=True)])
            yield f"the gate, {name}: {_shares(inside, np.array(asked) != '', right)}"


def _shares(inside: np.ndarray, taken: np.ndarray, right: np.ndarray) -> str:
    return (
        f"right {(taken & right)[inside].mean():.3f}, wrong {(taken & ~right)[inside].mean():.3f}, "
        f"out of scope let through {taken[~inside].mean():.3f}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Send the messages, and print the figures."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.organisation_routing")
    parser.add_argument("--path", type=Path, default=_HELD_OUT, help="folder")
    parser.add_argument("--gate", action="store_true", help="search documents where it is unsure")
    options = parser.parse_args(arguments)
    rows: dict[bool, list[Sent]] = {False: [], True: []}
    for number, organisation in enumerate(load_messages(options.path)):
        with ExitStack() as stack:
            documents = stack.enter_context(Searched(organisation)) if options.gate else None
            for reads, sent in rows.items():
                sent += send(organisation, number, reads_documents=reads, documents=documents)
    for reads, sent in rows.items():
        sys.stdout.write(f"{'with' if reads else 'without'} documents\n")
        for line in table(sent, gate=options.gate):
            sys.stdout.write(f"  {line}\n")


if __name__ == "__main__":
    main()
