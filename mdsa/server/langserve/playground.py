"""LangServe's playground under a policy of its own: it is a page, and comes from this server."""

from __future__ import annotations

import base64
import hashlib
import re

__all__ = ["page_headers"]

_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


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
