"""Addresses as messages and logs may show them."""

from __future__ import annotations

import re

__all__ = ["shown_url"]

_USER = re.compile(r"^([a-zA-Z][\w+.-]*://)?.*@", re.DOTALL)


def shown_url(url: str) -> str:
    """An address without the user and password in it.

    All up to the last `@` counts as such, so that what is no address is safe to show too: a
    password with an unescaped slash makes one.
    """
    return _USER.sub(r"\1", url)
