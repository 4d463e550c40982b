"""The graph that a LangGraph server loads, asked for by requests that come together."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mdsa.core.orchestrator import TinyBERTOrchestrator

_PROGRAM = """
import asyncio
from mdsa.graph.app import graph

async def together():
    return await asyncio.gather(*(graph() for _ in range(4)))

print(len(set(map(id, asyncio.run(together())))))
"""
_APP = """
name: Desk
domains:
  - name: returns
    description: Returns of goods
    keywords: [return]
knowledge:
  global: [documents]
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "periods.md").write_text("# Return period\n\n30 days.\n")
    (tmp_path / "documents" / "broken.pdf").write_bytes(b"no PDF")
    path = tmp_path / "app.yaml"
    path.write_text(_APP)
    return path


def test_a_served_graph_is_built_once_and_names_documents_it_cannot_read(app: Path):
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, "MDSA_APP": str(app)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "1\n", done.stderr
    assert done.stderr.count("a document was passed over") == 1
    assert "broken.pdf" in done.stderr


def test_agents_of_one_app_that_start_at_once_all_work(app: Path, caplog: pytest.LogCaptureFixture):
    def start(_: int) -> str:
        with TinyBERTOrchestrator.from_app(app) as agent:
            agent.process_request("How many days do I have for a return?")
            return agent.rag.documents()[0].page_content

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(start, range(3)))
    assert len(found) == 3
    assert all("30 days" in text for text in found)
    assert sum("broken.pdf" in record.getMessage() for record in caplog.records) == 3


def test_processes_of_one_app_run_side_by_side(app: Path):
    program = (
        "import sys\n"
        "from mdsa import TinyBERTOrchestrator\n"
        "with TinyBERTOrchestrator.from_app() as agent:\n"
        "    print(agent.rag.count(), flush=True)\n"
        "    sys.stdin.read()\n"
        "    agent.rag.add_global_documents([{'content': sys.argv[1]}])\n"
        "    print(agent.rag.count())\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, f"text {number}"],
            env={**os.environ, "MDSA_APP": str(app)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    first = [process.stdout.readline() for process in started if process.stdout]
    said = [process.communicate() for process in started]
    assert first == ["1\n"] * 3, said
    assert [shown for shown, _ in said] == ["2\n", "3\n", "4\n"], said
