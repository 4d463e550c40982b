"""Keeps a native library from taking over what the process does on Ctrl+C and termination.

llama.cpp's server installs handlers of its own when it starts. With them, Ctrl+C would stop the
model and not the program. Python's `signal.signal` works in the main thread only, and models load
in any, so that the handlers are kept and put back through the C library.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["kept_signal_handlers"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LARGEST_SIGACTION = 256
"""Bytes; the structure takes 152 on Linux and 16 on macOS."""


@contextmanager
def kept_signal_handlers() -> Iterator[None]:
    """Put the handlers back that were there before."""
    if os.name != "posix":
        yield
        return
    sigaction = ctypes.CDLL(None, use_errno=True).sigaction
    kept = {}
    for number in _SIGNALS:
        kept[number] = ctypes.create_string_buffer(_LARGEST_SIGACTION)
        sigaction(int(number), None, kept[number])
    try:
        yield
    finally:
        for number, action in kept.items():
            sigaction(int(number), action, None)
