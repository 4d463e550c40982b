"""Reliability diagrams and risk-coverage curves, drawn by matplotlib without a display."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdsa.errors import ModelUnavailableError
from mdsa.evals.routing_report import Curve, Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_plots"]

_MOST_LINES = 4
_TITLES = {"reliability": "reliability", "risk_coverage": "risk and coverage"}


def draw_plots(sections: Sequence[Section], folder: Path) -> dict[str, list[Path]]:
    """Draw every section's curves into PNG files.

    Args:
        sections: with their curves.
        folder: where the files go; it exists.

    Returns:
        The files of each question.

    Raises:
        ModelUnavailableError: matplotlib is not installed.
    """
    if not any(section.curves for section in sections):
        return {}
    if find_spec("matplotlib") is None:
        raise ModelUnavailableError("plots need matplotlib: pip install 'mdsa[evals]'")
    return {
        section.question: [
            _draw(curves, folder / f"{section.question}_{_slug(plot)}_{kind}.png")
            for plot, kind, curves in _plots(section.curves)
        ]
        for section in sections
        if section.curves
    }


def _plots(curves: Sequence[Curve]) -> Iterator[tuple[str, str, list[Curve]]]:
    """Curves that share their axes, the first few of each plot."""
    for plot, kind in dict.fromkeys((curve.plot, curve.kind) for curve in curves):
        own = [curve for curve in curves if (curve.plot, curve.kind) == (plot, kind)]
        yield plot, kind, own[:_MOST_LINES]


def _draw(curves: Sequence[Curve], path: Path) -> Path:
    # Without pyplot there is no display to look for, and nothing global that stays.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(f"{curves[0].plot}: {_TITLES[curves[0].kind]}", fontsize=9)
    {"reliability": _reliability, "risk_coverage": _risk_coverage}[curves[0].kind](axes, curves)
    axes.legend(fontsize=7, frameon=False)
    axes.tick_params(labelsize=8)
    figure.savefig(path, metadata={"Software": None})
    return path


def _reliability(axes: Axes, curves: Sequence[Curve]) -> None:
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, linestyle="--", label="perfect")
    for curve in curves:
        (line,) = axes.plot(curve.x, curve.y, linewidth=1)
        sizes: list[Any] = [10 + 300 * weight for weight in curve.weights]
        axes.scatter(
            curve.x, curve.y, s=sizes, color=line.get_color(), alpha=0.6, label=curve.label
        )
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.set_xlabel("confidence (area of a point: share of messages)", fontsize=8)
    axes.set_ylabel("accuracy", fontsize=8)


def _risk_coverage(axes: Axes, curves: Sequence[Curve]) -> None:
    for curve in curves:
        axes.plot(curve.x, curve.y, linewidth=1.2, label=curve.label)
    axes.set(xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("share of messages answered, surest first", fontsize=8)
    axes.set_ylabel("share of them wrong", fontsize=8)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
