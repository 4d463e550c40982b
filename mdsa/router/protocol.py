"""What a router is: texts in, a calibrated score for every domain out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Protocol, TypeGuard, runtime_checkable

__all__ = [
    "DocumentRouter",
    "Route",
    "Router",
    "RouterDomain",
    "best_domains",
    "can_read",
    "route_reading",
]


@dataclass(frozen=True, slots=True)
class RouterDomain:
    """What a router may know of a domain."""

    name: str
    description: str
    keywords: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


def best_domains(scores: Mapping[str, float], count: int = 1) -> list[str]:
    """The domains with the highest scores, best first; of equal scores the first name.

    Sorting all of a thousand domains for each message would take longer than encoding it.
    """
    if not scores or count < 1:
        return []
    values = list(scores.values())
    least = max(values) if count == 1 else nlargest(count, values)[-1]
    names = [name for name, score in zip(scores, values, strict=True) if score >= least]
    return sorted(names, key=lambda name: (-scores[name], name))[:count]


@dataclass(frozen=True, slots=True)
class Route:
    """A router's verdict on one text.

    Attributes:
        scores: probability of every registered domain, in [0, 1]. With `out_of_scope` they
            add up to 1.
        out_of_scope: probability that no registered domain fits.
        evidence: the nearest keyword, example or description, of the best domains only. Never a
            sentence of a document.
        by_documents: sentences of documents were among what the text was compared with.
    """

    scores: Mapping[str, float]
    out_of_scope: float
    evidence: dict[str, str] = field(default_factory=dict)
    by_documents: bool = False

    @property
    def domain(self) -> str | None:
        """The best domain; None where none is registered. Ties go to the first name."""
        return next(iter(best_domains(self.scores)), None)

    @property
    def confidence(self) -> float:
        """Probability of the best domain."""
        return max(self.scores.values(), default=0.0)


@runtime_checkable
class Router(Protocol):
    """Scores texts against the registered domains. Implementations are thread-safe."""

    def add_domain(self, domain: RouterDomain) -> None:
        """Make a domain routable.

        Raises:
            DuplicateNameError: the name is taken.
        """

    def remove_domain(self, name: str) -> None:
        """Forget a domain.

        Raises:
            UnknownNameError: no such domain.
        """

    def route(self, texts: Sequence[str]) -> list[Route]:
        """Score each text against every registered domain, in one batch."""

    def score_floor(self, target_error: float) -> float | None:
        """Lowest score at which a domain belongs to the prediction set, for a wanted error.

        Split-conformal prediction (Vovk et al. 2005; Sadinle et al. 2019): the domains that score
        at least this much include the right one with a probability of at least `1 - target_error`,
        for messages drawn as the calibration rows were. None where there are none such.

        Args:
            target_error: in (0, 1).
        """


@runtime_checkable
class DocumentRouter(Router, Protocol):
    """A router that can know domains by what their documents say as well.

    What a document says is for those who may read it. Scores that it moves tell of it, so it counts
    only where a call names its domain.
    """

    @property
    def reads_documents(self) -> bool:
        """Whether documents could change a verdict, as the domains are now."""

    def set_documents(self, sentences: Mapping[str, Sequence[str]]) -> None:
        """Put these in the place of all sentences that were given before.

        It takes long, as the new ones are encoded; messages are routed meanwhile as before.

        Args:
            sentences: of each domain's own documents; unknown domains are passed over.

        Raises:
            ModelUnavailableError: the encoder cannot be loaded.
        """

    def route(self, texts: Sequence[str], *, reading: Collection[str] = ()) -> list[Route]:
        """Score each text against every registered domain, in one batch.

        Args:
            texts: the messages.
            reading: the domains whose documents may count.
        """


def can_read(router: Router) -> TypeGuard[DocumentRouter]:
    """As `isinstance`, whose 25 µs of looking up every member each message would pay."""
    return hasattr(router, "set_documents")


def route_reading(router: Router, texts: Sequence[str], reading: Collection[str]) -> list[Route]:
    """Let a router score texts, by these domains' documents too if it is one that reads any."""
    if can_read(router):
        return router.route(texts, reading=reading)
    return router.route(texts)
