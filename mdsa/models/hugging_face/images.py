"""Image content blocks as pictures."""

from __future__ import annotations

import base64
import binascii
import io
import struct
from collections.abc import Mapping
from typing import Any

from mdsa.errors import InvalidInputError

__all__ = ["read_image"]

_MAX_PIXELS = 40_000_000


def read_image(block: Mapping[str, Any]) -> Any:
    """A standard image block as a `PIL.Image` in RGB.

    Args:
        block: with `base64`, or a `data:` URL. Nothing is fetched from a server.

    Raises:
        InvalidInputError: it holds no image that can be read, or a huge one.
    """
    from PIL import Image

    data = block.get("base64")
    url = str(block.get("url") or "")
    if data is None and url.startswith("data:"):
        data = url.partition(",")[2]
    if data is None:
        raise InvalidInputError(
            f"an image comes without data (address: {url or 'none'}), and hf:// models fetch "
            "nothing; put the image into the message, as base64."
        )
    try:
        image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
        pixels = image.width * image.height
    # Pillow looks at the size itself: it warns of a large one and refuses a larger one.
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidInputError(f"an image is too large: {error} {_limit()}") from error
    # OSError holds Pillow's own errors; the others escape from its readers of broken files.
    except (OSError, ValueError, TypeError, SyntaxError, EOFError, struct.error) as error:
        raise _unreadable(error) from error
    if pixels > _MAX_PIXELS:
        raise InvalidInputError(
            f"an image is too large: {image.width} x {image.height} pixels. {_limit()}"
        )
    try:
        return image.convert("RGB")
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        raise _unreadable(error) from error


def _limit() -> str:
    return f"Send at most {_MAX_PIXELS:,} pixels (width times height): scale it down first."


def _unreadable(error: Exception) -> InvalidInputError:
    what = "its base64 is broken" if isinstance(error, binascii.Error) else "its file is damaged"
    return InvalidInputError(
        f"an image cannot be read, since {what} or of an unknown kind: {error}; send a whole PNG "
        "or JPEG file, as base64."
    )
