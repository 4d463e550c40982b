"""Where a message might be cut into clauses: a generous, cheap search that decides nothing.

Every sentence end, line break, comma and connective is a candidate, and so is a place where a
request or a question seems to begin without any ("what is my balance play some jazz"). Whether a
candidate is a boundary between domains is decided from scores, in `mdsa.router.clauses`.

Sentence splitters were considered and left: pysbd and blingfire had their last release in 2021, and
none of them cuts inside a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ["Cut", "CutKind", "Segments", "candidate_segments", "find_cuts"]

CutKind = Literal["stop", "linker", "comma_and", "and", "comma", "bare"]

_KINDS: tuple[CutKind, ...] = ("bare", "comma", "and", "comma_and", "linker", "stop")
"""The weakest first."""
_MOST_CUTS = 8
_MOST_SEGMENTS = 24
_LEAST_WORDS = 2
"""A piece of fewer words is not cut off: it seldom asks anything."""

# A word may hold points, commas and colons inside ("7:30", "u.s.a"), but not at its end.
_MARKS = r"\s.,?!;:…&+\u2014\u2013"
_WORD = re.compile(rf"(?!-+(?:\s|$))[^{_MARKS}]+(?:[.,:'\u2019][^{_MARKS}]+)*|[&+]")
_STOP = re.compile(r"[.?!;…\n]")
_COMMA = re.compile(r"[,:\u2014\u2013]|\s-+\s")
_ABBREVIATION = re.compile(r"[a-z]|(?:[a-z]\.)+[a-z]|mr|mrs|ms|dr|st|vs|no|etc|approx")

_LINKER_PHRASES = (
    "also|then|plus|as well as|additionally|in addition|in addition to that|after that|btw|"
    "by the way|oh|besides|besides that|apart from that|along with|together with|furthermore|"
    "moreover|but|while you're at it|while you are at it|while youre at it|one more thing|"
    "another thing|on another note|on top of that|at the same time|afterwards|separately"
)
# Only after another connective or a mark: "the next flight" and "last week" are no enumeration.
_ENUMERATORS = frozenset(
    {"next", "finally", "lastly", "last", "second", "secondly", "third", "thirdly", "now"}
)
_ANDS = frozenset({"and", "&", "+", "n"})
_OPENERS = frozenset({"first", "firstly"})
# "Try and confirm", "check and tell me" and "one hundred and fifty" ask one thing.
_ONE_WITH_NEXT_VERB = frozenset({"try", "check", "go", "come", "look", "wait"})
_NUMBERS_BEFORE_AND = frozenset({"hundred", "thousand"})

_QUESTION_WORDS = (
    "what whats what's when whens when's where wheres where's which who whos who's whose why how "
    "hows how's"
)
_AUXILIARIES = (
    "can could do does did is are am was were will would should may has have shall isn't aren't "
    "can't don't doesn't won't"
)
_SUBJECTS = "i i'd i'm i've i'll im my we we'd we're you you're there it it's the if in on at hey"
_VERBS = (
    "please tell show give find play turn set add make send let let's lets book change start "
    "remove check get help go delete put call open switch order remind read look cancel tweet list "
    "create take schedule search text use save mute share stop roll repeat flip say clear convert "
    "speak confirm suggest transfer wake describe inform pull pay report place skip bring post "
    "email erase dim buy move explain update write reserve raise activate reset see walk shut "
    "provide brighten remember decrease increase lower display vacuum talk slow locate exchange "
    "recommend keep reply answer calculate initiate disable prepare translate adjust replay dial "
    "try spell compose run connect select return refund track explain name define resume freeze "
    "block redeem apply rent submit request notify ask plan estimate compare rate learn "
    "close lock unlock pause enable fix order ship navigate"
)
_SELDOM_NOUNS = (
    "please tell give find let let's lets add make send remove get delete put remind cancel create "
    "skip bring erase buy explain reserve activate provide brighten remember recommend calculate "
    "disable translate adjust dial compose connect redeem submit notify define navigate"
)
_GOING_ON = (
    "to i we they he she us not the a an my your our his her their this these some "
    "any no of in on at for from by with about as than into can could will would should "
    "does did are was were am be been being has had may might must what when where "
    "which who why how whether if tell see ask explain say wonder wondering sure "
    "remember check understand just go let let's help and or but so then also because "
    "while until before after never always don't dont can't cant i'll i'd you'll we'll won't "
    "wouldn't didn't doesn't need want show find figure decide hey ok okay depending exactly "
    "only really ever still even all every each"
)
_COMMANDS = frozenset(_VERBS.split())
_SUBJECT_WORDS = frozenset(_SUBJECTS.split())
_LINKERS = frozenset(tuple(phrase.split()) for phrase in _LINKER_PHRASES.split("|"))
_LINKER_WORDS = frozenset(phrase[0] for phrase in _LINKERS) | _ANDS | _ENUMERATORS
_LONGEST_PHRASE = max(len(phrase) for phrase in _LINKERS)
_QUESTIONS = frozenset(_QUESTION_WORDS.split())
_STARTERS = _QUESTIONS | frozenset(f"{_AUXILIARIES} {_SUBJECTS} {_VERBS}".split())
# Without a connective, a request begins only after words that need nothing more.
_BARE_STARTERS = _QUESTIONS | frozenset(f"{_AUXILIARIES} {_VERBS} i i'd i'm i've i'll".split())
_BARE_SELDOM_NOUNS = _QUESTIONS | frozenset(_SELDOM_NOUNS.split())
_GOES_ON = frozenset(_GOING_ON.split())
_MAY_END = frozenset({"you", "me", "like", "do", "is", "have", "know", "out", "that"})
_BARE_LEAST_WORDS = 4
_LEAST_WORDS_TO_END = 5


class Cut(NamedTuple):
    """A place where a message might be cut.

    Attributes:
        end: offset at which the text before it ends.
        start: offset at which the text after it begins.
        kind: what marks it; the strongest of several.
        request: a question or a request seems to begin after it.
        subject: the word after it may be a subject ("I", "my").
        stop: index of the word after the last before it; connectives lie between the two.
        word: index of the first word after it.
    """

    end: int
    start: int
    kind: CutKind
    request: bool
    subject: bool
    stop: int
    word: int


@dataclass(frozen=True, slots=True)
class Segments:
    """Parts of a message that might be clauses of their own.

    Attributes:
        cuts: candidates that were kept, in order; empty where the message cannot be split.
        spans: first piece and piece after the last, of each part; the whole is not among them.
        texts: text of each part, to be scored by a router.
    """

    cuts: tuple[Cut, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    texts: tuple[str, ...] = ()


def candidate_segments(message: str) -> Segments:
    """Cut a message at its candidates, and list every run of pieces short enough to be scored.

    At most eight cuts are kept, the strongest, and at most 24 parts: in a message of many pieces,
    the longest runs are left out.
    """
    cuts = find_cuts(message)
    if not cuts:
        return Segments()
    count = len(cuts) + 1
    starts = [_opening(message), *(cut.start for cut in cuts)]
    ends = [*(cut.end for cut in cuts), len(message)]
    spans: list[tuple[int, int]] = []
    for length in range(1, count):
        if len(spans) + count - length + 1 > _MOST_SEGMENTS:
            break
        spans += [(first, first + length) for first in range(count - length + 1)]
    texts = [message[starts[first] : ends[last - 1]].strip(" \t\n,;:") for first, last in spans]
    return Segments(tuple(cuts), tuple(spans), tuple(texts))


def find_cuts(message: str) -> list[Cut]:
    """Find candidate cuts, in order of place; at most eight, the strongest."""
    found = list(_WORD.finditer(message))
    words = [match.group().lower().replace("\u2019", "'") for match in found]
    cuts: list[Cut] = []
    index = 1
    begun = 0
    while index < len(words):
        mark = _mark(words[index - 1], message[found[index - 1].end() : found[index].start()])
        after, kind = _connectives(words, index, mark)
        if after >= len(words):
            break
        asked = bool(cuts) and cuts[-1].word == index - 1 and words[index - 1] == "please"
        if kind is None and not asked and _begins_anew(words, index, begun):
            kind = "bare"
        if kind == "and" and _one_phrase(words[index - 1], words[after]):
            kind = None
        if kind is not None:
            last = found[index if mark == "stop" else index - 1]
            end = last.start() if mark == "stop" else last.end()
            request = words[after] in _STARTERS
            subject = words[after] in _SUBJECT_WORDS
            cuts.append(Cut(end, found[after].start(), kind, request, subject, index, after))
            begun = begun if kind == "bare" else after
        index = after + 1
    return _strongest(cuts, len(words))


def _mark(word: str, gap: str) -> CutKind | None:
    """What the text between two words marks."""
    if gap == " ":
        return None
    if _STOP.search(gap) and not (gap.startswith(". ") and _ABBREVIATION.fullmatch(word)):
        return "stop"
    return "comma" if _COMMA.search(gap) else None


def _connectives(words: list[str], index: int, kind: CutKind | None) -> tuple[int, CutKind | None]:
    """Pass over connectives: the index of the word after them, and the strongest mark so far.

    A comma before "and" joins sentences more often than nouns, so that it is a mark of its own.
    """
    after_comma = kind == "comma"
    while index < len(words) and words[index] in _LINKER_WORDS:
        if words[index] in _ANDS:
            if kind not in ("stop", "linker"):
                kind = "comma_and" if after_comma else "and"
            index += 1
        elif kind is not None and words[index] in _ENUMERATORS:
            index += 1
        else:
            for length in range(_LONGEST_PHRASE, 0, -1):
                if tuple(words[index : index + length]) in _LINKERS:
                    break
            else:
                break
            kind = kind if kind == "stop" else "linker"
            index += length
    return index, kind


def _one_phrase(before: str, after: str) -> bool:
    """Whether "and" between these words joins no more than the words."""
    verbs = before in _ONE_WITH_NEXT_VERB and after in _COMMANDS
    return verbs or before in _NUMBERS_BEFORE_AND


def _begins_anew(words: list[str], index: int, begun: int) -> bool:
    """Whether a request seems to begin without a connective.

    What may be a noun or go with a question word ("how often do", "apr rate") needs more before it.
    """
    word = words[index]
    if word not in _BARE_STARTERS or words[index - 1] in _GOES_ON:
        return False
    least = _LEAST_WORDS if word in _BARE_SELDOM_NOUNS else _BARE_LEAST_WORDS
    if words[index - 1] in _MAY_END:
        least = _LEAST_WORDS_TO_END
    elif words[index - 1] == "please":
        least = _BARE_LEAST_WORDS
    return index - begun >= least and len(words) - index >= _LEAST_WORDS


def _opening(message: str) -> int:
    """Offset after a "first" that opens an enumeration."""
    found = list(_WORD.finditer(message, 0, 60))[:2]
    if len(found) == 2 and found[0].group().lower() in _OPENERS:
        return found[1].start() if found[1].group().lower() in _STARTERS else 0
    return 0


def _strength(cut: Cut) -> int:
    return 2 * _KINDS.index(cut.kind) + 3 * cut.request


def _strongest(cuts: list[Cut], words: int) -> list[Cut]:
    """Keep the eight strongest, and drop the weaker cut beside a piece of too few words."""
    kept = sorted(sorted(cuts, key=_strength)[-_MOST_CUTS:], key=lambda cut: cut.word)
    while kept:
        starts = [0, *(cut.word for cut in kept)]
        stops = [*(cut.stop for cut in kept), words]
        lengths = [stop - start for start, stop in zip(starts, stops, strict=True)]
        short = lengths.index(min(lengths))
        if lengths[short] >= _LEAST_WORDS:
            break
        sides = [at for at in (short - 1, short) if 0 <= at < len(kept)]
        del kept[min(sides, key=lambda at: _strength(kept[at]))]
    return kept
