"""The shape of a code as its argument's description tells it: "KT and seven digits", "e.g. B-214".

A description in words makes a pattern: counts of digits and letters, hyphens, and the capitals that
every such code begins with. An example stands for codes with its letters and, where the message
holds none of these, for those with as many letters and digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

__all__ = ["code_shapes"]

_COUNTS_TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
_COUNTS = {word: number for number, word in enumerate(_COUNTS_TEXT.split(), 1)} | {"a": 1, "an": 1}
_COUNT = rf"(?:{'|'.join(sorted(_COUNTS, key=len, reverse=True))}|\d{{1,2}})"
_CLASSES = {
    "digit": "[0-9]",
    "number": "[0-9]",
    "letter": "[A-Z]",
    "character": "[A-Z0-9]",
    "letters and digits": "[A-Z0-9]",
}
_EXAMPLES = re.compile(
    r"\b(?:e\.?g\.?|such as|for example|for instance|like|as in)[,:]?\s+['\"“]?"
    r"([A-Z0-9][\w./-]*(?:\s[A-Z0-9]{2,4}\b)?)"
)
_PIECE = re.compile(
    rf"\b(?P<count>(?i:{_COUNT}))(?:\s+or\s+(?P<more>{_COUNT}))?[\s-]+(?:capital\s+)?"
    r"(?P<kind>letters and digits|digit|letter|character)s?\b"
    r"|\ban?\s+(?P<mark>hyphen|dash|underscore|dot|slash)\b"
    r"|(?<![\w-])(?:letters?\s+)?(?P<fixed>[A-Z]{1,4}|(?<=letters )(?!and\b)[a-z]{1,4})"
    r"(?P<dash>[-_.])?"
    r"(?=\s+(?:and|followed|or|then)\b|\s*[,(:]|\s+[a-z]+\s+digit|\s*$)"
)
_MARKS = {"hyphen": "-", "dash": "-", "underscore": "_", "dot": r"\.", "slash": "/"}
_BETWEEN = re.compile(
    r"^[\s,:]*(?:(?:and|then|or|followed by|format|the|an?|letters?|for the \w+|\([^)]*\))"
    r"[\s,:]*)*$"
)
_BEGINS = re.compile(r"\bbeginning with ([A-Z0-9]+)")
_SPOKEN = re.compile(r"[a-z]{2}")
_GROUPED = re.compile(r"\bgroups?\b")
_LEAST_DIGITS = 3


@lru_cache(maxsize=1024)
def code_shapes(description: str) -> tuple[str, ...]:
    """Patterns of the codes that a description speaks of, the strictest first; none for no shape.

    They are to be matched whole, without regard to case.
    """
    examples = [one.rstrip(".,") for one in _EXAMPLES.findall(description)]
    examples = [one for one in examples if re.search(r"\d", one) and not _SPOKEN.search(one)]
    told = _told(_EXAMPLES.split(description)[0])
    if told:
        return (told,)
    return tuple(
        dict.fromkeys([*map(_as_example, examples), *(_like_example(one) for one in examples)])
    )


def _told(description: str) -> str:
    pieces = list(_PIECE.finditer(description))
    runs: list[list[re.Match[str]]] = [pieces[:1]]
    for one, other in pairwise(pieces):
        if _BETWEEN.match(description[one.end() : other.start()]):
            runs[-1].append(other)
        else:
            runs.append([other])
    for run in runs:
        if sum(_most(one) for one in run if one["kind"]) >= _LEAST_DIGITS:
            start = _BEGINS.search(description, run[-1].end())
            ahead = rf"(?={start.group(1)})" if start else ""
            return ahead + _pattern(description, run)
    return ""


def _most(piece: re.Match[str]) -> int:
    word = piece["more"] or piece["count"]
    return int(word) if word.isdigit() else _COUNTS[word.lower()]


def _pattern(description: str, run: Sequence[re.Match[str]]) -> str:
    parts: list[str] = []
    for place, one in enumerate(run):
        following = run[place + 1] if place + 1 < len(run) else None
        if one["kind"]:
            if one["kind"] == "letter" and following is not None and following["fixed"]:
                continue  # "two letters LM": the letters are told
            least = one["count"].lower()
            low = int(least) if least.isdigit() else _COUNTS[least]
            high = f",{_most(one)}" if one["more"] else ""
            apart = "-?" if _GROUPED.search(description) else ""
            parts.append(f"(?:{_CLASSES[one['kind']]}{apart}){{{low}{high}}}")
        elif one["mark"]:
            parts.append(_MARKS[one["mark"]])
        else:
            fixed = one["fixed"] + re.escape(one["dash"] or "")
            between = description[run[place - 1].end() : one.start()] if place else ""
            if parts and place and run[place - 1]["fixed"] and "or" in between.split():
                parts[-1] = f"(?:{parts[-1]}|{fixed})"
            else:
                parts.append(fixed)
    return "".join(parts)


def _as_example(example: str) -> str:
    """`ORD-1001` as a pattern: the same letters, any digits."""
    return re.sub(r"\d+", r"\\d+", re.escape(example))


def _like_example(example: str) -> str:
    """The same with any letters, and one more or less of both."""

    def run(match: re.Match[str]) -> str:
        count = len(match.group())
        kind = "[0-9]" if match.group()[0].isdigit() else "[A-Z]"
        return f"{kind}{{{max(1, count - 1)},{count + 1}}}"

    parts = re.split(r"([^A-Za-z0-9]+)", example)
    return "".join(
        re.escape(part) if place % 2 else re.sub(r"[A-Za-z]+|[0-9]+", run, part)
        for place, part in enumerate(parts)
    )
