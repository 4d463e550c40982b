"""Which router a path stands for, decided without loading a model."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from mdsa.errors import ConfigError, InvalidInputError, ModelUnavailableError
from mdsa.router import RouterDomain
from mdsa.router.opening import names_nothing, open_router
from mdsa.router.tinybert_router import TinyBertRouter
from mdsa.router.trained import TrainedRouter

CLASSIFIER = {
    "architectures": ["DistilBertForSequenceClassification"],
    "id2label": {"0": "orders", "10": "returns", "2": "weather"},
}


def model_folder(path: Path, config: object) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return path


def hub_cache(monkeypatch: pytest.MonkeyPatch, root: Path, hub_id: str, config: object) -> None:
    """Lay down a model as the hub's client caches it."""
    folder = root / f"models--{hub_id.replace('/', '--')}"
    model_folder(folder / "snapshots" / "abc", config)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc", encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(root))


def test_nothing_is_the_default_router(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert isinstance(open_router(), TinyBertRouter)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "path", ["model-best-tinybert", "./models/model-best-tinybert", "/no/such/model", "here/model"]
)
def test_a_path_without_anything_warns_and_gives_the_default_router(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    Path("here").mkdir()

    with caplog.at_level(logging.WARNING):
        assert isinstance(open_router(path), TinyBertRouter)

    assert f"'{path}' does not exist" in caplog.text


@pytest.mark.parametrize(
    ("path", "nothing"),
    [("models/my router", True), ("owner/model", False), ("hf://owner/model", False), (".", False)],
)
def test_a_hub_id_names_something_and_a_path_without_anything_does_not(
    path: str, nothing: bool
) -> None:
    assert names_nothing(path) is nothing


@pytest.mark.parametrize("given", ["", "  ", "a\0", 5, b"model"])
def test_what_is_no_path(given: Any) -> None:
    with pytest.raises(InvalidInputError, match="intent_model_path is"):
        open_router(given)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no router\.json .*no config\.json"):
        open_router(tmp_path)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")

    with pytest.raises(ConfigError, match=r"model\.onnx"):
        open_router(tmp_path / "model.onnx")


def test_a_classifiers_labels_are_read_in_the_order_of_its_logits(tmp_path: Path) -> None:
    router = open_router(model_folder(tmp_path / "classifier", CLASSIFIER))

    assert isinstance(router, TrainedRouter)
    assert router.model.labels == ("orders", "weather", "returns")
    router.add_domain(RouterDomain("Orders", "Where an order is."))
    assert router.score_floor(0.1) is None


@pytest.mark.parametrize("labels", [None, {}, {"0": "one"}, ["a", "b"]])
def test_a_classifier_without_labels_is_refused(tmp_path: Path, labels: object) -> None:
    folder = model_folder(tmp_path / "classifier", {**CLASSIFIER, "id2label": labels})

    with pytest.raises(ConfigError, match="id2label"):
        open_router(folder)


@pytest.mark.parametrize("content", ["{", "[]", '"text"'])
def test_a_broken_configuration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")

    with pytest.raises(ConfigError, match=r"config\.json"):
        open_router(tmp_path)


def test_a_broken_trained_router_is_no_reason_for_the_default(tmp_path: Path) -> None:
    manifest = {"format": "mdsa-router", "format_version": 1}
    (tmp_path / "router.json").write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(ModelUnavailableError, match=r"router\.json was changed"):
        open_router(tmp_path)


@pytest.mark.parametrize("prefix", ["", "hf://"])
def test_a_hub_id_is_looked_up_in_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    hub_cache(monkeypatch, tmp_path / "hub", "acme/intents", CLASSIFIER)
    hub_cache(monkeypatch, tmp_path / "hub", "acme/encoder", {"architectures": ["BertModel"]})

    classifier = open_router(f"{prefix}acme/intents")
    encoder = open_router(f"{prefix}acme/encoder")

    assert isinstance(classifier, TrainedRouter)
    assert isinstance(encoder, TinyBertRouter)


@pytest.mark.parametrize("name", ["acme/unknown", "hf://acme/unknown"])
def test_a_hub_id_that_is_not_here_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hub_cache(monkeypatch, tmp_path / "hub", "acme/intents", CLASSIFIER)

    with pytest.raises(ModelUnavailableError, match="hf download acme/unknown"):
        open_router(name)
    with pytest.raises(ModelUnavailableError, match="neither a folder nor a hub id"):
        open_router("hf://a//b")
