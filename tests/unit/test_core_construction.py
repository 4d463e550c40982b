"""Making an agent costs nothing: no model library, no file, no thread, until the first request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.models import QuantizationType

_PROGRAM = """
import json, sys
from mdsa.core.orchestrator import TinyBERTOrchestrator

orchestrator = TinyBERTOrchestrator(intent_model_path="model-best-tinybert")
orchestrator.register_domain("support", "Customer support", ["help"], "ollama://llama3:8b")
orchestrator.get_stats()
heavy = ["chromadb", "langchain_ollama", "onnxruntime", "sentence_transformers", "torch",
         "transformers"]
print(json.dumps([name for name in heavy if name in sys.modules]))
"""


def test_making_an_agent_loads_no_model_library():
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )

    assert json.loads(done.stdout) == []


def test_the_environment_fills_arguments_left_at_their_defaults(monkeypatch):
    monkeypatch.setenv("MDSA_USE_REASONING_THRESHOLD", "0.11")
    monkeypatch.setenv("DEVICE", "cpu")

    with TinyBERTOrchestrator() as left, TinyBERTOrchestrator(use_reasoning_threshold=0.5) as given:
        assert (left.threshold, left.settings.device) == (0.11, "cpu")
        assert given.threshold == 0.5


def test_making_an_agent_touches_neither_files_nor_threads():
    threads = threading.active_count()

    with TinyBERTOrchestrator(
        "model-best-tinybert", device="cpu", quantization=QuantizationType.INT8
    ) as orchestrator:
        orchestrator.register_domain("support", "Customer support", ["help"])
        orchestrator.get_stats()
        assert [domain.name for domain in orchestrator.domains] == ["support"]
        orchestrator.remove_domain("support")
        assert threading.active_count() == threads

    assert not Path(os.environ["MDSA_DATA_DIR"]).exists()
    assert list(Path.cwd().iterdir()) == []
