"""The report as one HTML file that needs no other: plots are inside, nothing is fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from mdsa.evals.routing_report import Confusion, Figure, RoutingReport, Section, figure_tables

__all__ = ["report_page"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884 }
td.figure { font-variant-numeric: tabular-nums; white-space: nowrap }
td.met { color: #187a3c } td.missed { color: #b3261e }
small { color: #888 } img { max-width: 34rem; width: 100% }
:root { color-scheme: light dark } img { background: white }
"""


def report_page(report: RoutingReport, plots: Mapping[str, Sequence[Path]]) -> str:
    """Write the page.

    Args:
        report: what was found.
        plots: PNG files of each question.
    """
    parts = [_section(section, plots.get(section.question, ())) for section in report.sections]
    targets = [figure for section in report.sections for figure in section.figures if figure.target]
    kept = f"{len(targets) - len(report.missed)} of {len(targets)} targets met"
    facts = "".join(_row((escape(name), escape(str(v)))) for name, v in report.facts.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Routing: {kept}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Routing</h1><p>{kept}; {report.seconds:.0f} s.</p>"
        f"{''.join(parts)}<h2>How it was measured</h2><table>{facts}</table></body></html>\n"
    )


def _section(section: Section, plots: Sequence[Path]) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>"]
    for table in figure_tables(section.figures):
        head = "".join(f"<th>{escape(text)}</th>" for text in ("measured on", "by", *table.heads))
        rows = "".join(
            f"<tr><td>{escape(subject)}</td><td>{escape(system)}</td>"
            f"{''.join(map(_cell, figures))}</tr>"
            for subject, system, figures in table.rows
        )
        parts.append(f"<table><tr>{head}</tr>{rows}</table>")
    parts += [f"<p><small>{escape(note)}</small></p>" for note in section.notes]
    parts += map(_image, plots)
    if section.confusions:
        parts.append(_confusions(section.confusions))
    return "".join(parts)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "<td></td>"
    kind = {None: "", True: " met", False: " missed"}[figure.met]
    mark = {None: "", True: " ✓", False: " ✗"}[figure.met]
    target = f" <small>{escape(figure.target_shown)}</small>" if figure.target else ""
    title = f"95 %: {figure.interval_shown}" if figure.interval_shown else ""
    shown = f"{escape(figure.shown)}{mark}{target}"
    return f'<td class="figure{kind}" title="{escape(title)}">{shown}</td>'


def _image(path: Path) -> str:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'


def _confusions(confusions: Iterable[Confusion]) -> str:
    rows = "".join(
        _row(
            escape(text)
            for text in (
                one.subject,
                one.system,
                one.right,
                one.taken_for,
                f"{one.count} of {one.of}",
                " / ".join(one.examples),
            )
        )
        for one in confusions
    )
    heads = ("measured on", "by", "right", "taken for", "messages", "such as")
    head = "".join(f"<th>{text}</th>" for text in heads)
    return f"<h3>Most frequent confusions</h3><table><tr>{head}</tr>{rows}</table>"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
