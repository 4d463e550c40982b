"""Currencies and countries as arguments want them: "US dollars" is USD, "German" is Germany."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

__all__ = ["as_code", "currencies"]

_CURRENCIES_TEXT = """
USD us dollar, american dollar, united states dollar, dollar; CAD canadian dollar;
AUD australian dollar; NZD new zealand dollar; SGD singapore dollar; HKD hong kong dollar;
EUR euro; GBP british pound, pound sterling, sterling, pound; JPY japanese yen, yen;
CNY chinese yuan, yuan, renminbi; INR indian rupee, rupee; CHF swiss franc; SEK swedish krona;
NOK norwegian krone; DKK danish krone; PLN polish zloty, zloty; RUB russian ruble, ruble, rouble;
BRL brazilian real; MXN mexican peso; ZAR south african rand, rand; KRW south korean won, won;
TRY turkish lira, lira; THB thai baht, baht; ILS israeli shekel, shekel
"""
_PEOPLES_TEXT = """
german Germany; french France; italian Italy; spanish Spain; portuguese Portugal; dutch Netherlands;
belgian Belgium; swiss Switzerland; austrian Austria; danish Denmark; swedish Sweden;
norwegian Norway; finnish Finland; polish Poland; czech Czechia; hungarian Hungary; greek Greece;
turkish Turkey; russian Russia; ukrainian Ukraine; romanian Romania; irish Ireland;
british United Kingdom; scottish Scotland; american United States; canadian Canada;
mexican Mexico; brazilian Brazil; argentine Argentina; argentinian Argentina; chilean Chile;
chinese China; japanese Japan; korean Korea; indian India; thai Thailand; vietnamese Vietnam;
indonesian Indonesia; australian Australia; egyptian Egypt; israeli Israel; moroccan Morocco;
kenyan Kenya; nigerian Nigeria; south african South Africa
"""


def _table(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in " ".join(text.split()).split("; "):
        code, names = entry.split(" ", 1)
        found.update(dict.fromkeys(names.split(", "), code))
    return found


_CURRENCIES = _table(_CURRENCIES_TEXT)
_SEVERAL_WORDS = sorted((name for name in _CURRENCIES if " " in name), key=len, reverse=True)
_CURRENCY = re.compile(rf"\b(?:{'|'.join(_SEVERAL_WORDS)})s?\b", re.IGNORECASE)
_PEOPLES = {
    match.group(1): match.group(2)
    for entry in " ".join(_PEOPLES_TEXT.split()).split("; ")
    if (match := re.fullmatch(r"([a-z ]+) ([A-Z].*)", entry))
}


def as_code(said: str, words: Collection[str], examples: Sequence[str]) -> str:
    """An ISO 4217 code for a currency, a country for its people; else as it was said.

    Args:
        said: the value.
        words: of the argument's name: only one for a currency or a country is changed.
        examples: values that the argument's description gives; where they are words, so is this.
    """
    plain = " ".join(said.lower().split())
    in_words = any(re.search(r"[a-z]{4}", one) for one in examples)
    if {"currency", "currencies"} & set(words) and not in_words:
        return _CURRENCIES.get(plain) or _CURRENCIES.get(plain.removesuffix("s"), said)
    if {"country", "countries", "nation"} & set(words):
        return _PEOPLES.get(plain, said)
    return said


def currencies(text: str) -> Iterator[re.Match[str]]:
    """Names of currencies in a text, whole: "Canadian dollars"."""
    return _CURRENCY.finditer(text)
