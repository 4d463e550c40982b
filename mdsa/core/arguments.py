"""What the orchestrator is made with, checked before anything is built of it."""

from __future__ import annotations

import logging
from pathlib import Path

from mdsa.domains.app_file import App
from mdsa.errors import ConfigError, InvalidInputError, MdsaError
from mdsa.graph.assembly import CLAUSES
from mdsa.models import ModelRegistry, QuantizationType
from mdsa.router import Router
from mdsa.router.similarity import SimilarityRouter
from mdsa.settings import Settings

__all__ = [
    "check_app_models",
    "check_quantization",
    "check_reference",
    "configured",
    "open_router",
]

_DEVICES = ("auto", "cpu", "cuda", "mps")
_log = logging.getLogger(__name__)


def configured(settings: Settings, **arguments: object) -> Settings:
    """Give the settings with the arguments that were given in their place.

    An argument at its default does not replace what the environment says.

    Raises:
        InvalidInputError: a device that there is none of, or a threshold that is no probability.
    """
    device, threshold = arguments["device"], arguments["use_reasoning_threshold"]
    if device not in _DEVICES:
        raise InvalidInputError(f"device is {device!r}; choose from {', '.join(_DEVICES)}.")
    if (
        not isinstance(threshold, int | float)
        or isinstance(threshold, bool)
        or not 0 <= threshold <= 1
    ):
        raise InvalidInputError(
            f"use_reasoning_threshold is {threshold!r}; give a probability from 0 to 1."
        )
    given = {
        name: value
        for name, value in arguments.items()
        if value != Settings.model_fields[name].default or name not in settings.model_fields_set
    }
    return settings.model_copy(update=given)


def check_quantization(quantization: object) -> None:
    """Refuse an unknown quantization, and say that a known one has no effect yet.

    Raises:
        InvalidInputError: it is neither None nor a QuantizationType, nor the name of one.
    """
    if quantization is None:
        return
    try:
        known = QuantizationType(quantization)  # type: ignore[arg-type] # the point of the check
    except ValueError as error:
        names = ", ".join(f"QuantizationType.{name}" for name in QuantizationType.__members__)
        raise InvalidInputError(
            f"quantization is {quantization!r}; choose from {names}, or leave it out."
        ) from error
    _log.warning("quantization %s is not applied by this version", known.name)


def check_reference(models: ModelRegistry, argument: str, reference: object) -> None:
    """Refuse a model reference that can name no model; nothing is loaded.

    Raises:
        InvalidInputError: it is no text.
        ConfigError: it is empty.
        UnknownNameError: there is no such kind of model.
    """
    if not isinstance(reference, str):
        raise InvalidInputError(
            f"{argument} is {reference!r}; give a model reference such as 'ollama://llama3:8b'."
        )
    if reference != CLAUSES:
        models.parse(reference)


def check_app_models(app: App, models: ModelRegistry) -> None:
    """Refuse an app file that names a kind of model that there is none of.

    Raises:
        ConfigError: it does; names file and key.
    """
    references = {"model": app.file.model, "reasoning_model": app.file.reasoning_model}
    for key, reference in references.items():
        try:
            check_reference(models, key, reference)
        except MdsaError as error:
            raise ConfigError(f"{app.path}: key {key!r}: {error}") from error


def open_router(intent_model_path: object) -> Router:
    """Give the router of a folder; where there is none, one that needs no training.

    Raises:
        InvalidInputError: the path is no path.
        ConfigError: there is something at the path that cannot be used.
    """
    if intent_model_path is None:
        return SimilarityRouter()
    usable = isinstance(intent_model_path, Path) or (
        isinstance(intent_model_path, str)
        and bool(intent_model_path.strip())
        and "\0" not in intent_model_path
    )
    if not usable:
        raise InvalidInputError(
            f"intent_model_path is {intent_model_path!r}; give the folder of a trained router, or "
            "leave it out to route by similarity."
        )
    if Path(str(intent_model_path)).exists():
        raise ConfigError(
            f"intent_model_path {str(intent_model_path)!r}: trained routers cannot be read by this "
            "version; leave it out to route by similarity."
        )
    _log.warning(
        "intent_model_path %r does not exist; messages are routed by similarity to the domains' "
        "names, descriptions and keywords",
        str(intent_model_path),
    )
    return SimilarityRouter()
