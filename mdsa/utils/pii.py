"""Replaces what identifies a person in a text: addresses, numbers of phones, accounts and cards.

Patterns and checksums, no language model: names and postal addresses stay. Presidio finds more, but
needs spaCy and one of its models, which no package index carries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Final

from mdsa.errors import ConfigError

__all__ = ["PiiRedactor", "Redact", "redact_within"]

Redact = Callable[[str], str]

_EMAIL: Final = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])"
)
_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?!\w)")
_CARD: Final = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])(?!\.\d)")
_SSN: Final = re.compile(r"(?<![\w-])\d{3}[- ]\d{2}[- ]\d{4}(?![\w-])")
_DIGITS: Final = re.compile(r"\d(?:\D{0,3}\d){5}")


class PiiRedactor:
    """Replaces each finding by its kind: `[email]`, `[iban]`, `[card]`, `[ssn]` or `[phone]`.

    IBANs must have their checksum, cards theirs (Luhn), and United States social security numbers a
    number that was given out; phone numbers must be possible ones in their country.

    Args:
        phone_region: country, such as US, of phone numbers that are written without their country
            code; None finds those with one (`+1 …`) only.

    Raises:
        ConfigError: its libraries are not installed, or there is no such country.
    """

    def __init__(self, phone_region: str | None = None) -> None:
        if find_spec("phonenumbers") is None or find_spec("stdnum") is None:
            raise ConfigError(
                "MDSA_PII_REDACTION is set and its libraries are not installed; "
                "pip install 'mdsa[redaction]'."
            )
        import phonenumbers
        import stdnum.iban
        import stdnum.luhn
        import stdnum.us.ssn

        if phone_region is not None and phone_region not in phonenumbers.SUPPORTED_REGIONS:
            raise ConfigError(
                f"MDSA_PII_PHONE_REGION is {phone_region!r}; use a country's two letters, such as "
                "US or DE."
            )
        self._region = phone_region
        self._phones = phonenumbers.PhoneNumberMatcher
        self._checks: list[tuple[re.Pattern[str], Callable[[str], bool], str]] = [
            (_EMAIL, lambda _: True, "[email]"),
            (_CARD, lambda found: bool(stdnum.luhn.is_valid(_bare(found))), "[card]"),
            (_SSN, lambda found: bool(stdnum.us.ssn.is_valid(found.replace(" ", "-"))), "[ssn]"),
        ]
        self._is_iban: Callable[[str], bool] = stdnum.iban.is_valid

    def __call__(self, text: str) -> str:
        """Give the text without them."""
        text = _IBAN.sub(self._without_iban, text)
        for pattern, is_one, mark in self._checks:
            text = pattern.sub(
                lambda match, is_one=is_one, mark=mark: (  # type: ignore[misc]  # bound in the loop
                    mark if is_one(match[0]) else match[0]
                ),
                text,
            )
        return self._without_phones(text) if _DIGITS.search(text) else text

    def _without_iban(self, match: re.Match[str]) -> str:
        """Leave off words that follow: the pattern takes them in where blanks are allowed."""
        found = match[0]
        while len(_bare(found)) >= _SHORTEST_IBAN:
            if self._is_iban(_bare(found)):
                return "[iban]" + match[0][len(found) :]
            cut = max(found.rfind(" "), found.rfind("-"))
            if cut < 0:
                break
            found = found[:cut]
        return match[0]

    def _without_phones(self, text: str) -> str:
        parts: list[str] = []
        end = 0
        for match in self._phones(text, self._region, max_tries=_MOST_TRIES):
            parts += [text[end : match.start], "[phone]"]
            end = match.end
        return "".join([*parts, text[end:]])


_SHORTEST_IBAN: Final = 15
_MOST_TRIES: Final = 2000
"""Candidates for phone numbers, found or not, after which the rest of a text is left alone."""


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def redact_within(value: Any, redact: Redact, skipped: frozenset[str] = frozenset()) -> Any:
    """Redact every text inside mappings and lists.

    Args:
        value: left as it is.
        redact: of one text.
        skipped: keys of mappings whose values stay.

    Returns:
        The value, or a copy of it where something was replaced.
    """
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {
            key: item if key in skipped else redact_within(item, redact, skipped)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact_within(item, redact, skipped) for item in value]
    if type(value) is tuple:
        return tuple(redact_within(item, redact, skipped) for item in value)
    return value
