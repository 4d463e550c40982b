"""What doctor says of models: who uses them, what is missing, what mends it, who answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mdsa.cli.model_checks import _check_memory, check_intent_model, check_machine, check_models
from mdsa.domains.app_file import App, AppFile, DomainEntry
from mdsa.domains.config import DomainConfig
from mdsa.models.provider import ModelStatus
from mdsa.settings import Settings

NOBODY = "http://127.0.0.1:9"


def settings_of(**values: Any) -> Settings:
    return Settings(ollama_base_url=NOBODY, device="cpu", **values)


def app_of(domain: dict[str, Any] | None = None, **keys: Any) -> App:
    config = DomainConfig(name="orders", description="Orders.", **(domain or {}))
    return App(
        file=AppFile(name="shop", domains=["x"], **keys),
        path=Path("mdsa.yaml"),
        domains=[DomainEntry(config=config)],
        shared_knowledge=[],
    )


def lines(app: App, **values: Any) -> dict[str, tuple[str, str, str]]:
    return {
        check.name: (check.status, check.detail, check.remedy)
        for check in check_models(settings_of(**values), app)
    }


def test_what_is_missing_comes_with_its_remedy_and_with_who_answers_until_then() -> None:
    status, detail, remedy = lines(app_of(model="ollama://llama3:8b"))["model (default)"]

    assert status == "problem"
    assert detail.endswith("until then embedded://reader answers, marked as degraded")
    assert remedy.endswith(f"OLLAMA_HOST={NOBODY} ollama serve")


def test_a_model_is_listed_once_with_all_its_users() -> None:
    found = lines(app_of({"model_name": "hf://no/such", "fallback": ["hf://no/such"]}))

    assert found["model (orders, fallback of orders)"][2] == "hf download no/such"
    assert found["model (default, last resort)"][0] == "ok"


def test_fallbacks_of_the_settings_are_looked_at_too() -> None:
    found = lines(app_of(), fallback_models=["hf://no/spare"])

    assert found["model (fallback)"][2] == "hf download no/spare"


def test_without_the_reasoning_model_clauses_take_over() -> None:
    status, detail, remedy = lines(app_of(reasoning_model="hf://no/phi"))["model (reasoning)"]

    assert (status, remedy) == ("problem", "hf download no/phi")
    assert detail.endswith("until then messages are split by clauses")
    assert lines(app_of())["model (reasoning)"][0] == "ok"


def test_what_is_found_is_one_sentence() -> None:
    detail = lines(app_of(model="ollama://llama3:8b?num_ctx=no"))["model (default)"][1]

    assert ".;" not in detail


def test_a_model_that_nobody_could_name_is_told() -> None:
    status, detail, remedy = lines(app_of(model="olama://x"))["model (default)"]

    assert (status, remedy) == ("problem", "correct the model reference")
    assert "did you mean 'ollama'" in detail


@pytest.mark.parametrize(
    ("sizes", "told"),
    [
        ([2, 3], []),
        ([5, 6], ["note"]),
        ([5, 12], ["problem"]),
    ],
)
def test_models_that_do_not_fit_are_told(sizes: list[int], told: list[str]) -> None:
    statuses = {
        f"hf://model-{size}": ModelStatus("", True, "", memory_bytes=size * 10**9) for size in sizes
    }

    checks = list(_check_memory(10 * 10**9, statuses))

    assert [check.status for check in checks] == told
    if told == ["problem"]:
        assert "MDSA_MODEL_MEMORY_GB=13" in checks[0].remedy


def test_models_on_servers_take_no_memory_here() -> None:
    statuses = {"ollama://x": ModelStatus("", True, "", memory_bytes=10**12)}

    assert list(_check_memory(10**9, statuses)) == []


def test_the_intent_model_is_looked_at(tmp_path: Path) -> None:
    assert check_intent_model(settings_of()).status == "ok"

    missing = check_intent_model(settings_of(intent_model_path=str(tmp_path / "router")))
    assert missing.status == "problem"
    assert "mdsa train router" in missing.remedy

    wrong = check_intent_model(settings_of(intent_model_path=str(tmp_path)))
    assert wrong.status == "problem"
    assert "neither the folder of a trained router" in wrong.detail

    absent = check_intent_model(settings_of(intent_model_path="hf://no/such-model"))
    assert absent.status == "problem"


def test_the_machine_tells_device_dtype_and_limit() -> None:
    detail = check_machine(settings_of(model_memory_gb=3.5)).detail

    assert "run on cpu in " in detail
    assert "float" in detail
    assert detail.endswith("within 3.5 GB")


def test_a_device_that_is_not_there_is_a_problem() -> None:
    check = check_machine(Settings(device="mps" if _has_cuda() else "cuda"))

    assert (check.status, check.remedy) == ("problem", "MDSA_DEVICE=auto")


def _has_cuda() -> bool:
    from mdsa.utils import HardwareDetector

    return HardwareDetector().get_recommended_device() == "cuda"
