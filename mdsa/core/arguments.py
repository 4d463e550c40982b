"""What the orchestrator is made with, checked before anything is built of it."""

from __future__ import annotations

from mdsa.errors import InvalidInputError
from mdsa.models import QuantizationType
from mdsa.settings import Settings

__all__ = ["check_quantization", "configured"]

_DEVICES = ("auto", "cpu", "cuda", "mps")


def configured(settings: Settings, **arguments: object) -> Settings:
    """Give the settings with the arguments that were given in their place.

    An argument at its default does not replace what the environment says.

    Raises:
        InvalidInputError: a device that there is none of, or a threshold or target error that is
            no probability.
    """
    given = {
        name: value
        for name, value in arguments.items()
        if value != Settings.model_fields[name].default or name not in settings.model_fields_set
    }
    made = settings.model_copy(update=given)
    if made.device not in _DEVICES:
        raise InvalidInputError(f"device is {made.device!r}; choose from {', '.join(_DEVICES)}.")
    threshold, error = made.use_reasoning_threshold, made.target_error
    if not _is_number(threshold) or not 0 <= threshold <= 1:
        raise InvalidInputError(
            f"use_reasoning_threshold is {threshold!r}; give a probability from 0 to 1."
        )
    if error is not None and (not _is_number(error) or not 0 < error < 1):
        raise InvalidInputError(
            f"target_error is {error!r}; give the share of messages that may go wrong, between 0 "
            "and 1, or leave it out."
        )
    return made


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_quantization(quantization: object) -> str | None:
    """Read a quantization: None, a QuantizationType, or the name of one.

    Raises:
        InvalidInputError: it is something else.
    """
    if quantization is None:
        return None
    try:
        return QuantizationType(quantization).value  # type: ignore[arg-type] # the point of it
    except ValueError as error:
        names = ", ".join(f"QuantizationType.{name}" for name in QuantizationType.__members__)
        raise InvalidInputError(
            f"quantization is {quantization!r}; choose from {names}, or leave it out."
        ) from error
