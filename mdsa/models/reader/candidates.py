"""What in a message could be the value of an argument: quotations, names, numbers, noun phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from mdsa.models.reader.free_text import clauses
from mdsa.models.reader.standard_names import currencies
from mdsa.models.reader.time_phrases import time_phrases
from mdsa.models.reader.values import (
    Found,
    dates,
    formatted,
    impossible_dates,
    names,
    numbers,
    numeric_dates,
    quotations,
)
from mdsa.models.reader.words import STOP_WORDS

__all__ = ["Candidate", "Kind", "find_candidates"]

Kind = Literal["quoted", "name", "date", "time", "phrase", "expression", "number", "path", "clause"]

_MOST_WORDS = 4
_MOST = 120
_WORD = re.compile(r"[^\W_](?:[\w'’+#°/&-]*[\w+#°])?|\S")  # noqa: RUF001
_EXPRESSION = re.compile(
    r"(?<![\w^])(?=[^\s,;?]*[\^*x])-?(?:\d*[a-z](?:\^\d+|\*\*\d+)?|\d+)"
    r"(?:\s*[-+*/]\s*-?(?:\d*[a-z](?:\^\d+|\*\*\d+)?|\d+))*(?![\w^])"
)
_PATH = re.compile(r"(?<!\S)(?:~|\.{0,2}/|[A-Za-z]:\\)[\w./\\~-]+|\b[\w-]+\.[a-z]{2,4}\b(?=\W|$)")
_SEASON = re.compile(r"\b\d{4}\s?[-/–]\s?\d{2,4}\b")  # noqa: RUF001
_DIGIT = re.compile(r"\d")
_RELATIVE_OR_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec|mon|tues|wednes|thurs|fri|satur|sun)"
    r"(?:\b|[a-z]*(?:ary|ch|il|ust|ber|day)\b)",
    re.IGNORECASE,
)
_CAPITAL = r"[A-ZÀ-Þ][\w'&-]*"
_NUMBERED = re.compile(
    rf"(?<![\w.,$€£:/-])(?:\d+(?:st|nd|rd|th)?(?=\s+(?:\d+(?:st|nd|rd|th)\s+)?[A-ZÀ-Þ])"
    rf"|{_CAPITAL}(?=(?:\s+{_CAPITAL})*\s+\d))"
    rf"(?:\s+(?:{_CAPITAL}|\d+(?:st|nd|rd|th)?(?![\w:%/-]|[.,]\d)))+"
)
# Ends a noun phrase as a stop word does: what people ask to have done, and how they measure.
_VERBS_TEXT = """
find calculate compute determine estimate predict check search look show give provide list send
book order create generate make play change convert analyze analyse update plot draw mix compare
identify retrieve fetch add remove delete start run set put take buy tell help choose pick offer
offers offering include includes including contains containing based given using regarding related
located happening playing published released filed starting ending opens open serves serving takes
required needed made happen happened occurred please currently located considering assuming that's
today tomorrow what's who's
"""
_BREAKS = (STOP_WORDS | frozenset(_VERBS_TEXT.split())) - {"new", "own", "three", "two"}
_LINKS = frozenset({"of", "and", "the", "in", "for", "on", "&"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that an argument might take.

    Attributes:
        value: as the message has it; a number for numbers.
        start: where it stands.
        end: where it ends.
        kind: how it was found.
        words: how many.
        whole: nothing of the phrase or name around it is left out.
        cut_left: the phrase goes on before it.
        cut_right: the phrase goes on after it.
        clock: which part of a time of day it is, if any.
        part: what a day or a time of day in words tells.
    """

    value: str | int | float
    start: int
    end: int
    kind: Kind
    words: int = 1
    whole: bool = True
    cut_left: bool = False
    cut_right: bool = False
    clock: Literal["", "hour", "minute"] = ""
    part: Literal["", "day", "time", "both"] = ""

    @property
    def text(self) -> str:
        """The value as text."""
        return str(self.value)


def find_candidates(text: str) -> list[Candidate]:
    """Every candidate, in the order of the text; they overlap."""
    # Quotation marks around everything mean nothing.
    whole = re.fullmatch(r"\s*(['\"“])(.*)['\"”]\s*", text, re.DOTALL)
    if whole and (len(text) > 80 or whole.group(1) not in whole.group(2)):
        text = " " * whole.start(2) + whole.group(2)
    # A date is told both as it is computed and as it is said.
    found: dict[tuple[int, int, bool], Candidate] = {}
    parted = impossible_dates(text)
    terms = [one for one in _expressions(text) if re.search(r"[\^*+]|\s-", one.text)]
    for one in _all(text):
        if one.kind == "number" and any(_within(one, term) for term in terms):
            continue  # the 2 of 2x^2
        # A part of 30 February 2026 is no value: the whole would look as if it were understood.
        if not any(_cuts(one, day) for day in parted):
            found.setdefault((one.start, one.end, one.kind == "date"), one)
    return sorted(found.values(), key=lambda one: (one.start, -one.end))[:_MOST]


def _within(one: Candidate, other: Candidate) -> bool:
    return other.start <= one.start and one.end <= other.end


def _expressions(text: str) -> Iterator[Candidate]:
    for match in _EXPRESSION.finditer(text):
        if len(match.group()) > 1 and re.search(r"[a-z]", match.group()):
            yield _match(match, "expression")


