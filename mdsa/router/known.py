"""What a router knows of its domains at one time, and the judges by which that was applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.router.features import Matrix
from mdsa.router.judge import Judge
from mdsa.router.protocol import RouterDomain

__all__ = ["Known", "Sentences"]

_FEWEST_JUDGES = 32
"""Kept, however large; there is one for each set of domains that callers may read."""
_TEXTS_HELD = 32_000
"""By all judges that are kept; for each text, a judge holds some 5 KB."""


class Sentences(NamedTuple):
    """Sentences of a domain's documents with their unit embeddings, (sentences, dimensions)."""

    texts: tuple[str, ...]
    vectors: Matrix


@dataclass(frozen=True)
class Known:
    """One state of a router's registry; a change makes another.

    Attributes:
        domains: in the order of registration.
        documents: what the documents of some of them say.
        judges: by the domains whose documents count.
    """

    domains: tuple[RouterDomain, ...] = ()
    documents: Mapping[str, Sentences] = field(default_factory=dict)
    judges: dict[frozenset[str], Judge] = field(default_factory=dict)

    @property
    def reads_documents(self) -> bool:
        """Whether documents could change a verdict."""
        return bool(self.domains) and not any(domain.examples for domain in self.domains)

    def counting(self, reading: Collection[str]) -> frozenset[str]:
        """The domains whose documents count for who may read the documents of some.

        A judge is made for each such set. Leaving out what a caller may not read from the scores
        alone would not do: how rare a word is depends on the documents of all domains.
        """
        if not self.documents or not self.reads_documents:
            return frozenset()
        return frozenset(name for name in self.documents if name in reading)

    def remember(self, counting: frozenset[str], judge: Judge) -> None:
        """Keep a judge, in the place of the oldest ones where there are many."""
        most = max(_FEWEST_JUDGES, _TEXTS_HELD // len(judge.table.texts))
        while len(self.judges) >= most:
            del self.judges[next(iter(self.judges))]
        self.judges[counting] = judge

    def with_domain(self, domain: RouterDomain) -> Known:
        """The state after one came.

        Raises:
            DuplicateNameError: the name is taken.
        """
        if any(one.name == domain.name for one in self.domains):
            raise DuplicateNameError("domain", domain.name)
        return Known((*self.domains, domain), self.documents)

    def without_domain(self, name: str) -> Known:
        """The state after one went, with its documents.

        Raises:
            UnknownNameError: no such domain.
        """
        names = [domain.name for domain in self.domains]
        if name not in names:
            raise UnknownNameError("domain", name, names)
        left = {other: told for other, told in self.documents.items() if other != name}
        return Known(tuple(one for one in self.domains if one.name != name), left)

    def with_documents(self, documents: Mapping[str, Sentences]) -> Known:
        """The state with other documents, of the domains that are still there."""
        present = {domain.name for domain in self.domains}
        kept = {name: told for name, told in documents.items() if name in present}
        if {name: told.texts for name, told in kept.items()} == {
            name: told.texts for name, told in self.documents.items()
        }:
            return self
        return Known(self.domains, kept)
