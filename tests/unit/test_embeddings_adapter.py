"""The adapter that is added to MiniLM for the reader: checked, added, prepared beside the plain."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mdsa.embeddings import ANSWER_MODEL, load_embeddings
from mdsa.embeddings.adapter import ADAPTER_FILE, MANIFEST_FILE, adapted_minilm
from mdsa.embeddings.packaged import packaged_minilm
from mdsa.embeddings.preparation import prepared_path
from mdsa.errors import ModelUnavailableError

_NAME = "encoder.layer.0.attention.self.query"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    tensors = {
        f"{_NAME}.a": rng.normal(size=(2, 384)).astype(np.float16),
        f"{_NAME}.b": rng.normal(size=(384, 2)).astype(np.float16),
    }
    save_file(tensors, tmp_path / ADAPTER_FILE)
    digest = hashlib.sha256((tmp_path / ADAPTER_FILE).read_bytes()).hexdigest()
    manifest = {"sha256": digest, "base": packaged_minilm().sha256}
    (tmp_path / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
    return tmp_path


def test_the_product_of_its_parts_is_added_to_the_weight(folder: Path) -> None:
    rng = np.random.default_rng(0)
    low, high = (rng.normal(size=s).astype(np.float16) for s in ((2, 384), (384, 2)))
    plain, adapted = packaged_minilm().weights(), adapted_minilm(folder).weights()

    change = adapted[f"{_NAME}.weight"] - plain[f"{_NAME}.weight"]

    assert np.allclose(change, high.astype(np.float32) @ low.astype(np.float32), atol=1e-5)
    assert [n for n in plain if not np.array_equal(plain[n], adapted[n])] == [f"{_NAME}.weight"]


def test_it_is_prepared_under_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    adapted = prepared_path(tmp_path, adapted_minilm(folder))
    assert adapted != prepared_path(tmp_path, packaged_minilm())
    assert adapted != prepared_path(tmp_path, adapted_minilm())


def test_a_damaged_adapter_is_refused(folder: Path) -> None:
    with (folder / ADAPTER_FILE).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelUnavailableError, match=r"sha256.*pip install"):
        adapted_minilm(folder).weights()
    with pytest.raises(ModelUnavailableError, match=r"sha256.*pip install"):
        adapted_minilm(folder).additions()


@pytest.mark.parametrize("content", ["", "[]", '{"sha256": "0"}', '{"sha256": "0", "base": "1"}'])
def test_a_manifest_that_does_not_fit_is_refused(folder: Path, content: str) -> None:
    (folder / MANIFEST_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailableError, match="pip install"):
        adapted_minilm(folder)


def test_with_the_shipped_one_a_question_lies_nearer_to_its_answer() -> None:
    question = "woke up with a fever, do I still get charged if I stay home?"
    answer = "Missed visits: The fee is waived if you were ill and can show a doctor's note."
    other = "Missed visits: Patients who miss three visits must leave a deposit of 50 pounds."

    def margin(model: str) -> float:
        asked, right, wrong = np.array(
            load_embeddings(model).embed_documents([question, answer, other])
        )
        return float(asked @ right - asked @ wrong)

    assert margin(ANSWER_MODEL) > 0.05
    assert margin(ANSWER_MODEL) > margin("all-MiniLM-L6-v2")
