"""The guide's configuration, error handling and troubleshooting snippets."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from dotenv import load_dotenv

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import InvalidInputError, MdsaError
from mdsa.models import QuantizationType
from mdsa.monitoring import MonitoringService, RequestMetric
from mdsa.settings import load_settings
from mdsa.utils import ConfigLoader, HardwareDetector, setup_logger

DOTENV = {
    "INTENT_MODEL_PATH": "./models/model-best-tinybert",
    "REASONING_MODEL_PATH": "microsoft/phi-2",
    "EMBEDDING_MODEL": "sentence-transformers/all-MiniLM-L6-v2",
    "OLLAMA_BASE_URL": "http://localhost:11434",
    "DEVICE": "auto",
    "CHROMA_PERSIST_DIR": "./chroma_db",
    "GLOBAL_COLLECTION_NAME": "company_knowledge",
    "USE_REASONING_THRESHOLD": "0.6",
    "DEFAULT_MAX_TOKENS": "400",
    "DEFAULT_TEMPERATURE": "0.5",
    "API_HOST": "0.0.0.0",  # noqa: S104 - a value to read; nothing listens
    "API_PORT": "8000",
    "LOG_LEVEL": "INFO",
    "LOG_DIR": "./logs",
}


@pytest.fixture
def dotenv_file(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The guide's `.env` in the working directory; what is loaded of it is undone."""
    for name in DOTENV:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    path = Path(".env")
    path.write_text("".join(f"{name}={value}\n" for name, value in DOTENV.items()))
    return path


def test_a_config_module_reads_its_values_from_the_environment(dotenv_file: Path):
    load_dotenv(dotenv_file)

    assert os.getenv("INTENT_MODEL_PATH", "elsewhere") == "./models/model-best-tinybert"
    assert float(os.getenv("USE_REASONING_THRESHOLD", "0.7")) == 0.6
    assert int(os.getenv("API_PORT", "1")) == 8000
    assert ConfigLoader


def test_the_guides_dotenv_is_read_as_settings(dotenv_file: Path):
    settings = load_settings()

    assert settings.intent_model_path == "./models/model-best-tinybert"
    assert settings.knowledge_dir == Path("chroma_db")
    assert settings.global_collection_name == "company_knowledge"
    assert settings.use_reasoning_threshold == 0.6
    assert settings.default_max_tokens == 400
    assert settings.default_temperature == 0.5
    assert settings.ollama_base_url == "http://localhost:11434"
    assert settings.log_dir == Path("logs")


def test_the_defaults_of_the_dotenv_reach_the_domains(dotenv_file: Path):
    with TinyBERTOrchestrator() as orchestrator:
        orchestrator.register_domain("support", "Customer support", ["help"])
        (domain,) = orchestrator.domains

    assert (domain.max_tokens, domain.temperature) == (400, 0.5)


def test_an_agent_is_made_for_the_hardware_that_is_found():
    detector = HardwareDetector()
    assert isinstance(detector.has_gpu(), bool)
    assert f"{detector.gpu_memory_gb():.1f}"
    assert detector.get_recommended_device() in ("cpu", "cuda", "mps")
    device = "cuda" if detector.has_gpu() and detector.gpu_memory_gb() >= 8 else "cpu"

    orchestrator = TinyBERTOrchestrator(
        intent_model_path="model-best-tinybert",
        reasoning_model_path="microsoft/phi-2",
        device=device,
    )

    assert orchestrator.settings.device == device


def test_a_device_given_goes_before_the_environments(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DEVICE", "cuda")

    assert TinyBERTOrchestrator().settings.device == "cuda"
    assert TinyBERTOrchestrator(device="cpu").settings.device == "cpu"


def test_errors_are_handled_as_the_guide_does():
    logger = setup_logger("mdsa_app", level=logging.INFO, log_dir="./logs")
    with TinyBERTOrchestrator() as orchestrator:
        try:
            result = orchestrator.process_request(message="Test message")
        except Exception as error:
            logger.error(f"Request processing failed: {error!s}", exc_info=True)
            raise
        assert result["domain"] == "unmatched"
        assert result["response"] == "I can't help with that."

        with pytest.raises(MdsaError, match="empty"):
            orchestrator.process_request(message="")
    logger.error("Request processing failed: %s", "for the file")
    for handler in logger.handlers:
        handler.flush()
    assert "Request processing failed" in "".join(
        path.read_text() for path in Path("logs").rglob("*") if path.is_file()
    )
    for handler in list(logger.handlers):
        handler.close()
        logger.removeHandler(handler)


def test_monitoring_has_the_names_that_troubleshooting_gives():
    metric = RequestMetric(request_id="1", latency_ms=1.0, success=True)
    service = MonitoringService()
    service.record(metric)

    assert service.stats()["requests_total"] == 1
    with pytest.raises(ImportError):
        from mdsa.monitoring import RequestLogger  # type: ignore[attr-defined]  # noqa: F401  # left out on purpose


@pytest.mark.parametrize("quantization", [QuantizationType.INT8, QuantizationType.INT4])
def test_quantization_and_a_device_without_hardware_are_accepted(quantization: QuantizationType):
    TinyBERTOrchestrator(
        reasoning_model_path="microsoft/phi-2", device="cuda", quantization=quantization
    )


def test_an_unknown_quantization_lists_the_known():
    with pytest.raises(InvalidInputError, match=r"'int3'.*QuantizationType\.INT8"):
        TinyBERTOrchestrator(quantization="int3")  # type: ignore[arg-type]  # on purpose
