"""A router whose verdicts follow from the words of a text, so that tests can foresee them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.router import Route, RouterDomain


class WordRouter:
    """Gives 0.9 to the domains whose words stand in a text, in equal shares by word found.

    A text without any of the words is out of scope with 0.9.

    Attributes:
        floor: what `score_floor` gives, whatever the wanted error.
    """

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = {name: tuple(listed) for name, listed in words.items()}
        self.routed: list[list[str]] = []
        self.floor: float | None = None

    def add_domain(self, domain: RouterDomain) -> None:
        if domain.name in self._words:
            raise DuplicateNameError("domain", domain.name)
        self._words[domain.name] = domain.keywords

    def remove_domain(self, name: str) -> None:
        if name not in self._words:
            raise UnknownNameError("domain", name, self._words)
        del self._words[name]

    def route(self, texts: Sequence[str]) -> list[Route]:
        self.routed.append(list(texts))
        return [self._route(text.lower()) for text in texts]

    def score_floor(self, target_error: float) -> float | None:
        return self.floor

    def _route(self, text: str) -> Route:
        found = {
            name: [word for word in words if word in text] for name, words in self._words.items()
        }
        hits = sum(len(words) for words in found.values())
        if not hits:
            rest = 0.1 / max(len(found), 1)
            return Route(dict.fromkeys(found, rest), 0.9)
        scores = {name: 0.9 * len(words) / hits for name, words in found.items()}
        return Route(scores, 0.1, {name: words[0] for name, words in found.items() if words})
