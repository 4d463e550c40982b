"""Whether an answer says only what its sources say: every figure, name and date must occur there.

A small model that reads five passages mixes them up, and a larger one adds what it remembers. Both
show in the words that nobody makes up by rephrasing: figures, dates, codes and names. The check
works for any model. It does not look at whether the rest of a sentence is true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mdsa.models.figures import MONTHS, WEEKDAYS, figure_value, figures_meant, full_name

__all__ = ["find_inventions"]

_CITATION = re.compile(r"\[\d{1,2}\]")
_LIST_MARK = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)
_TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"|\d+(?:[.,:]\d+)*(?:[^\W\d_]{1,4})?(?![^\W_])%?"  # figures, with a unit written onto them
    r"|[^\W_]+(?:['’.&+-][^\W_]+)*"  # noqa: RUF001 - words, names and codes
    r"|[.!?:;\n•]"
)
_ENDS = ".!?:;\n•"
_PARTS = re.compile(r"['’.&+-]")  # noqa: RUF001
_POSSESSIVE = re.compile(r"['’]s?$")  # noqa: RUF001
_NO_NAMES_TEXT = """
a an the of and or in on at to for from by with no not yes i i'm i'll i've we we're you you're it
it's this that these those they there he she his her its our your their my if when while as but so
please note also both each all any some only however therefore because since after before during
until between under over what who which how why where is are was were be do does did has have had
can could will would may might must should sorry unfortunately hello hi thanks ok okay sure mr mrs
ms dr am pm a.m p.m faq pdf
"""
_NO_NAMES = frozenset(_NO_NAMES_TEXT.split())
_LOOSE_FIGURES = frozenset(["one", "first", "second", "third", "twice"])
"""Words of which nobody could say that they state a figure: "one of them", "first, …"."""


def find_inventions(text: str, sources: Iterable[str]) -> list[str]:
    """Figures, names and dates of a text that stand in no source, as written, each once.

    Figures are compared by value (`1,000` and `1000`, `four` and `4`, `9:00` and `9 a.m.`), dates
    by their parts in figures or words (`3 March 2026` and `2026-03-03`), and names without regard
    to case, possessives and hyphens. The capital letter at the start of a sentence makes no name.
    Units and signs of currencies are not compared.

    Args:
        text: the answer; citations such as [2] and numbers of list items are passed over.
        sources: passages, results of tools, known facts and the question.
    """
    known = _Known("\n".join(sources))
    said = _LIST_MARK.sub("\n", _CITATION.sub(" ", text))
    return list(dict.fromkeys(word for word, opens in _words(said) if not known.holds(word, opens)))


class _Known:
    """What the sources hold."""

    def __init__(self, text: str) -> None:
        self._text = text
        meant = figures_meant(text)
        self._figures = set(meant)
        self._words = set(meant)
        for word, _ in _words(text):
            bare = _bare(word)
            self._words |= {bare, full_name(bare), _joined(bare), *_PARTS.split(bare)}
            for part in (word, *_PARTS.split(word)):
                value = figure_value(part) if part else None
                if value is not None:
                    self._figures.add(value)
        # "March 2026" says "2026-03" too.
        self._figures |= {
            str(number) for number, name in enumerate(MONTHS, start=1) if name in self._words
        }

    def holds(self, word: str, opens: bool) -> bool:
        """Whether a word is known, or claims nothing."""
        bare = _bare(word)
        if bare in self._words or _joined(bare) in self._words:
            return True
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
            return all(f"{int(part)}" in self._figures for part in word.split("-"))
        value = figure_value(word)
        if value is not None:
            return value in self._figures or bare in _LOOSE_FIGURES
        parts = [part for part in _PARTS.split(bare) if part]
        coded = any(letter.isdigit() for letter in word)
        capitals = sum(letter.isupper() for letter in word)
        dated = full_name(bare) in MONTHS or full_name(bare) in WEEKDAYS
        named = capitals > 1 or (capitals and not opens) or (capitals and dated)
        if not (coded or named) or bare in _NO_NAMES:
            return True
        if coded:
            return False
        if full_name(bare) in self._words or bare.removesuffix("s") in self._words:
            return True
        if f"{bare}s" in self._words or all(part in self._words for part in parts):
            return True
        return capitals == len(word) and self._abbreviates(bare)

    def _abbreviates(self, letters: str) -> bool:
        """Whether neighbouring words of the sources begin with these letters."""
        between = r"\w*[\s-]+(?:(?:of|and|for|the)\s+)?"
        pattern = r"\b" + between.join(map(re.escape, letters))
        return re.search(pattern, self._text, re.IGNORECASE) is not None


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Words and figures, each with whether it begins a sentence."""
    opens = True
    for match in _TOKEN.finditer(text):
        found = match.group()
        if found in _ENDS:
            opens = True
        else:
            yield found, opens
            opens = False


def _bare(word: str) -> str:
    return _POSSESSIVE.sub("", word.lower())


def _joined(word: str) -> str:
    """`e-mail` as `email`, `ORD 1001`'s and `ORD-1001`'s letters as one."""
    return _PARTS.sub("", word)
