"""Values found in a message: numbers, dates, addresses, identifiers, quotations, names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from mdsa.models.reader.number_words import spelled_numbers
from mdsa.models.reader.words import STOP_WORDS

__all__ = [
    "Found",
    "codes",
    "dates",
    "formatted",
    "impossible_dates",
    "names",
    "numbers",
    "numeric_dates",
    "quotations",
]

_SCALES = {"k": 1e3, "thousand": 1e3, "million": 1e6, "billion": 1e9, "hundred": 1e2}
_NUMBER = re.compile(
    r"(?<![\w.#^-])(?<!\d:)(?P<sign>-)?[$€£]?(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<exponent>[eE][+-]?\d+)?(?:\s*(?P<scale>thousand|million|billion|hundred|k)\b)?"
    r"(?P<percent>\s*%)?(?!\d|[-/:]\d|\.\d)"
)
_COORDINATES = re.compile(r"(\d{1,2}\.\d+)\s?°?\s?([NS])\b[,;\s]+(\d{1,3}\.\d+)\s?°?\s?([EW])\b")
_MONTHS = "january february march april may june july august september october november december"
_MONTH_NUMBER = {m[:3]: n for n, m in enumerate(_MONTHS.split(), 1)}
_MONTH = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATES = (
    re.compile(r"\b(?P<year>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<day>\d{1,2})\b"),
    re.compile(
        rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?P<year>\d{{4}})\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_MONTH}\s?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s?(?P<year>\d{{4}})\b", re.IGNORECASE
    ),
)
_NUMERIC_DATE = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\b")
_FORMATS = {
    "email": r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}",
    "uri": r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]",
    "uuid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "ipv4": r"\d{1,3}(?:\.\d{1,3}){3}",
    "phone": r"\+?\d[\d\s().-]{5,}\d",
    # Number and street, then what follows up to the end of the sentence.
    "address": r"\d{1,5}[A-Za-z]? (?:[A-ZÀ-Þ][\w'.-]*|\d+\w+)"
    r"(?:,? (?:[A-ZÀ-Þ][\w'.-]*|\d[\w-]*|of|the))*"
    r"(?<![.,])"
    r"|\d{1,5}[a-z]? (?:\w+ ){1,3}(?:street|avenue|road|lane|drive|boulevard|square)\b"
    # Street and number, then the town with its code, after a comma or "in".
    r"|(?:[A-ZÀ-Þ][\w.'-]* ){1,4}\d{1,4} ?[a-z]?\b(?:,? (?:in )?\d{4,5} [A-ZÀ-Þ][\w-]+"
    r"|,? (?:in )?[A-ZÀ-Þ][\w-]+(?: [A-ZÀ-Þ][\w-]+)?)?",
    "time": r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?",
    "date-time": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?",
}
_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|(?<!\w)'((?:[^'\n]|'(?=\w))+)'(?!\w)")
_CODE = re.compile(r"#?\b(?=[\w-]*\d)[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\b")
# A full stop belongs to a name within a word ("Node.js"), after initials and in "St. Ives".
_CAPITALISED = (
    r"(?:(?:St|Dr|Mr|Mrs|Ms|Mt|Ft|Jr|Sr|Prof|Gen|Lt|Col|Sgt|Rev|No)\.(?=\s)|(?:[A-ZÀ-Þ]\.)+(?=\s)"
    r"|(?!I\b(?![.&-]))[A-ZÀ-Þ](?:[\w'’&-]|\.(?=\w))*[#+]*)"  # noqa: RUF001
)
_NAME = re.compile(
    rf"{_CAPITALISED}(?:(?:\s+(?:of|de|la|van|von|the|and)(?=\s+[A-ZÀ-Þ]))?\s+{_CAPITALISED})*"
    rf"(?:,\s+{_CAPITALISED}(?:\s+{_CAPITALISED})*)?"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it stands in the text."""

    value: str | int | float
    start: int
    end: int


def numbers(text: str) -> list[Found]:
    """Numbers in digits or words ("two", "3.5 million"); not the digits of dates and codes."""
    whole = [*dates(text), *numeric_dates(text), *impossible_dates(text)]
    taken = [(f.start, f.end) for f in whole]
    found: list[Found] = []
    # In brackets a comma parts numbers, even without a space after it.
    text = re.sub(r"[\[(][-\d.,\s]+[\])]", lambda m: m.group().replace(",", " "), text)
    for match in _NUMBER.finditer(text):
        if any(start <= match.start() < end for start, end in taken):
            continue
        value = float(match["digits"].replace(",", "") + (match["exponent"] or ""))
        value *= _SCALES.get((match["scale"] or "").lower(), 1)
        value = -value if match["sign"] else value
        found.append(Found(int(value) if value.is_integer() else value, match.start(), match.end()))
    below = [match.span(n) for match in _COORDINATES.finditer(text) for n in _negative(match)]
    found = [
        Found(-one.value, one.start, one.end)
        if (one.start, one.end) in below and isinstance(one.value, float)
        else one
        for one in found
    ]
    found += [
        Found(int(match.group(1)), match.start(), match.end())
        for match in re.finditer(r"\b(\d{1,2})(?:st|nd|rd|th)\b", text)
        if not any(start <= match.start() < end for start, end in taken)
        and not re.match(r"\s+century\b", text[match.end() :])
    ]
    spans = [(one.start, one.end) for one in found]
    found += [
        Found(int(value) if float(value).is_integer() else value, start, end)
        for value, start, end in spelled_numbers(text)
        if not any(start < other_end and other < end for other, other_end in spans)
    ]
    return sorted(found, key=lambda item: item.start)


