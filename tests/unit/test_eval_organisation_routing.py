"""Figures of where messages to organisations go, and the fit of what their documents say."""

from __future__ import annotations

import numpy as np

from mdsa.evals.knowledge_evidence import cross_fitted
from mdsa.evals.knowledge_evidence import table as fit_table
from mdsa.evals.organisation_messages import OrganisationMessages
from mdsa.evals.organisation_routing import Sent, send, table
from mdsa.nodes.knowledge_evidence import Evidence
from mdsa.router import RouterDomain


def sent(
    domain: str,
    best: str,
    confidence: float,
    *,
    asked: str = "",
    evidence: Evidence | None = None,
    finally_asked: str = "",
    organisation: int = 0,
) -> Sent:
    settled = confidence >= 0.7
    outside = 0.1 if domain else 0.6
    return Sent(
        organisation, domain, best, confidence, outside, settled, asked, evidence, finally_asked
    )


def test_shares_are_of_questions_and_of_what_belongs_nowhere() -> None:
    rows = [
        sent("a", "a", 0.9, asked="a", finally_asked="a"),
        sent("a", "b", 0.8, asked="b", finally_asked="b"),
        sent("b", "a", 0.4, finally_asked="b"),
        sent("b", "b", 0.3),
        sent("", "a", 0.75, asked="a", finally_asked="a"),
        sent("", "a", 0.2),
    ]

    lines = list(table(rows, gate=True))

    assert lines[0] == "right domain 0.500 of 4 questions"
    assert "(AUROC) 1.000" in lines[2]
    assert lines[3].endswith("right 0.250, wrong 0.250, out of scope let through 0.500")
    assert lines[4].endswith("right 0.250, wrong 0.250, out of scope let through 0.500")
    assert lines[5].endswith("right 0.500, wrong 0.250, out of scope let through 0.500")


def test_an_organisation_is_judged_by_a_fit_without_it() -> None:
    random = np.random.default_rng(0)
    rows = []
    for at, similarity in enumerate(random.uniform(0, 1, 90)):
        found = "a" if similarity > 0.5 else "b"
        evidence = Evidence(found, 0.5, float(similarity), 0.1, "A title")
        rows.append(sent("a", "a", 0.4, evidence=evidence, organisation=at % 3))
    # The third organisation's documents mislead; its own fit would say so.
    rows = [row._replace(domain="c") if row.organisation == 2 else row for row in rows]

    found = cross_fitted(rows)

    similar = np.array([row.evidence is not None and row.evidence.similarity > 0.8 for row in rows])
    misled = np.array([row.organisation == 2 for row in rows])
    assert found[similar & misled].min() > 0.8
    assert found[similar & ~misled].max() < found[similar & misled].min()
    assert "90 of scope's messages unsure, and 0 out of scope" in next(fit_table(rows))


def test_documents_send_a_question_in_their_words_to_their_domain() -> None:
    organisation = OrganisationMessages(
        name="a zoo",
        domains=(RouterDomain("tickets", "Tickets and prices"), RouterDomain("animals", "Animals")),
        documents={
            "tickets": [{"id": "t", "title": "The gate", "text": "The turnstile shuts at nine."}],
            "animals": [{"id": "a", "title": "Feeding", "text": "Otters eat fish at noon."}],
            "": [],
        },
        questions=(("when does the turnstile shut", frozenset({"tickets"})),),
        compounds=(),
        vague=(),
        outside=("who won the election",),
    )

    without = send(organisation, 7, reads_documents=False)
    read = send(organisation, 7, reads_documents=True)

    assert [(one.organisation, one.domain) for one in read] == [(7, "tickets"), (7, "")]
    assert read[0].best == "tickets"
    assert read[0].confidence > without[0].confidence
