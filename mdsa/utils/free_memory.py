"""Gives memory that Python has freed back to the operating system."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["return_free_memory"]


def return_free_memory() -> None:
    """Have the C library's allocator give back what it holds free.

    glibc keeps freed memory of up to 32 MB a piece in pools, one for each few threads: a process
    that loads and releases models in many threads would look as if it leaked. Other C libraries
    have no such call, and need it less.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