def _clock(text: str) -> Iterator[Candidate]:
    """Hour and minute of a time of day, for arguments that ask for them."""
    for match in re.finditer(r"\b(\d{1,2}):(\d\d)\b(?!:)", text):
        yield Candidate(int(match.group(1)), *match.span(1), "number", clock="hour")
        yield Candidate(int(match.group(2)), *match.span(2), "number", clock="minute")


def _cuts(one: Candidate, day: Found) -> bool:
    overlaps = one.start < day.end and day.start < one.end
    return overlaps and not (one.start <= day.start and day.end <= one.end)


def _all(text: str) -> Iterator[Candidate]:
    yield from (_as(f, "quoted") for f in quotations(text))
    yield from (_as(f, "date") for f in [*dates(text), *numeric_dates(text)])
    patterns = (
        (_SEASON, "time"),
        (_PATH, "path"),
    )
    for moment in time_phrases(text):
        words = len(moment.text.split())
        yield Candidate(
            moment.text, moment.start, moment.end, "time", words, moment.whole, part=moment.part
        )
    for pattern, kind in patterns:
        yield from (_match(m, kind) for m in pattern.finditer(text))  # type: ignore[arg-type]  # literals
    yield from (_as(f, "path") for form in ("email", "uri") for f in formatted(form, text))
    yield from _expressions(text)
    yield from _clock(text)
    yield from (_as(f, "number") for f in numbers(text))
    for match in re.finditer(r"\b[A-Z]\.(?:[A-Z]\.)+", text):
        yield _match(match, "name")  # "the U.S."
    yield from (_match(match, "name") for match in currencies(text))
    for name in names(text):
        yield from _parts(name)
    yield from _numbered(text)
    yield from _phrases(text)
    for start, end in clauses(text):
        yield Candidate(text[start:end], start, end, "clause", len(text[start:end].split()))


def _numbered(text: str) -> Iterator[Candidate]:
    """Names that numbers are part of: "1722 First Street", "Eastridge 15"; not "March 10"."""
    for match in _NUMBERED.finditer(text):
        if not _RELATIVE_OR_MONTH.search(match.group()):
            yield _match(match, "name")


def _as(found: Found, kind: Kind) -> Candidate:
    words = len(str(found.value).split())
    return Candidate(found.value, found.start, found.end, kind, words)


def _match(match: re.Match[str], kind: Kind) -> Candidate:
    return Candidate(match.group(), match.start(), match.end(), kind, len(match.group().split()))


def _parts(name: Found) -> Iterator[Candidate]:
    """A name, and what is left of it between commas and "and"; "Tokyo, Japan" may be two values."""
    text = str(name.value)
    first = text.split()[0]
    while first.lower() in _BREAKS and " " in text and first != "The":
        text = text[len(first) :].lstrip()  # "Find the Italian": a verb opens the sentence
        name = Found(text, name.end - len(text), name.end)
        first = text.split()[0]
    yield _as(name, "name")
    pieces = list(re.finditer(r"(?:(?!,\s|\sand\s|\s&\s|'s\s).)+", text))
    for piece in pieces if len(pieces) > 1 else ():
        value = re.sub(r"^(?:and |& |s )", "", piece.group().strip(" ,")).strip(" ,'")
        start = name.start + text.find(value, piece.start())
        if value:
            yield Candidate(value, start, start + len(value), "name", len(value.split()))
    words = text.split()
    if len(words) > 1 and "," not in text:
        # "Find Italian": the first word may only open the sentence.
        rest = " ".join(words[1:])
        start = name.start + len(text) - len(rest)
        yield Candidate(rest, start, start + len(rest), "name", len(words) - 1, whole=False)


def _phrases(text: str) -> Iterator[Candidate]:
    """Runs of words between stop words, verbs and punctuation, and their parts."""
    run: list[re.Match[str]] = []
    runs: list[list[re.Match[str]]] = []
    for match in _WORD.finditer(text):
        word = match.group()
        if not word[0].isalnum() or word.lower() in _BREAKS:
            runs.append(run)
            run = []
        else:
            run.append(match)
    runs.append(run)
    runs = [each for each in runs if each]
    for each in runs:
        for first in range(len(each)):
            for last in range(first, min(first + _MOST_WORDS, len(each))):
                count = last - first + 1
                if count > 2 and count != len(each) and first and last != len(each) - 1:
                    continue
                one = _span(text, each[first], each[last], count, whole=count == len(each))
                yield replace(one, cut_left=first > 0, cut_right=last < len(each) - 1)
    for left, right in pairwise(runs):
        between = text[left[-1].end() : right[0].start()].split()
        if between and len(between) <= 2 and all(word.lower() in _LINKS for word in between):
            count = len(left) + len(right) + len(between)
            yield _span(text, left[0], right[-1], count, whole=False)


def _span(
    text: str, first: re.Match[str], last: re.Match[str], count: int, *, whole: bool
) -> Candidate:
    value = text[first.start() : last.end()]
    words = value.split()
    capitals = all(word[0].isupper() or word[0].isdigit() for word in words)
    kind: Kind = "name" if value[0].isupper() and capitals and first.start() > 0 else "phrase"
    return Candidate(value, first.start(), last.end(), kind, count, whole)
