"""`train_encoder` from data to a folder that routes and that training can start from."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes.encoder_data import write_encoder_data
from fakes.tiny_bert import write_tiny_bert
from transformers import BertModel

from mdsa.embeddings.packaged import PackagedModel
from mdsa.errors import InvalidInputError, ModelUnavailableError
from mdsa.router.encoder import TinyBertEncoder
from mdsa.training.distillation import DistillationSettings
from mdsa.training.encoder import train_encoder
from mdsa.training.student import load_student, tinybert_config

SETTINGS = DistillationSettings(steps=6, batch_size=16, max_tokens=24)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_encoder_data(tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def teacher(tmp_path: Path) -> PackagedModel:
    """All three layers of it are cut to the student's two."""
    folder = write_tiny_bert(tmp_path / "teacher", layers=3)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return PackagedModel(folder, digest)


def train(
    data: Path,
    out: Path,
    teacher: PackagedModel,
    settings: DistillationSettings = SETTINGS,
    stop_at: int | None = None,
) -> None:
    vocabulary = teacher.config["vocab_size"]
    config = tinybert_config(
        vocab_size=vocabulary,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=128,
    )

    def progress(done: int, _steps: int, _losses: dict[str, float]) -> None:
        if done == stop_at:
            raise KeyboardInterrupt

    train_encoder(
        data,
        out,
        settings,
        config=config,
        teacher=teacher,
        progress=progress,
        checkpoint_steps=2,
    )


def test_the_folder_encodes_and_can_be_trained_on(
    tmp_path: Path, data: Path, teacher: PackagedModel
) -> None:
    train(data, tmp_path / "encoder", teacher)
    vectors = TinyBertEncoder(tmp_path / "encoder").encode(["cancel my order", "hello"])
    assert vectors.shape == (2, 32)  # the teacher's width
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    config, state = load_student(tmp_path / "encoder")
    model = BertModel(config)
    assert not any(model.load_state_dict(state, strict=False))
    card = (tmp_path / "encoder/MODEL_CARD.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((tmp_path / "encoder/model.onnx").read_bytes()).hexdigest()
    assert digest in card
    assert "intent/clinc150 (train, oos_train)" in card
    assert not (tmp_path / "encoder/checkpoint.pt").exists()


def test_pruning_starts_near_the_teacher_and_training_comes_nearer(
    tmp_path: Path, data: Path, teacher: PackagedModel
) -> None:
    texts = ["please cancel my refund", "track my parcel now", "pay the invoice with my card"]
    folder = teacher.folder
    from tokenizers import Tokenizer

    from mdsa.training.distillation import mean_pool, tokenise

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_padding(pad_id=0)
    ids, mask = tokenise(tokenizer, texts)
    model = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        target = mean_pool(model(ids, mask).last_hidden_state, mask)
    cosines = []
    for steps in (1, 60):
        out = tmp_path / f"steps{steps}"
        train(data, out, teacher, replace(SETTINGS, steps=steps, learning_rate=3e-3))
        vectors = torch.from_numpy(np.array(TinyBertEncoder(out).encode(texts)))
        cosines.append(float(torch.cosine_similarity(vectors, target).mean()))
    assert cosines[0] > 0.5
    assert cosines[1] > cosines[0]


def test_a_stopped_run_goes_on_where_it_was(
    tmp_path: Path, data: Path, teacher: PackagedModel
) -> None:
    out = tmp_path / "encoder"
    with pytest.raises(KeyboardInterrupt):
        train(data, out, teacher, stop_at=5)
    saved = torch.load(out / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 4
    with pytest.raises(InvalidInputError, match="other settings"):
        train(data, out, teacher, replace(SETTINGS, steps=7))
    train(data, out, teacher)
    assert TinyBertEncoder(out).encode(["hello"]).shape == (1, 32)


def test_a_damaged_folder_is_refused(tmp_path: Path, data: Path, teacher: PackagedModel) -> None:
    out = tmp_path / "encoder"
    train(data, out, teacher, replace(SETTINGS, steps=1))
    pooler = (out / "pooler.safetensors").read_bytes()
    (out / "pooler.safetensors").write_bytes(pooler[:-1])
    with pytest.raises(ModelUnavailableError, match=r"pooler.safetensors.*damaged"):
        load_student(out)
    (out / "pooler.safetensors").write_bytes(pooler)
    content = bytearray((out / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (out / "model.onnx").write_bytes(content)
    with pytest.raises(ModelUnavailableError, match="damaged"):
        TinyBertEncoder(out).load()
    with pytest.raises(ModelUnavailableError, match="damaged"):
        load_student(out)


def test_missing_data_is_named_before_anything_is_trained(
    tmp_path: Path, data: Path, teacher: PackagedModel
) -> None:
    (data / "tools/bfcl/simple_python.jsonl").unlink()
    with pytest.raises(InvalidInputError, match="simple_python"):
        train(data, tmp_path / "encoder", teacher)
    assert not (tmp_path / "encoder").exists()
