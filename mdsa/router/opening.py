"""From `intent_model_path` to a router."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from mdsa.errors import ConfigError, InvalidInputError
from mdsa.router.hugging_face import (
    HuggingFaceClassifier,
    find_in_cache,
    is_classifier,
    read_config,
)
from mdsa.router.protocol import Router
from mdsa.router.trained import TrainedRouter
from mdsa.router.trained_folder import is_trained_folder

__all__ = ["names_nothing", "open_router"]

_HUB = "hf://"
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]*[\w-]", re.ASCII)
_ENCODER_FILES = ("config.json", "modules.json")

_log = logging.getLogger(__name__)


def open_router(intent_model_path: str | Path | None = None) -> Router:
    """Give the router that a path or a hub id stands for, without domains.

    - None: the default router, on the encoder that ships with MDSA; needs no training.
    - A folder that `mdsa train router` wrote: its labels (see `TrainedRouter`).
    - A folder or hub id of a Hugging Face sequence classifier: its labels, likewise.
    - A folder or hub id of a Hugging Face or sentence-transformers encoder: the default router
      over its embeddings.
    - A path where there is nothing: the default router, and a warning that says so.

    A hub id is `OWNER/MODEL`, where no folder of the name `OWNER` is here, or `hf://` and an id.
    Nothing is downloaded: the model must be in the hub's cache. Configurations are read now,
    weights when the first message is routed, except that a trained router's files are checked now.

    Raises:
        InvalidInputError: it is neither text nor a path.
        ConfigError: there is something at the path that is no router and no model.
        ModelUnavailableError: the model is not on this machine, or a trained router's file is
            missing, damaged or was changed.
    """
    if intent_model_path is None:
        return _default()
    _check(intent_model_path)
    name = str(intent_model_path)
    path = Path(name).expanduser()
    if names_nothing(name):
        _log.warning(
            "intent_model_path %r does not exist; messages are routed by the domains' names, "
            "descriptions, keywords and examples",
            name,
        )
        return _default()
    if not name.startswith(_HUB) and path.exists():
        return _folder(path)
    return _model(find_in_cache(name.removeprefix(_HUB)), name)


def names_nothing(intent_model_path: str) -> bool:
    """Whether this is a path where there is nothing, and no hub id."""
    path = Path(intent_model_path).expanduser()
    is_hub_id = intent_model_path.startswith(_HUB) or (
        _HUB_ID.fullmatch(intent_model_path) is not None and not path.parent.exists()
    )
    return not is_hub_id and not path.exists()


def _check(given: object) -> None:
    usable = isinstance(given, Path) or (
        isinstance(given, str) and bool(given.strip()) and "\0" not in given
    )
    if not usable:
        raise InvalidInputError(
            f"intent_model_path is {given!r}; give the folder of a trained router or a hub id, or "
            "leave it out."
        )


def _default() -> Router:
    from mdsa.router.tinybert_router import TinyBertRouter

    return TinyBertRouter()


def _folder(path: Path) -> Router:
    if is_trained_folder(path):
        from mdsa.router.trained_model import TrainedModel

        return TrainedRouter(TrainedModel(path), _default())
    if not any((path / name).is_file() for name in _ENCODER_FILES):
        raise ConfigError(
            f"intent_model_path {str(path)!r} is neither the folder of a trained router (no "
            "router.json of 'mdsa train router') nor of a Hugging Face model (no config.json)."
        )
    return _model(path, str(path))


def _model(folder: Path, name: str) -> Router:
    """A model's router: over its labels if it is a classifier, else over its embeddings."""
    if (folder / "config.json").is_file() and is_classifier(read_config(folder)):
        return TrainedRouter(HuggingFaceClassifier(folder), _default())
    from mdsa.embeddings import load_embeddings
    from mdsa.router.tinybert_router import TinyBertRouter, encode_with

    _log.info("messages are routed by the embeddings of %s", name)
    embeddings = load_embeddings(str(folder))
    return TinyBertRouter(encode_with(lambda: embeddings))
