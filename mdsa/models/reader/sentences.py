"""Passages cut into sentences, list items and table rows, each with the heading it stands under."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from mdsa.models.passages import Passage

__all__ = ["Sentence", "in_context", "leans", "split_passage", "split_prose"]

_ABBREVIATIONS_TEXT = """
mr mrs ms dr prof st sr jr vs etc e.g i.e cf al no nos fig figs vol pp ed eds dept approx est
    inc ltd co corp gen col lt sgt capt rev hon gov sen rep mt ft jan feb mar apr jun jul aug sep
    sept oct nov dec a.m p.m u.s u.k u.n e.u ph.d tel ext min max sec hr hrs
"""
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_TEXT.split())
_END = re.compile(r"([.!?…]+)([\"'”’)\]]*)\s+(?=[\"'“‘(\[]*[A-Z0-9À-Þ])")  # noqa: RUF001
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BOLD_LINE = re.compile(r"^\s*(\*\*|__)([^*_]+)\1:?\s*$")
_UNDERLINE = re.compile(r"^\s*(={3,}|-{3,})\s*$")
_ITEM = re.compile(r"^(\s*)([-*+•‣◦]|\(?\d{1,2}[.)]|\(?[a-z][.)]|[Ss]tep \d{1,2}[:.)])\s+(\S.*)$")
_HARD_BREAK = "  "
"""Ends a paragraph or item where a Markdown splitter has dropped the blank lines."""
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
_LEADS = re.compile(
    r":$|\b(?:these steps|(?:following|next) steps|steps below|as follows|like this|do this)\W*$",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^(?:this|that|these|those|it|its|they|their|he|she|his|her|such|however|but|otherwise|instead|"
    r"in that case|if so|if not|then|also|both|the former|the latter|moreover|furthermore|"
    r"additionally|in addition|for instance|for example|as such|thus|therefore|hence|"
    r"consequently|as a result|"
    r"(?:most|some|many|all|each|one|none|both) of (?:them|these|those)|"
    r"(?:during|after|before|in|at|by|for|with|under) (?:this|that|these|those))\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(?:Q|A|Question|Answer)\s*[:.]\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A unit that can be an answer, verbatim from its passage (runs of white space made one).

    Attributes:
        text: the sentence, without the marker of a list item.
        passage: id of the passage.
        position: place in the passage, from 0.
        block: number of the paragraph, list or table in the passage.
        kind: `lead` is a sentence that ends in a colon and opens a list; `list` is a whole list
            as one unit, its items one a line with their markers, which can answer together;
            `header` is a table's row above a rule.
        marker: `1.`, `-` and so on of an item.
        headless: whether it is a numbered list that does not begin at one, from a passage that was
            cut from its document in the middle of it.
        ends_in: id of a further passage that a list ends in; 0 for none.
        context: headings, the question of an FAQ entry or a table's header above it.
    """

    text: str
    passage: int
    position: int
    block: int
    kind: Literal["prose", "item", "header", "row", "lead", "list"]
    marker: str = ""
    context: str = ""
    headless: bool = False
    ends_in: int = 0

    @property
    def in_table(self) -> bool:
        """Whether it is a row of a table, its header included."""
        return self.kind in ("header", "row")

    @property
    def numbered(self) -> bool:
        """Whether it is an item of a numbered list."""
        return self.number is not None

    @property
    def number(self) -> int | None:
        """Number of an item; None where it has none."""
        return _number(self.marker)


def in_context(sentence: Sentence, title: str) -> str:
    """The sentence under its title and heading: "It takes 5 days" alone is about nothing."""
    return ": ".join(part for part in (title, sentence.context, sentence.text) if part)


def split_prose(text: str) -> list[str]:
    """Cut running text into sentences; abbreviations, initials and decimals do not end one."""
    sentences: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if match.group(1) == "." and _is_abbreviation(text[start : match.start()]):
            continue
        sentences.append(text[start : match.end(2)].strip())
        start = match.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


def leans(sentence: str) -> bool:
    """Whether it opens with a word that means something only after the sentence before it."""
    return _LEANS.match(sentence) is not None


