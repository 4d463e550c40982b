"""A made-up organisation's router, which knows its domains as the product's router does."""

from __future__ import annotations

from langchain_core.documents import Document

from mdsa.evals.organisation_messages import OrganisationMessages
from mdsa.graph.knowledge_router import sentences_of
from mdsa.router.tinybert_router import TinyBertRouter
from mdsa.training.reader_data import document_chunks

__all__ = ["knowing_router"]


def knowing_router(
    organisation: OrganisationMessages, *, reads_documents: bool = True
) -> TinyBertRouter:
    """A router of the organisation's domains.

    Args:
        organisation: who is asked.
        reads_documents: it knows the domains' own documents, too.
    """
    router = TinyBertRouter()
    for domain in organisation.domains:
        router.add_domain(domain)
    if reads_documents:
        router.set_documents(
            {
                domain.name: sentences_of(_stored(organisation, domain.name))
                for domain in organisation.domains
            }
        )
    return router


def _stored(organisation: OrganisationMessages, domain: str) -> list[Document]:
    return [
        Document(chunk["content"], metadata=chunk["metadata"])
        for chunk in document_chunks(organisation.documents[domain])
    ]
