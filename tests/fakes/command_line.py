"""The command line on a small app, and what it answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from mdsa.cli.app import app

SMALL_APP = """
name: Small shop
domains:
  - name: orders
    description: Where an order is, when it arrives, and cancelling it.
    keywords: [order, parcel, delivery, cancel order]
    tools: [get_order_status, cancel_order]
  - name: returns
    description: Returns and refunds of what was bought.
    keywords: [return, refund, money back]
tools: [mdsa.tools.orders:build_tools]
knowledge: {global: [notes.md]}
"""
NOTES = "# Opening hours\n\nThe shop is open from nine to five.\n"


def write_small_app(folder: Path) -> Path:
    """Write an app of two domains with tools and a document; returns its file."""
    (folder / "notes.md").write_text(NOTES, encoding="utf-8")
    path = folder / "shop.yaml"
    path.write_text(SMALL_APP, encoding="utf-8")
    return path


def run_command(*arguments: str | Path, given: str | bytes | None = None) -> Result:
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments], input=given)
    if answer.exception is not None and not isinstance(answer.exception, SystemExit):
        raise answer.exception
    return answer


def ask_json(small_app: Path, *arguments: str) -> dict[str, Any]:
    answer = run_command("ask", "--app", small_app, "--json", *arguments)
    assert answer.exit_code == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def json_lines(answer: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.stdout.splitlines()]


def assert_failed(answer: Result, message: str, kind: str | None = None) -> None:
    assert answer.exit_code == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.output
    if kind is not None:
        assert answer.stderr.count("\n") == 1
        assert answer.stderr.startswith("error: ")
        assert json.loads(answer.stdout.splitlines()[-1])["error"]["type"] == kind