def _negative(match: re.Match[str]) -> list[int]:
    """Groups of a pair of coordinates that are south or west."""
    return [n for n in (1, 3) if match.group(n + 1) in ("S", "W")]


def dates(text: str) -> list[Found]:
    """Full calendar dates, as ISO 8601. Forms such as 03/04/2026 are ambiguous and left out."""
    found = [
        Found(day.isoformat(), match.start(), match.end())
        for match in _date_matches(text)
        if (day := _day(*_date_parts(match))) is not None
    ]
    return sorted(found, key=lambda item: item.start)


def numeric_dates(text: str) -> list[Found]:
    """Dates such as 03/04/2026, verbatim: dates in one order of day and month at least."""
    return [
        Found(match.group(), *match.span())
        for match in _NUMERIC_DATE.finditer(text)
        if _is_numeric_date(match)
    ]


def impossible_dates(text: str) -> list[Found]:
    """What is written as a full date and is none, such as 31 February 2026; verbatim."""
    matches = [m for m in _date_matches(text) if _day(*_date_parts(m)) is None]
    matches += [m for m in _NUMERIC_DATE.finditer(text) if not _is_numeric_date(m)]
    return [Found(match.group(), *match.span()) for match in matches]


def _date_matches(text: str) -> list[re.Match[str]]:
    return [match for pattern in _DATES for match in pattern.finditer(text)]


def _date_parts(match: re.Match[str]) -> tuple[int, int, int]:
    """Year, month and day."""
    parts = match.groupdict()
    month = int(parts["m"]) if parts.get("m") else _MONTH_NUMBER[parts["month"][:3].lower()]
    return int(parts["year"]), month, int(parts["day"])


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _is_numeric_date(match: re.Match[str]) -> bool:
    first, second, year = map(int, match.groups())
    return _day(year, first, second) is not None or _day(year, second, first) is not None


def formatted(name: str, text: str) -> list[Found]:
    """Values of a JSON Schema format; none for a format that is not known here."""
    if name == "date":
        return dates(text)
    pattern = _FORMATS.get({"url": "uri", "idn-email": "email"}.get(name, name))
    if pattern is None:
        return []
    found = re.finditer(rf"(?<![\w@]){pattern}(?!\w)", text)
    return [
        Found(m.group(), *m.span())
        for m in found
        if name != "date-time" or _is_date_time(m.group())
    ]


def _is_date_time(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
        time.fromisoformat(text[11:16])
    except ValueError:
        return False
    return True


def codes(text: str) -> list[Found]:
    """Identifiers: words with a digit, such as `ORD-1001`, and `12345` for `#12345`."""
    taken = [(f.start, f.end) for f in [*dates(text), *formatted("email", text)]]
    # "2026-13-45" may be an identifier, "30" of "30 February 2026" is none.
    parted = [(f.start, f.end) for f in impossible_dates(text)]
    return [
        Found(match.group().lstrip("#"), match.start(), match.end())
        for match in _CODE.finditer(text)
        if not any(start <= match.start() < end for start, end in taken)
        and not any(
            start <= match.start() < end and match.span() != (start, end) for start, end in parted
        )
    ]


def quotations(text: str) -> list[Found]:
    """Text in quotation marks."""
    return [
        Found(next(group for group in match.groups() if group is not None), *match.span())
        for match in _QUOTED.finditer(text)
    ]


def names(text: str) -> list[Found]:
    """Runs of capitalised words, but for an ordinary word that opens a sentence."""
    found: list[Found] = []
    for match in _NAME.finditer(text):
        start = match.start()
        before = text[:start].rstrip(" \"'“")
        words = match.group().split()
        opens = not before or before[-1] in ".?!:\n"
        # Any first word has a capital: it is a name only where another capital follows it.
        if opens and (len(words) == 1 or words[0].lower() in STOP_WORDS):
            start += len(words.pop(0)) + 1
        # "at The Plaza": an article with a capital belongs to the name.
        titled = not opens and len(words) > 1 and words[0] == "The"
        while words and words[0].lower() in STOP_WORDS and not titled:
            start += len(words.pop(0)) + 1
        value = text[start : match.end()].rstrip(".,'’")  # noqa: RUF001
        value = re.sub(r"['’]s$", "", value)  # noqa: RUF001
        if words and value:
            found.append(Found(value, start, start + len(value)))
    return found
