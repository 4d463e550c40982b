"""The classifier of a folder that `mdsa train router` wrote, on onnxruntime."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from mdsa.errors import ModelUnavailableError
from mdsa.router.calibration import softmax
from mdsa.router.conformal import ConformalScores
from mdsa.router.label_model import LabelJudgement
from mdsa.router.out_of_scope import OutOfScope
from mdsa.router.spelling import Speller, trained_speller
from mdsa.router.text_graph import TextGraph
from mdsa.router.trained_folder import TrainedFolder, read_trained_folder

__all__ = ["TrainedModel"]


class TrainedModel:
    """A trained router's classifier. Its files are read and checked now, its graph is made later.

    Typing errors are mended before a text is read, towards the words that it was trained on.

    Args:
        path: the folder; see `mdsa.router.trained_folder`.

    Raises:
        ConfigError: there is no trained router.
        ModelUnavailableError: a file is missing, damaged or was changed.
    """

    def __init__(self, path: Path) -> None:
        self._folder = read_trained_folder(path)
        self._manifest = self._folder.manifest
        try:
            self._conformal = ConformalScores.of(list(self._manifest.conformal))
            self._out_of_scope = _restore(self._folder)
        except ValueError as error:
            raise _unusable(path, error) from error
        self._lock = threading.Lock()
        self._reading: tuple[Speller, TextGraph] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the logits."""
        return self._manifest.labels

    @property
    def domains(self) -> tuple[str, ...]:
        """The domain of each label."""
        return self._manifest.domains

    def judge(self, texts: Sequence[str]) -> LabelJudgement:
        """Judge texts, in one batch.

        Raises:
            ModelUnavailableError: the graph cannot be loaded.
        """
        speller, graph = self._load()
        embeddings, logits = graph.many([speller.mend(text) for text in texts])
        return LabelJudgement(
            softmax(logits, self._manifest.temperature),
            self._out_of_scope.probability(logits, embeddings),
        )

    def score_floor(self, target_error: float) -> float | None:
        """As `mdsa.router.Router.score_floor` says."""
        return self._conformal.floor(target_error)

    def _load(self) -> tuple[Speller, TextGraph]:
        if self._reading is None:
            with self._lock:
                if self._reading is None:
                    folder = self._folder
                    graph = _open(folder)
                    self._reading = trained_speller(folder.tokenizer_json, folder.words), graph
        return self._reading


def _restore(folder: TrainedFolder) -> OutOfScope:
    score = OutOfScope.restore(folder.manifest.out_of_scope, folder.arrays)
    if len(score.centres) != len(folder.manifest.labels):
        raise ValueError(f"{len(score.centres)} centres for {len(folder.manifest.labels)} labels")
    return score


def _open(folder: TrainedFolder) -> TextGraph:
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    try:
        graph = TextGraph(
            folder.model,
            folder.tokenizer_json,
            folder.manifest.max_tokens,
            ["embedding", "logits"],
        )
        columns = graph.columns("logits")
    except (
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NotImplemented,
        ValueError,  # no output of that name
    ) as error:
        raise _unusable(folder.path, error) from error
    if columns != len(folder.manifest.labels):
        raise _unusable(folder.path, f"{columns} logits for {len(folder.manifest.labels)} labels")
    return graph


def _unusable(path: Path, problem: object) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"{path} does not load ({problem}); train it again with 'mdsa train router'."
    )
