from __future__ import annotations

import pytest

from mdsa.errors import ConfigError, UnknownNameError
from mdsa.models.references import ModelReference, parse_reference


@pytest.mark.parametrize(
    ("text", "scheme", "name"),
    [
        ("ollama://llama3:8b", "ollama", "llama3:8b"),
        ("embedded://reader", "embedded", "reader"),
        ("hf://microsoft/phi-2", "hf", "microsoft/phi-2"),
        ("microsoft/phi-2", "hf", "microsoft/phi-2"),
        ("./models/phi", "hf", "./models/phi"),
        ("  ollama://phi  ", "ollama", "phi"),
        ("openai://localhost:8000/qwen3", "openai", "localhost:8000/qwen3"),
    ],
)
def test_a_reference_is_a_scheme_and_a_name(text: str, scheme: str, name: str) -> None:
    assert parse_reference(text) == ModelReference(scheme, name)


def test_an_unknown_scheme_gets_the_nearest_and_all_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ollama'") as caught:
        parse_reference("olama://llama3")

    assert "embedded, hf, ollama, openai" in str(caught.value)


@pytest.mark.parametrize("text", ["", "   ", "ollama://", "embedded://"])
def test_a_reference_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="names no model"):
        parse_reference(text)


def test_a_reference_reads_back_as_it_was_written() -> None:
    assert str(parse_reference("ollama://llama3:8b")) == "ollama://llama3:8b"
