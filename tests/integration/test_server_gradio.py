"""Gradio's `load_chat` makes a page of the server's OpenAI-compatible API."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from fakes.live_server import live_server
from fakes.web_agents import Clerk, web_agent

_CLIENT = Path(__file__).parents[1] / "fakes" / "load_chat_client.py"


def test_load_chat_streams_and_goes_on(tmp_path: Path):
    with live_server(web_agent(tmp_path, Clerk())) as address:
        output = subprocess.run(
            [sys.executable, str(_CLIENT), f"{address}/v1"],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    first, second = json.loads(output)

    assert len(first) > 3, "the answer grows"
    assert first[-1] == "answer to an order, after 0 others"
    assert second[-1] == "answer to an order of tea, after 1 others"
