"""What is missing of a model's folder, told before it is loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mdsa.models.hugging_face.files import find_problem


def sharded(folder: Path, *there: str) -> Path:
    names = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
    index = {"weight_map": dict(zip(("a", "b"), names, strict=True))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    (folder / "config.json").write_text("{}", encoding="utf-8")
    for name in there:
        (folder / name).write_bytes(b"weights")
    return folder


def test_a_folder_without_weights_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")

    assert find_problem(str(tmp_path)) == (
        f"folder {tmp_path} holds no weights (*.safetensors or *.bin)",
        "download the model anew",
    )


def test_a_download_that_was_cut_off_is_told_by_the_part_that_is_missing(tmp_path: Path) -> None:
    problem = find_problem(str(sharded(tmp_path, "model-00001-of-00002.safetensors")))

    assert problem is not None
    assert "model-00002-of-00002.safetensors" in problem[0]


@pytest.mark.parametrize(
    "there",
    [
        ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        ("pytorch_model.bin",),
        ("model.safetensors",),
    ],
    ids=["both parts", "as one older file", "as one file"],
)
def test_weights_that_are_whole_in_one_form_are_enough(
    tmp_path: Path, there: tuple[str, ...]
) -> None:
    assert find_problem(str(sharded(tmp_path, *there))) is None


def test_an_index_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    sharded(tmp_path, "model-00001-of-00002.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text("{", encoding="utf-8")

    problem = find_problem(str(tmp_path))

    assert problem is not None
    assert "model.safetensors.index.json" in problem[0]
