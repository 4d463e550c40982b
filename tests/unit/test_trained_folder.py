import json

import numpy as np
import pytest

from mdsa.errors import ConfigError, ModelUnavailableError
from mdsa.router import trained_folder
from mdsa.router.trained_folder import (
    Manifest,
    is_trained_folder,
    pack_arrays,
    read_trained_folder,
    write_manifest,
)

HASHED = (
    "model.onnx",
    "tokenizer.json",
    "arrays.npz",
    "config.json",
    "model.safetensors",
    "tokenizer_config.json",
)
MANIFEST = Manifest(
    labels=("pay", "refund", "greet"),
    domains=("money", "money", "talk"),
    max_tokens=32,
    temperature=1.3,
    out_of_scope={"kind": "energy", "offset": -0.1},
    conformal=(0.2, 0.9, 1.0),
    training={"seed": 3},
)


@pytest.fixture
def folder(tmp_path):
    for name in HASHED:
        (tmp_path / name).write_text(f"content of {name}", encoding="utf-8")
    (tmp_path / "arrays.npz").write_bytes(pack_arrays({"centres": np.eye(2, dtype=np.float32)}))
    (tmp_path / "README.md").write_text("a card", encoding="utf-8")
    write_manifest(tmp_path, MANIFEST)
    return tmp_path


def test_what_was_written_is_read(folder):
    read = read_trained_folder(folder)
    assert read.manifest.model_copy(update={"files": {}}) == MANIFEST
    assert set(read.manifest.files) == set(HASHED)
    assert read.model == b"content of model.onnx"
    assert read.tokenizer_json == "content of tokenizer.json"
    assert np.array_equal(read.arrays["centres"], np.eye(2))
    assert is_trained_folder(folder)


def test_words_are_read_in_their_order_and_checked(folder):
    assert read_trained_folder(folder).words == ()
    (folder / "words.txt").write_text("card\ncrypto\n", encoding="utf-8")
    write_manifest(folder, MANIFEST)
    assert read_trained_folder(folder).words == ("card", "crypto")
    (folder / "words.txt").write_text("card\n", encoding="utf-8")
    with pytest.raises(ModelUnavailableError, match=r"words\.txt.*changed"):
        read_trained_folder(folder)


def test_label_probabilities_add_up_to_domains():
    assert MANIFEST.domain_names == ("money", "talk")
    assert (np.array([[0.5, 0.2, 0.3]]) @ MANIFEST.domain_matrix()).tolist() == [[0.7, 0.3]]


@pytest.mark.parametrize("name", HASHED)
def test_a_changed_byte_is_refused(folder, name):
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(ModelUnavailableError, match=f"{name}.*damaged or was changed"):
        read_trained_folder(folder)


@pytest.mark.parametrize("name", HASHED)
def test_a_missing_file_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelUnavailableError, match=name):
        read_trained_folder(folder)


def test_a_changed_manifest_is_refused(folder):
    text = (folder / "router.json").read_text(encoding="utf-8")
    (folder / "router.json").write_text(text.replace("1.3", "1.4"), encoding="utf-8")
    with pytest.raises(ModelUnavailableError, match="changed after it was written"):
        read_trained_folder(folder)


def test_an_edited_model_card_is_not(folder):
    (folder / "README.md").write_text("a better card", encoding="utf-8")
    read_trained_folder(folder)


def test_folders_that_are_no_routers_are_named(tmp_path):
    assert not is_trained_folder(tmp_path)
    with pytest.raises(ConfigError, match="no trained router"):
        read_trained_folder(tmp_path)
    (tmp_path / "router.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ConfigError, match="mdsa-router"):
        read_trained_folder(tmp_path)
    (tmp_path / "router.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelUnavailableError, match="not JSON"):
        read_trained_folder(tmp_path)


def test_another_version_is_refused(folder):
    content = json.loads((folder / "router.json").read_bytes())
    content["format_version"] = trained_folder.FORMAT_VERSION + 1
    (folder / "router.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="format_version 3"):
        read_trained_folder(folder)


@pytest.mark.parametrize(
    "change", [{"domains": ["money"]}, {"labels": ["a", "a", "b"]}, {"temperature": 0}]
)
def test_a_manifest_that_makes_no_sense_is_refused(folder, change):
    with pytest.raises(ValueError, match=r"domains|twice|temperature"):
        Manifest.model_validate({**MANIFEST.model_dump(), **change})


def test_arrays_are_packed_the_same_each_time():
    arrays = {"b": np.arange(3.0), "a": np.ones((2, 2), np.float32)}
    assert pack_arrays(arrays) == pack_arrays(dict(reversed(arrays.items())))
