"""What people see: consoles, answers, tables. Text from outside never reaches rich's markup."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mdsa.core.result import RequestResult

__all__ = [
    "answer_panel",
    "console",
    "facts",
    "plain",
    "printable",
    "progress_bar",
    "result_facts",
    "table",
    "write_json",
]

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, which could drive a terminal, and those that turn the text's direction."""


def printable(text: str) -> str:
    """Leave out what a terminal would obey instead of show."""
    return _UNPRINTABLE.sub("", text)


def plain(text: object, style: str = "") -> Text:
    """Text as it stands: no markup, no control characters."""
    return Text(printable(str(text)), style=style)


def console(*, stderr: bool = False) -> Console:
    """A console that takes no text for markup; 80 columns where there is no terminal."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def write_json(value: Any) -> None:
    """Write one line of JSON on standard output, at once."""
    unicode = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    typer.echo(json.dumps(value, ensure_ascii=not unicode, default=str))
    sys.stdout.flush()


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on standard error that vanishes at the end; silent without a terminal."""
    errors = console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    ) as progress:
        yield progress


def facts(values: Mapping[str, RenderableType]) -> Table:
    """Names and values in two columns."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in values.items():
        grid.add_row(plain(name), value)
    return grid


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, whole: Sequence[str] = ()
) -> Table:
    """A table; numbers are set to the right.

    Args:
        columns: their heads.
        rows: as many values each as there are columns.
        whole: columns whose values stay on one line, so that they can be copied.
    """
    built = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        built.add_column(
            column, justify="right" if numeric else "left", overflow="fold", no_wrap=column in whole
        )
    for row in rows:
        built.add_row(*(value if isinstance(value, Text) else plain(value) for value in row))
    return built


def answer_panel(result: RequestResult) -> RenderableType:
    """The answer, or what waits for approval."""
    waits = bool(result["interrupts"])
    return Panel(
        plain(result["response"]),
        title="waits for approval" if waits else "answer",
        title_align="left",
        border_style="yellow" if waits else "green",
    )


def result_facts(result: RequestResult) -> RenderableType:
    """How the answer came about."""
    values: dict[str, RenderableType] = {
        "decision": plain(result["decision"], "bold"),
        "domains": plain(", ".join(result["domains"]) or "none"),
        "confidence": plain(f"{result['confidence']:.2f}"),
        "why": plain(result["reason"]),
    }
    if result["degraded"]:
        values["degraded"] = plain(_degraded(result), "yellow")
    if result["tool_calls"]:
        values["tools"] = Group(
            *(plain(f"{_call(call)}: {call['status']}") for call in result["tool_calls"])
        )
    if result["sources"]:
        values["sources"] = Group(
            *(
                plain(f"{source['title']} ({source['source']}, {source['scope']})")
                for source in result["sources"]
            )
        )
    values["latency"] = plain(f"{result['latency_ms']:.0f} ms")
    values["by node"] = plain(_latency(result["node_latency_ms"]))
    return Padding(facts(values), (0, 0, 0, 2))


def _degraded(result: RequestResult) -> str:
    """Which models did not answer and why, and which ones did."""
    failed = [f"{item['model'] or 'a model'} ({item['reason']})" for item in result["failures"]]
    if not failed:
        return "a configured model could not be used"
    answered = ", ".join(result["models"]) or "none"
    return f"no answer from {', '.join(dict.fromkeys(failed))}; answered by: {answered}"


def _latency(milliseconds: Mapping[str, float]) -> str:
    """Nodes with their milliseconds, those inside a domain behind it."""
    inside: dict[str, list[str]] = {}
    for node, spent in milliseconds.items():
        domain, separator, name = node.partition("/")
        if separator:
            inside.setdefault(domain, []).append(f"{name} {spent:.1f}")
    return " · ".join(
        f"{node} {spent:.1f}" + (f" ({', '.join(inside[node])})" if node in inside else "")
        for node, spent in milliseconds.items()
        if "/" not in node
    )


def _call(call: Mapping[str, Any]) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in call["args"].items())
    return f"{call['name']}({arguments})"
