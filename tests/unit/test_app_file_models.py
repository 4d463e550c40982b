"""Models' folders in an app file: relative to it, as every path there."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdsa.domains.app_file import load_app
from mdsa.models.references import relative_to

APP = """
name: shop
model: ./models/own
fallback: [hf://models/own, ollama://llama3:8b]
reasoning_model: ../outside
domains:
  - {name: orders, description: Orders., model_name: models/own, fallback: ./models/own}
  - returns
"""


def test_they_are_read_from_wherever_the_program_runs(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    own = folder / "models" / "own"
    own.mkdir(parents=True)
    (folder / "returns").mkdir()
    (folder / "returns" / "domain.yaml").write_text(
        "{name: returns, description: Returns., model_name: ../models/own}", encoding="utf-8"
    )
    (folder / "mdsa.yaml").write_text(APP, encoding="utf-8")

    app = load_app(folder / "mdsa.yaml")

    assert app.file.model == str(own)
    assert app.file.fallback == [f"hf://{own}", "ollama://llama3:8b"]
    assert app.file.reasoning_model == str(tmp_path / "outside")
    assert [domain.config.model_name for domain in app.domains] == [str(own), str(own)]
    assert app.domains[0].config.fallback == [str(own)]


@pytest.mark.parametrize(
    "reference",
    [
        "microsoft/phi-2",
        "hf://microsoft/phi-2",
        "embedded://reader",
        "ollama://models/own",
        "openai://localhost:8000/./own",
        "hf:///models/own",
        "~/models/own",
        "hf://",
        "",
    ],
)
def test_what_is_no_folder_of_the_file_stays_as_it_is(tmp_path: Path, reference: str) -> None:
    (tmp_path / "models" / "own").mkdir(parents=True)

    assert relative_to(tmp_path, reference) == reference
