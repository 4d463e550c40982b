"""LangServe's playground under a policy of its own: it is a page, and comes from this server."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

__all__ = ["first_choices", "page_headers", "without_compiler", "without_default"]

_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
# Ajv 8 in the bundle of langserve 0.3.3; the last part applies the compiled function's maker.
_COMPILED = re.compile(rb"new Function\(`[^`]*`,`[^`]*`,\w+\)\(this,this\.scope\.get\(\)\);")


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


def without_compiler(content: bytes) -> bytes:
    """One of its files without the one place where it compiles code of its own.

    Its form validates what is typed by functions that Ajv writes of the JSON schema and compiles
    (`new Function`), for which a page has to allow `'unsafe-eval'`. Here every such function finds
    no fault; the server checks each request anyhow, and says what is wrong with it.
    """
    return _COMPILED.sub(b"(()=>!0);", content)


def page_headers(content: bytes) -> dict[str, str]:
    """The headers of one of its files.

    It is drawn with styles that it makes; nothing comes from another host, no code is made of text,
    and only the script that the file holds is run.
    """
    scripts = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE.findall(content)
    )
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; script-src 'self' {scripts}; "
            "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
