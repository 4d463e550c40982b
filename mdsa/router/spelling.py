"""Mends words that are one slip of a finger away from known ones.

A sub-word encoder reads "balence" as fragments that mean nothing, so a typo costs more than its
letter. Candidates are all strings at one edit (a letter dropped, added, replaced, or two swapped;
Damerau 1964) that are known words; those that the domains use come first, then the most frequent
(Norvig 2007, "How to write a spelling corrector").
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import ascii_lowercase

__all__ = ["Speller", "frequent_words", "trained_speller", "word_ranks"]

_WORD = re.compile(r"\w+(?:[-'\u2019@./]\w+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST = 4
"""Letters; shorter words have too many neighbours."""
_LONGEST = 20
_SHORTEST_CANDIDATE = 3
_FEW_WORDS = 3
_REMEMBERED = 4096


def word_ranks(tokenizer: Path) -> dict[str, int]:
    """Read the whole words of an uncased WordPiece vocabulary, for a `Speller`.

    Args:
        tokenizer: a `tokenizer.json`.
    """
    return _ranks(tokenizer.read_text(encoding="utf-8"))


def frequent_words(texts: Iterable[str]) -> list[str]:
    """Words of texts that a `Speller` could mend others to, the most frequent first."""
    counts = Counter(
        word
        for text in texts
        for word in _LETTERS.findall(text.lower())
        if len(word) >= _SHORTEST_CANDIDATE and word.isascii()
    )
    return sorted(counts, key=lambda word: (-counts[word], word))


def trained_speller(tokenizer_json: str, words: Sequence[str]) -> Speller:
    """Make the speller of a router that was trained on texts.

    A word of those texts stays as it is and comes first where something is mended, the more
    frequent the sooner: the router knows what it means, and mending messages like those of the
    training costs nothing.

    Args:
        tokenizer_json: the router's WordPiece tokenizer, whose whole words are known as well.
        words: of the texts; see `frequent_words`. Nothing is mended where there are none.
    """
    if not words:
        return Speller({})
    ranks = {word: rank for rank, word in enumerate(words)}
    for word, rank in _ranks(tokenizer_json).items():
        ranks.setdefault(word, len(words) + rank)
    return Speller(ranks, words)


def _ranks(tokenizer_json: str) -> dict[str, int]:
    vocabulary = json.loads(tokenizer_json)["model"]["vocab"]
    return {piece: rank for piece, rank in vocabulary.items() if piece.isalpha()}


class Speller:
    """Mends typos, word by word; threads may share it.

    Left as they are: words that are known; words with anything but the letters a to z, addresses
    and numbers among them; capitalised words within a sentence (names); and texts most of whose
    words are unknown (another language).

    Args:
        ranks: known words, lower-cased, by how rare they are; the vocabulary of an uncased BERT
            tokenizer will do, as it lists words roughly by falling frequency.
        preferred: words that the domains use, lower-cased.
    """

    def __init__(self, ranks: Mapping[str, int], preferred: Collection[str] = ()) -> None:
        self._ranks = ranks
        self._preferred = frozenset(preferred)
        # Users repeat what is unknown (names of products), so a word is looked up once.
        self._mended = lru_cache(maxsize=_REMEMBERED)(self._mend)

    def mend(self, text: str) -> str:
        """Put the nearest known word in place of each word that is unknown."""
        if not self._ranks and not self._preferred:
            return text
        ranks, preferred = self._ranks, self._preferred
        # In most texts every word is known, which sets tell soonest, and a list next.
        if not set(text.lower().split()).difference(ranks).difference(preferred) or not [
            word
            for word in _WORD.findall(text.lower())
            if word not in ranks and word not in preferred and not self._is_known(word)
        ]:
            return text
        found = list(_WORD.finditer(text))
        unknown = [match for match in found if not self._is_known(match.group().lower())]
        if not unknown or (len(found) > _FEW_WORDS and len(unknown) * 2 > len(found)):
            return text
        pieces, end = [], 0
        for match in unknown:
            word = match.group()
            if not (word.istitle() and match.start() > 0):
                pieces += [text[end : match.start()], self._mended(word.lower()) or word]
                end = match.end()
        return "".join((*pieces, text[end:]))

    def _is_known(self, word: str) -> bool:
        return (
            not _SHORTEST <= len(word) <= _LONGEST
            or word in self._ranks
            or word in self._preferred
            or not (word.isascii() and word.isalpha())
        )

    def _mend(self, word: str) -> str | None:
        candidates = _one_edit_away(word)
        own = candidates & self._preferred
        known = own or {
            candidate
            for candidate in candidates
            if len(candidate) >= _SHORTEST_CANDIDATE and candidate in self._ranks
        }
        last = len(self._ranks)
        return min(known, key=lambda found: (self._ranks.get(found, last), found), default=None)


def _one_edit_away(word: str) -> set[str]:
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    dropped = {left + right[1:] for left, right in splits if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in splits if right[1:]}
    added = {left + letter + right for left, right in splits for letter in ascii_lowercase}
    replaced = {
        left + letter + right[1:] for left, right in splits if right for letter in ascii_lowercase
    }
    return dropped | swapped | added | replaced
