"""Image content blocks as pictures."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Any

from mdsa.errors import ModelError

__all__ = ["read_image"]

_MAX_PIXELS = 40_000_000


def read_image(block: Mapping[str, Any]) -> Any:
    """A standard image block as a `PIL.Image` in RGB.

    Args:
        block: with `base64`, or a `data:` URL. Nothing is fetched from a server.

    Raises:
        ModelError: it holds no image that can be read, or a huge one.
    """
    from PIL import Image, UnidentifiedImageError

    data = block.get("base64")
    url = str(block.get("url") or "")
    if data is None and url.startswith("data:"):
        data = url.partition(",")[2]
    if data is None:
        raise ModelError(
            f"an image comes without data (address: {url or 'none'}), and hf:// models fetch "
            "nothing; put the image into the message, as base64."
        )
    try:
        image = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
        if image.width * image.height > _MAX_PIXELS:
            raise ModelError(
                f"an image has {image.width} x {image.height} pixels; send at most {_MAX_PIXELS}."
            )
        return image.convert("RGB")
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError) as error:
        raise ModelError(f"an image cannot be read: {error}; send PNG or JPEG.") from error
