"""examples/embed, as a person in a terminal uses it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fakes.example_apps import EXAMPLES, documented_command

_TYPED = [
    "How long do I have to return shoes?",
    "When is the shop open?",
    "Please return order ORD-1001.",
    "y",
    "Please return order ORD-1002.",
    "n",
    "",
]


def test_a_domain_answers_within_another_agent(session_cache: Path):
    talk = subprocess.run(
        documented_command("embed"),
        cwd=EXAMPLES.parent,
        input="\n".join([*_TYPED, ""]),
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "Unworn shoes can be returned within 100 days." in talk
    assert "open from 9 to 18" in talk
    assert "waits for approval: start_return({'order_id': 'ORD-1001'})" in talk
    assert "The return of order ORD-1001 has been started." in talk
    assert "The return of order ORD-1002" not in talk
