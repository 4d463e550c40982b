"""The shipped encoder's form, over a small graph with random weights."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from mdsa.embeddings.bert_graph import build_bert
from mdsa.errors import ModelUnavailableError
from mdsa.router.encoder import TinyBertEncoder, load_encoder, write_encoder_manifest

WORDS = ["where", "is", "my", "order", "the", "parcel", "late", "refund", "now", "please"]
SIZES = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encoder")
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS]
    tokenizer = Tokenizer(models.WordPiece({n: i for i, n in enumerate(names)}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(path / "tokenizer.json"))
    (path / "model.onnx").write_bytes(
        build_bert(SIZES, random_weights(len(names))).SerializeToString()
    )
    write_encoder_manifest(path, 16, licence="none")
    return path


def random_weights(words: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    hidden, inner = SIZES["hidden_size"], SIZES["intermediate_size"]
    shapes = {
        "embeddings.word_embeddings.weight": (words, hidden),
        "embeddings.position_embeddings.weight": (16, hidden),
        "embeddings.token_type_embeddings.weight": (2, hidden),
    }
    for layer in range(SIZES["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes[f"{prefix}.attention.self.{part}.weight"] = (hidden, hidden)
        shapes[f"{prefix}.attention.output.dense.weight"] = (hidden, hidden)
        shapes[f"{prefix}.intermediate.dense.weight"] = (inner, hidden)
        shapes[f"{prefix}.output.dense.weight"] = (hidden, inner)
    weights = {name: random.normal(0, 0.3, shape) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if "dense" in name or "self" in name:
            weights[name.replace(".weight", ".bias")] = random.normal(0, 0.1, shape[0])
    norms = ["embeddings.LayerNorm"]
    for layer in range(SIZES["num_hidden_layers"]):
        norms += [
            f"encoder.layer.{layer}.{part}.LayerNorm" for part in ("attention.output", "output")
        ]
    for norm in norms:
        weights[f"{norm}.weight"], weights[f"{norm}.bias"] = np.ones(hidden), np.zeros(hidden)
    return {name: array.astype(np.float32) for name, array in weights.items()}


def some_texts(count: int) -> list[str]:
    random = np.random.default_rng(1)
    return [" ".join(random.choice(WORDS, random.integers(1, 14))) for _ in range(count)]


def test_vectors_have_length_one_and_tell_texts_apart(folder: Path) -> None:
    encoder = TinyBertEncoder(folder)

    vectors = encoder.encode(["where is my order", "refund please"])

    assert vectors.shape == (2, encoder.dimension) == (2, 24)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] @ vectors[1] < 0.99


def test_a_batch_gives_each_text_its_own_vector_in_its_place(folder: Path) -> None:
    encoder = TinyBertEncoder(folder)
    texts = some_texts(200)

    alone = np.concatenate([encoder.encode([text]) for text in texts])
    together = encoder.encode(texts)

    # Activations are quantized with one scale a batch, so neighbours move a vector a little.
    assert (alone * together).sum(axis=1).min() > 0.998


def test_no_texts_give_no_vectors(folder: Path) -> None:
    assert TinyBertEncoder(folder).encode([]).shape == (0, 24)


@pytest.mark.parametrize(
    "text",
    ["", " ", "\ud800 lone", "😀😀", "order " * 5000, "x" * 10_000, "ordre\0s", "订单在哪里"],
)
def test_any_text_has_a_vector_alone_and_in_a_batch(folder: Path, text: str) -> None:
    encoder = TinyBertEncoder(folder)

    alone, together = encoder.encode([text])[0], encoder.encode(["my order", text])[1]

    assert np.isfinite(alone).all()
    assert alone @ together > 0.998


def test_what_stands_beyond_the_limit_is_not_read(folder: Path) -> None:
    encoder = TinyBertEncoder(folder)
    start = " ".join(["order"] * 14)

    one, other = encoder.encode([f"{start} refund now"])[0], encoder.encode([f"{start} late"])[0]

    assert one.tolist() == other.tolist()


def test_threads_share_one_encoder_and_get_what_one_thread_gets(folder: Path) -> None:
    texts = some_texts(64)
    expected = [TinyBertEncoder(folder).encode([text])[0].tolist() for text in texts]
    shared = TinyBertEncoder(folder)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: shared.encode([text])[0].tolist(), texts))

    assert found == expected


def test_a_folder_is_loaded_once_and_not_before_it_is_needed(folder: Path, tmp_path: Path) -> None:
    assert load_encoder(folder) is load_encoder(Path(f"{folder}/."))
    assert load_encoder(tmp_path) is not load_encoder(folder)

    with pytest.raises(ModelUnavailableError, match=r"manifest\.json"):
        load_encoder(tmp_path).encode(["order"])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_changed_file_is_refused_by_name_with_the_way_out(
    folder: Path, tmp_path: Path, name: str
) -> None:
    copied = copy(folder, tmp_path)
    data = bytearray((copied / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copied / name).write_bytes(data)

    with pytest.raises(ModelUnavailableError, match=rf"{name} has sha256 .* mdsa train encoder"):
        TinyBertEncoder(copied).encode(["order"])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    copied = copy(folder, tmp_path)
    (copied / name).unlink()

    with pytest.raises(ModelUnavailableError, match=rf"{name} \(No such file"):
        TinyBertEncoder(copied).encode(["order"])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "is not an encoder's manifest"),
        ("[]", "is not an encoder's manifest"),
        ('{"format": "mdsa-encoder", "format_version": 1}', "is not an encoder's manifest"),
    ],
)
def test_a_manifest_that_tells_too_little_is_refused(
    folder: Path, tmp_path: Path, content: str, complaint: str
) -> None:
    copied = copy(folder, tmp_path)
    (copied / "manifest.json").write_text(content)

    with pytest.raises(ModelUnavailableError, match=complaint):
        TinyBertEncoder(copied).encode(["order"])


def test_a_later_format_is_refused(folder: Path, tmp_path: Path) -> None:
    copied = copy(folder, tmp_path)
    manifest = json.loads((copied / "manifest.json").read_text())
    (copied / "manifest.json").write_text(json.dumps(manifest | {"format_version": 3}))

    with pytest.raises(ModelUnavailableError, match="version 3"):
        TinyBertEncoder(copied).encode(["order"])


def test_the_manifest_keeps_what_else_it_is_told(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())

    assert manifest["licence"] == "none"
    assert manifest["files"]["model.onnx"]["bytes"] == (folder / "model.onnx").stat().st_size


def copy(folder: Path, target: Path) -> Path:
    for path in folder.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target
