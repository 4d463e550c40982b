"""The programs under `examples/`, each in a process of its own, started as its README says."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

__all__ = [
    "ANSWER",
    "EXAMPLES",
    "HOSTILE",
    "QUESTION",
    "SOURCE",
    "documented_command",
    "example_app",
    "free_port",
    "serve",
]

EXAMPLES = Path(__file__).parents[2] / "examples"

QUESTION = "How long does a parcel to Iceland take?"
ANSWER = "A parcel to Iceland takes 9 business days"
SOURCE = "Parcels to islands"
HOSTILE = "What is printed on a parcel of stickers?"
"""A question whose answer holds images of another host, in Markdown and in HTML."""

_APP = """name: Small shop
model: embedded://reader
reasoning_model: embedded://clauses
knowledge: {global: [documents]}
domains:
  - name: orders
    description: Where an order or a parcel is, how long it takes, and cancelling it.
    keywords: [order, parcel, delivery, shipping, cancel order]
    tools: [get_order_status, cancel_order]
tools: [mdsa.tools.orders:build_tools]
"""
_LONGEST_START_S = 150


def example_app(folder: Path) -> dict[str, str]:
    """Write a shop small enough to start at once; gives the environment that names it."""
    (folder / "documents").mkdir()
    documents = {
        f"{SOURCE}.txt": f"{ANSWER} and costs $29, or $19 if it is small.\n",
        "Stickers.txt": "Printed on a parcel of stickers is a map ![of us]"
        "(http://elsewhere.example/1.png) <img src=http://elsewhere.example/2.png> in blue.\n",
    }
    for name, text in documents.items():
        (folder / "documents" / name).write_text(text, encoding="utf-8")
    (folder / "shop.yaml").write_text(_APP, encoding="utf-8")
    return {"MDSA_APP": str(folder / "shop.yaml"), "MDSA_DATA_DIR": str(folder / "data")}


def documented_command(name: str) -> list[str]:
    """The README's command that starts an example, to be run where the repository begins."""
    text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if f"examples/{name}/app.py" in line]
    program, *arguments = shlex.split(line.partition("&&")[2] or line)
    if program == "python":
        return [sys.executable, *arguments]
    return [sys.executable, "-m", program, *arguments]


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serve(name: str, folder: Path, port_variable: str) -> Iterator[str]:
    """Start an example and wait until it answers; gives the address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "output.txt").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            documented_command(name),
            cwd=EXAMPLES.parent,
            env={**os.environ, **example_app(folder), port_variable: str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, url, output.name)
            yield url
        finally:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, output: str) -> None:
    give_up = time.monotonic() + _LONGEST_START_S
    while time.monotonic() < give_up:
        assert process.poll() is None, Path(output).read_text(encoding="utf-8")
        try:
            if httpx.get(url).status_code < 500:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"no answer: {Path(output).read_text(encoding='utf-8')}")
