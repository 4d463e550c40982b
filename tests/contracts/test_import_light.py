"""Importing MDSA costs no model library: those load where they are used."""

from __future__ import annotations

import json
import subprocess
import sys

_HEAVY = [
    "chromadb",
    "onnxruntime",
    "opentelemetry.exporter.otlp",  # langsmith, which langchain-core imports, takes API and SDK
    "sentence_transformers",
    "torch",
    "transformers",
]

_PROGRAM = """
import importlib, json, sys

packages, heavy = json.loads(sys.argv[1])
loaded = {}
for package in packages:
    importlib.import_module(package)
    for name in heavy:
        if name in sys.modules:
            loaded.setdefault(name, package)
print(json.dumps(loaded))
"""


def test_no_package_loads_a_model_library_when_it_is_imported(packages: list[str]) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps([packages, _HEAVY])],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 0, answer.stderr
    # Library and the first package whose import loaded it.
    assert json.loads(answer.stdout.splitlines()[-1]) == {}