def _is_abbreviation(before: str) -> bool:
    words = before.split()
    if not words:
        return False
    last = words[-1].lstrip("(\"'[“").lower()
    if last in {"no", "min", "max", "sec", "co"}:  # words too: an abbreviation only after a capital
        return words[-1][:1].isupper()
    initial = len(last) == 1 and last.isalpha() and words[-1].isupper() and last != "i"
    return initial or last in _ABBREVIATIONS


def split_passage(passage: Passage) -> list[Sentence]:
    """Cut a passage into the units that can answer; headings and FAQ questions become context."""
    found: list[Sentence] = []
    heading = question = header = ""
    block = -1
    number_before = 0
    for number, (kind, marker, text) in enumerate(_blocks(passage.text)):
        if kind == "heading":
            heading, question, header = text, "", ""
            block = -1
            continue
        if kind != "item":
            number_before = 0
        if kind not in ("header", "row"):
            header = ""
        elif not header or kind == "header":
            header = text  # without a rule, the first row may be data all the same
        same_list = (
            kind == "item"
            and found
            and found[-1].kind in ("item", "lead")
            and not _begins_anew(marker, number_before)
        )
        number_before = _number(marker) or (number_before if same_list else 0)
        same_table = kind == "row" and found and found[-1].in_table
        if block < 0 or not (same_list or same_table):
            block = number
        pieces = [text] if kind in ("header", "row") else _join_short(split_prose(text))
        for index, piece in enumerate(pieces):
            if kind == "prose" and piece.endswith("?"):
                question = _SPEAKER.sub("", piece)
                continue
            body = _SPEAKER.sub("", piece)
            context = " ".join(
                part for part in (heading, question, header) if part and part != body
            )
            found.append(
                Sentence(
                    text=body,
                    passage=passage.id,
                    position=len(found),
                    block=block,
                    kind="lead" if kind == "prose" and _LEADS.search(body) else kind,
                    marker=marker if index == 0 else "",
                    context=context,
                )
            )
    return found


def _begins_anew(marker: str, before: int) -> bool:
    """Whether a numbered item opens another list right after one."""
    number = _number(marker)
    return number is not None and before > 0 and number <= before


def _number(marker: str) -> int | None:
    digits = re.search(r"\d+", marker)
    return int(digits.group()) if digits else None


def _join_short(pieces: list[str]) -> list[str]:
    """Join "Yes." and its like to the sentence after it, which says what the yes is to."""
    joined: list[str] = []
    for piece in pieces:
        if joined and len(_SPEAKER.sub("", joined[-1]).split()) <= 2 and joined[-1][-1] in ".!":
            joined[-1] += " " + piece
        else:
            joined.append(piece)
    return joined


_Kind = Literal["prose", "item", "header", "row"]


def _blocks(text: str) -> Iterator[tuple[_Kind | Literal["heading"], str, str]]:
    """Yield (kind, marker, text) for headings, paragraphs, list items and table rows."""
    kind: _Kind = "prose"
    marker = ""
    lines: list[str] = []
    for raw, following in pairwise([*text.splitlines(), "", ""]):
        line = raw.rstrip()
        item = _ITEM.match(line)
        heading = _HEADING.match(line) or _BOLD_LINE.match(line)
        underlined = bool(lines) and len(lines) == 1 and _UNDERLINE.match(line) is not None
        if underlined and kind == "prose":
            yield "heading", "", lines[0]
            lines = []
            continue
        ends = not line.strip() or item or heading or _ROW.match(line)
        if ends and lines:
            yield kind, marker, " ".join(" ".join(lines).split())
            lines, kind, marker = [], "prose", ""
        if item:
            kind, marker, lines = "item", item.group(2), [item.group(3)]
        elif heading:
            yield "heading", "", heading.group(heading.lastindex or 1).strip()
        elif _ROW.match(line):
            if not _RULE.match(line):
                ruled = "|" in following and _RULE.match(following)
                yield "header" if ruled else "row", "", " ".join(line.split())
        elif line.strip() and not _UNDERLINE.match(line):
            lines.append(line.strip())
        if lines and raw.endswith(_HARD_BREAK):
            yield kind, marker, " ".join(" ".join(lines).split())
            lines, kind, marker = [], "prose", ""
