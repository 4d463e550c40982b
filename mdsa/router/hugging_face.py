"""Classifiers of the Hugging Face kind that are on this machine: a folder, or the hub's cache."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mdsa.errors import ConfigError, ModelUnavailableError
from mdsa.router.calibration import softmax
from mdsa.router.label_model import LabelJudgement

__all__ = ["HuggingFaceClassifier", "find_in_cache", "is_classifier", "read_config"]

_BATCH = 32
_MOST_TOKENS = 512


class HuggingFaceClassifier:
    """A sequence classifier, run by transformers; its labels are those of its configuration.

    Its probabilities are the softmax of its logits as they are: how well they are calibrated is
    the model's own affair, it has no rows for prediction sets, and it finds nothing out of scope
    but labels that no registered domain takes. `mdsa train router` makes a model that does better.

    Args:
        folder: holds `config.json`, weights and tokenizer. Nothing is loaded yet but the first.

    Raises:
        ConfigError: `config.json` cannot be read, or names no labels.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        named = read_config(folder).get("id2label")
        if not isinstance(named, dict) or len(named) < 2:
            raise ConfigError(
                f"{folder / 'config.json'} names {len(named or ())} labels (key 'id2label'); a "
                "router needs two or more, named as your domains are."
            )
        self._labels = tuple(str(named[key]) for key in sorted(named, key=int))
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the logits."""
        return self._labels

    @property
    def domains(self) -> tuple[str, ...]:
        """The labels: such a model knows of no domains above them."""
        return self._labels

    def judge(self, texts: Sequence[str]) -> LabelJudgement:
        """Judge texts, in batches of texts of about the same length.

        Raises:
            ModelUnavailableError: the model cannot be loaded.
        """
        import torch

        tokenizer, model = self._load()
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        logits = np.empty((len(texts), len(self._labels)))
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            # The tokenizer refuses lone surrogates, which messages from the web may hold.
            batch = [texts[row].encode("utf-8", "replace").decode() for row in rows]
            with self._lock:  # a fast tokenizer keeps padding and truncation as its own state
                inputs = tokenizer(
                    batch,
                    return_tensors="pt",
                    padding=True,
                    truncation=True,
                    max_length=min(tokenizer.model_max_length, _MOST_TOKENS),
                )
            with torch.inference_mode():
                logits[rows] = model(**inputs).logits.float().numpy()
        return LabelJudgement(softmax(logits), np.zeros(len(texts)))

    def score_floor(self, target_error: float) -> float | None:  # noqa: ARG002 - the interface
        """None: such a model brings no calibration rows."""
        return None

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._read()
            return self._loaded

    def _read(self) -> tuple[Any, Any]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
            model = AutoModelForSequenceClassification.from_pretrained(
                self._folder, local_files_only=True
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelUnavailableError(
                f"the classifier in {self._folder} cannot be loaded: {error}; it must be a "
                "sequence classifier that transformers knows, with its weights and tokenizer."
            ) from error
        return tokenizer, model.eval()


def read_config(folder: Path) -> dict[str, Any]:
    """Read a model's `config.json`.

    Raises:
        ConfigError: there is none, or it is no JSON object.
    """
    path = folder / "config.json"
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path} holds no JSON object")
    return found


def is_classifier(config: dict[str, Any]) -> bool:
    """Tell whether a model's configuration is that of a sequence classifier."""
    return any("ForSequenceClassification" in name for name in config.get("architectures") or ())


def find_in_cache(hub_id: str) -> Path:
    """Give the folder of a model in the hub's cache; nothing is downloaded.

    Raises:
        ModelUnavailableError: it is not there; the message says how to get it.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(hub_id, "config.json")
    except HFValidationError as error:
        raise ModelUnavailableError(
            f"{hub_id!r} is neither a folder nor a hub id; write OWNER/MODEL or a folder."
        ) from error
    if not isinstance(config, str):
        raise ModelUnavailableError(
            f"model {hub_id!r} is not on this machine; download it once: hf download {hub_id}; or "
            "give the path of a folder that exists."
        )
    return Path(config).parent
