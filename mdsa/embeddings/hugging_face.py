"""Sentence-transformers models that are on this machine already."""

from __future__ import annotations

from pathlib import Path

from langchain_core.embeddings import Embeddings

from mdsa.errors import ModelUnavailableError

__all__ = ["load_local_hugging_face"]


def load_local_hugging_face(name: str) -> Embeddings:
    """Load a model from a folder or from the Hugging Face cache, without downloading.

    Args:
        name: a local folder or a hub id.

    Raises:
        ModelUnavailableError: it is not on this machine.
    """
    from langchain_huggingface import HuggingFaceEmbeddings

    try:
        return HuggingFaceEmbeddings(
            model_name=name,
            model_kwargs={"local_files_only": True},
            encode_kwargs={"normalize_embeddings": True},
        )
    except (OSError, ValueError) as error:
        folder = Path(name).expanduser()
        way_out = (
            f"{folder} must be a sentence-transformers or Hugging Face model folder"
            if folder.is_dir()
            else f"download it once: hf download {name}; or give the path of a model folder"
        )
        raise ModelUnavailableError(
            f"embedding model {name!r} cannot be loaded ({error}); {way_out}"
        ) from error
