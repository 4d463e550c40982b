"""From a file's bytes to clean text."""

from __future__ import annotations

import codecs
import logging
from pathlib import Path

from mdsa.errors import RetrievalError

__all__ = ["clean_text", "read_text"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")
_MOST_CONTROL = 0.01
_log = logging.getLogger(__name__)


def read_text(path: Path) -> str:
    """Read a text file: by its byte-order mark, else as UTF-8, else as Windows-1252 with a warning.

    Raises:
        RetrievalError: the file cannot be read, or is not text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RetrievalError(f"{path}: cannot be read ({error.strerror})") from error
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return clean_text(data.decode(encoding))
            except UnicodeDecodeError as error:
                raise RetrievalError(
                    f"{path}: begins as {encoding} but is not ({error.reason} at byte "
                    f"{error.start}); save it as UTF-8"
                ) from error
    if sum(byte in _CONTROL for byte in data) > _MOST_CONTROL * len(data):
        raise RetrievalError(f"{path}: is not text; its suffix {path.suffix!r} may be wrong")
    try:
        return clean_text(data.decode())
    except UnicodeDecodeError:
        _log.warning("%s is not UTF-8; reading it as Windows-1252", path)
        # Five bytes mean nothing in Windows-1252; one such byte should not cost the file.
        return clean_text(data.decode("cp1252", "replace"))


def clean_text(text: str) -> str:
    """Drop NUL characters, and put U+FFFD in place of lone surrogates."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
