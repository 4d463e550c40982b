"""LangServe's playground under a policy of its own: it is a page, and comes from this server."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

__all__ = ["first_choices", "page_headers", "without_default"]

_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def first_choices(schema: Any) -> Any:
    """A JSON schema with the first of several types in their place: the page draws no other."""
    if isinstance(schema, list):
        return [first_choices(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    flat = {**schema}
    choices = flat.pop("anyOf", None)
    if choices:
        flat = {**choices[0], **flat}
        flat.pop("default", None)
    return {key: first_choices(part) for key, part in flat.items()}


def without_default(schema: dict[str, Any]) -> None:
    """Take None from a field's schema: the page would fill it in, and find it of no type."""
    schema.pop("default", None)


def page_headers(content: bytes) -> dict[str, str]:
    """The headers of one of its files.

    Its forms are checked by code that the page makes of their schemas, and drawn with styles that
    it makes; nothing comes from another host, and only the script that the file holds is run.
    """
    scripts = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE.findall(content)
    )
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
