"""Evaluation reports as people see them on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.padding import Padding
from rich.text import Text

from mdsa.cli.render import console, plain, table

if TYPE_CHECKING:
    from mdsa.evals.routing_report import Figure, FigureTable, RoutingReport, Section

__all__ = ["show_report"]

_MOST_CONFUSIONS = 5


def show_report(report: RoutingReport, out_dir: Path | None = None) -> None:
    """Print tables of figures, question by question, and what misses its target.

    Args:
        report: what was measured.
        out_dir: where it was written; None where it was not.
    """
    out = console()
    for section in report.sections:
        _show_section(section)
    figures = [figure for section in report.sections for figure in section.figures]
    wanted = [figure for figure in figures if figure.target]
    kept = len(wanted) - len(report.missed)
    style = "yellow" if report.missed else "green"
    out.print(plain(f"{kept} of {len(wanted)} targets met, {report.seconds:.0f} s in all", style))
    for figure in report.missed:
        what = f"{figure.subject}, {figure.system}: {figure.head}"
        out.print(plain(f"  missed: {what} {figure.shown}, wanted {figure.target_shown}", "yellow"))
    if out_dir:
        out.print(plain(f"{out_dir / 'report.html'}, {out_dir / 'report.json'}", "dim"))


def _show_section(section: Section) -> None:
    from mdsa.evals.routing_report import figure_tables

    out = console()
    out.print(plain(f"{section.title} ({section.question}, {section.seconds:.0f} s)", "bold"))
    for one in figure_tables(section.figures):
        for heading, label, rows in _parts(one):
            out.print(plain(f"  {heading}"))
            out.print(Padding(table([label, *one.heads], rows), (0, 0, 1, 4)))
    for confusion in section.confusions[:_MOST_CONFUSIONS]:
        example = f"; {confusion.examples[0]!r}" if confusion.examples else ""
        counted = f"{confusion.count} of {confusion.of}"
        pair = f"{confusion.right} taken for {confusion.taken_for}"
        out.print(plain(f"  {confusion.subject}: {pair} {counted}{example}", "dim"))
    for note in section.notes:
        out.print(plain(f"  {note}", "dim"))
    out.print()


def _parts(figures: FigureTable) -> Iterator[tuple[str, str, list[tuple[object, ...]]]]:
    """Heading, head of the first column, and rows: by subject, or together for one system."""
    systems = {system for _, system, _ in figures.rows}
    if len(systems) == 1:
        rows: list[tuple[object, ...]] = [
            (subject, *map(_cell, row)) for subject, _, row in figures.rows
        ]
        yield systems.pop(), "measured on", rows
        return
    for subject in dict.fromkeys(subject for subject, _, _ in figures.rows):
        rows = [(by, *map(_cell, row)) for name, by, row in figures.rows if name == subject]
        yield subject, "by", rows


def _cell(figure: Figure | None) -> Text:
    if figure is None:
        return plain("")
    if figure.target is None:
        return plain(figure.shown)
    mark, style = ("✓", "green") if figure.met else ("✗", "red")
    return plain(f"{figure.shown} {mark} {figure.target_shown}", style)
