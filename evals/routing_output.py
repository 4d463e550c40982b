"""Writes a report into a folder: report.json, report.html, and the plots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mdsa.errors import ModelUnavailableError, StorageError
from mdsa.evals.routing_page import report_page
from mdsa.evals.routing_plots import draw_plots
from mdsa.evals.routing_report import RoutingReport

__all__ = ["write_report"]


def write_report(report: RoutingReport, folder: Path) -> list[str]:
    """Write the report.

    Args:
        report: what was found.
        folder: made where it is missing; files of the same names are replaced.

    Returns:
        What could not be written, and why: the plots, where matplotlib is missing.

    Raises:
        StorageError: the folder cannot be written.
    """
    problems = []
    plots: Mapping[str, Sequence[Path]] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            plots = draw_plots(report.sections, folder)
        except ModelUnavailableError as error:
            problems.append(str(error))
        text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False)
        (folder / "report.json").write_text(text + "\n", encoding="utf-8")
        (folder / "report.html").write_text(report_page(report, plots), encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"cannot write the report to {folder} ({error.strerror}); give another --out."
        ) from error
    return problems
