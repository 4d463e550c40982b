"""How weights of models that run in this process may be stored."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["QuantizationType"]


class QuantizationType(StrEnum):
    """Integer types for weights."""

    INT8 = "int8"
    INT4 = "int4"
