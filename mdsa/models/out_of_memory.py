"""Tells errors that mean "out of memory" from others, without importing torch."""

from __future__ import annotations

__all__ = ["is_out_of_memory"]

_TYPES = frozenset({"OutOfMemoryError"})
"""`torch.OutOfMemoryError`, of CUDA, ROCm and MPS; a RuntimeError of its own."""

_PHRASES = (
    "not enough memory",  # torch's allocator on the CPU, a plain RuntimeError
    "out of memory",
    "requires more system memory",  # Ollama, HTTP 500
    "failed to allocate",
    "cublas_status_alloc_failed",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that it was raised from, says that memory ran out."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, MemoryError):
            return True
        if any(base.__name__ in _TYPES for base in type(current).__mro__):
            return True
        # A lost connection may say that memory was perhaps the reason.
        text = "" if isinstance(current, OSError) else str(current).lower()
        if any(phrase in text for phrase in _PHRASES):
            return True
        current = current.__cause__
    return False
