"""From a model's name to LangChain embeddings."""

from __future__ import annotations

import threading
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.embeddings import Embeddings

from mdsa.embeddings.deferred import DeferredEmbeddings
from mdsa.errors import InvalidInputError
from mdsa.settings import load_settings

if TYPE_CHECKING:
    from mdsa.embeddings.packaged import PackagedModel

__all__ = ["ANSWER_MODEL", "DEFAULT_MODEL", "load_embeddings"]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
ANSWER_MODEL = "embedded://minilm-answers"
"""The default model, adapted so that a question lies near the sentence that answers it."""

_PACKAGED_NAMES = frozenset({DEFAULT_MODEL, "all-MiniLM-L6-v2"})
_OLLAMA = "ollama://"
_cache_lock = threading.Lock()


def load_embeddings(name: str = DEFAULT_MODEL, cache_dir: Path | None = None) -> DeferredEmbeddings:
    """Get embeddings by name; the same object for the same name.

    Nothing is read until the first text is embedded (or `.load()` is called). The default model and
    `ANSWER_MODEL` ship with the install and run on onnxruntime. Other names are `ollama://MODEL`, a
    local folder or a Hugging Face hub id; these never download anything by themselves.

    Args:
        name: the model.
        cache_dir: where the prepared form of those that ship is kept; `Settings.cache_dir` if None.

    Raises:
        InvalidInputError: the name is empty. Using the embeddings may raise ModelUnavailableError
            with the command that mends it.
    """
    if not name.strip():
        raise InvalidInputError(
            f"embedding model {name!r} is empty; the default is {DEFAULT_MODEL!r}"
        )
    with _cache_lock:  # lru_cache alone may build two for two threads
        return _cached(name.strip(), cache_dir)


@lru_cache(maxsize=8)
def _cached(name: str, cache_dir: Path | None) -> DeferredEmbeddings:
    if name in _PACKAGED_NAMES:
        return DeferredEmbeddings(DEFAULT_MODEL, partial(_load_packaged, cache_dir))
    if name == ANSWER_MODEL:
        return DeferredEmbeddings(name, partial(_load_adapted, cache_dir))
    if name.startswith(_OLLAMA):
        return DeferredEmbeddings(name, partial(_load_ollama, name.removeprefix(_OLLAMA)))
    return DeferredEmbeddings(name, partial(_load_hugging_face, name))


def _load_packaged(cache_dir: Path | None) -> Embeddings:
    from mdsa.embeddings.packaged import packaged_minilm

    return _open(packaged_minilm(), cache_dir)


def _load_adapted(cache_dir: Path | None) -> Embeddings:
    from mdsa.embeddings.adapter import adapted_minilm

    return _open(adapted_minilm(), cache_dir)


def _open(model: PackagedModel, cache_dir: Path | None) -> Embeddings:
    from mdsa.embeddings.onnx_embeddings import OnnxEmbeddings
    from mdsa.embeddings.preparation import open_session

    session = open_session(model, cache_dir or load_settings().cache_dir)
    return OnnxEmbeddings(session, model.tokenizer_json, model.max_tokens)


def _load_ollama(model: str) -> Embeddings:
    from mdsa.embeddings.ollama import OllamaServerEmbeddings

    return OllamaServerEmbeddings(model, load_settings().ollama_base_url)


def _load_hugging_face(name: str) -> Embeddings:
    from mdsa.embeddings.hugging_face import load_local_hugging_face

    return load_local_hugging_face(name)
