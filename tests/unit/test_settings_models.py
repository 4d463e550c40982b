"""Settings that tell how models are asked, from the environment and the app file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdsa.domains.app_file import load_app
from mdsa.errors import ConfigError
from mdsa.graph.app_loading import app_settings
from mdsa.settings import load_settings

APP = """
name: shop
fallback: {fallback}
warm_up: true
domains:
  - name: orders
    description: Orders.
    fallback: embedded://reader
"""


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("", []),
        ("ollama://a", ["ollama://a"]),
        (" ollama://a , hf://b/c,", ["ollama://a", "hf://b/c"]),
    ],
)
def test_fallbacks_stand_in_a_variable_with_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, references: list[str]
) -> None:
    monkeypatch.setenv("MDSA_FALLBACK_MODELS", text)

    assert load_settings().fallback_models == references


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MDSA_MODEL_MEMORY_GB", "0"),
        ("MDSA_BREAKER_FAILURES", "0"),
        ("MDSA_BREAKER_RECOVERY_S", "-1"),
        ("MDSA_FIRST_TOKEN_TIMEOUT_S", "soon"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=name.removeprefix("MDSA_").lower()):
        load_settings()


def test_the_app_files_fallbacks_stand_for_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MDSA_FALLBACK_MODELS", "ollama://of-the-environment")
    path = tmp_path / "mdsa.yaml"
    path.write_text(APP.format(fallback="[ollama://a, hf://b/c]"))

    app = load_app(path)

    assert app_settings(app, load_settings()).fallback_models == ["ollama://a", "hf://b/c"]
    assert app.file.warm_up
    assert app.domains[0].config.fallback == ["embedded://reader"]
    path.write_text(APP.format(fallback="[]"))
    settings = app_settings(load_app(path), load_settings())
    assert settings.fallback_models == ["ollama://of-the-environment"]


def test_a_fallback_that_names_no_model_is_refused_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "mdsa.yaml"
    path.write_text(APP.format(fallback="olama://a"))

    with pytest.raises(ConfigError, match=r"mdsa\.yaml: key 'fallback': .*'ollama'"):
        app_settings(load_app(path), load_settings())
