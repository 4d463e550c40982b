"""Pictures that a caller shows with a message, as LangChain's content blocks."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["read_images"]

_MOST_IMAGES = 8
_MOST_BYTES = 10_000_000
_DATA_URL = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,(.+)", re.DOTALL)
_KINDS = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
)


def read_images(given: object) -> list[dict[str, Any]]:
    """Read pictures; the kind is told from their content.

    Args:
        given: up to 8, of 10 MB together: `bytes`, a `pathlib.Path`, a `data:` URL, or a content
            block of LangChain's with `base64`. A plain string is never taken for a path, since it
            may come from a web form.

    Raises:
        InvalidInputError: one is no picture in PNG, JPEG, GIF or WebP, or they are too many.
    """
    if given is None:
        return []
    if isinstance(given, str | bytes | Path | Mapping) or not isinstance(given, Sequence):
        raise InvalidInputError(
            f"the context's 'images' is of type {type(given).__name__}; pass a list, such as "
            '[pathlib.Path("photo.jpg")].'
        )
    if len(given) > _MOST_IMAGES:
        raise InvalidInputError(f"{len(given)} images were given, the most is {_MOST_IMAGES}.")
    contents = [_content(number, one) for number, one in enumerate(given, start=1)]
    size = sum(len(content) for content in contents)
    if size > _MOST_BYTES:
        raise InvalidInputError(
            f"the images have {size} bytes together, the most is {_MOST_BYTES}; make them smaller."
        )
    return [_block(number, content) for number, content in enumerate(contents, start=1)]


def _content(number: int, given: object) -> bytes:
    if isinstance(given, bytes):
        return given
    if isinstance(given, Path):
        try:
            return given.read_bytes()
        except OSError as error:
            raise InvalidInputError(f"image {number} cannot be read: {error}") from error
    text = given.get("base64") if isinstance(given, Mapping) else None
    if isinstance(given, str):
        found = _DATA_URL.fullmatch(given.strip())
        text = found.group(1) if found is not None else None
    if not isinstance(text, str):
        raise InvalidInputError(
            f"image {number} is neither bytes, a pathlib.Path, a data: URL nor a content block "
            "with 'base64'; addresses are not fetched."
        )
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidInputError(f"image {number} is not valid base64: {error}.") from error


def _block(number: int, content: bytes) -> dict[str, Any]:
    kind = next((kind for begins, kind in _KINDS if begins.match(content)), None)
    if kind is None:
        raise InvalidInputError(f"image {number} is not a PNG, JPEG, GIF or WebP picture.")
    return {
        "type": "image",
        "base64": base64.b64encode(content).decode("ascii"),
        "mime_type": kind,
    }
