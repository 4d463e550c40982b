"""What `mdsa eval routing` found: figures with their targets, question by question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mdsa.evals.routing_metrics import Estimate

__all__ = [
    "Confusion",
    "Curve",
    "Figure",
    "FigureTable",
    "RoutingReport",
    "Section",
    "Target",
    "Unit",
    "figure_tables",
]

Unit = Literal["%", "", "ms", "s", "MB", "times", "points", "per s"]
"""How a figure is shown. Shares and their differences are kept as fractions, and shown in per cent
where it is `%` or `points`."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure should keep."""

    bound: float
    at_most: bool = False

    def met(self, value: float) -> bool:
        """Whether a value keeps it."""
        return value <= self.bound if self.at_most else value >= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Attributes:
        subject: what was measured on.
        system: what was measured.
        measure: which figure of it.
        estimate: value and 95 % interval.
        unit: how it is shown.
        target: what it should keep; None where it is only reported.
        rows: how many rows it rests on; None where that says nothing.
    """

    subject: str
    system: str
    measure: str
    estimate: Estimate
    unit: Unit = "%"
    target: Target | None = None
    rows: int | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        return self.target.met(self.estimate.value) if self.target else None

    @property
    def shown(self) -> str:
        """The value and half the width of its interval, as people read them."""
        low, high = self.estimate.low, self.estimate.high
        if low is None or high is None:
            return self._in_unit(self.estimate.value)
        return f"{self._in_unit(self.estimate.value)} ±{self._in_unit((high - low) / 2)}"

    @property
    def interval_shown(self) -> str:
        """The interval; empty without one."""
        low, high = self.estimate.low, self.estimate.high
        if low is None or high is None:
            return ""
        return f"{self._in_unit(low)} to {self._in_unit(high)}"

    @property
    def target_shown(self) -> str:
        """The target with its sign; empty without one."""
        if self.target is None:
            return ""
        return f"{'≤' if self.target.at_most else '≥'} {self._in_unit(self.target.bound)}"

    @property
    def head(self) -> str:
        """The measure with its unit."""
        return f"{self.measure} ({self.unit})" if self.unit else self.measure

    def _in_unit(self, value: float) -> str:
        if self.unit in ("%", "points"):
            return f"{100 * value:.1f}"
        return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON; shares as fractions."""
        return {
            "subject": self.subject,
            "system": self.system,
            "measure": self.measure,
            "value": self.estimate.value,
            "low": self.estimate.low,
            "high": self.estimate.high,
            "unit": "share" if self.unit == "%" else self.unit,
            "target": self.target.bound if self.target else None,
            "target_is_at_most": self.target.at_most if self.target else None,
            "met": self.met,
            "rows": self.rows,
        }


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a line in a plot, with the share of rows behind each where that matters.

    Attributes:
        plot: which plot it belongs to; curves of one plot share its axes.
        kind: what the axes are.
        label: of the line.
        x: confidences (reliability) or coverages (risk-coverage).
        y: accuracies or risks.
        weights: share of the rows at each point; empty for risk-coverage.
    """

    plot: str
    kind: Literal["reliability", "risk_coverage"]
    label: str
    x: Sequence[float]
    y: Sequence[float]
    weights: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often one label was taken for another.

    Attributes:
        subject: what was measured on.
        system: what was measured.
        right: the label that would have been right.
        taken_for: the one that was given.
        count: rows.
        of: rows with the right label.
        examples: some of their texts.
    """

    subject: str
    system: str
    right: str
    taken_for: str
    count: int
    of: int
    examples: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            name: getattr(self, name)
            for name in ("subject", "system", "right", "taken_for", "count", "of")
        } | {"examples": list(self.examples)}


@dataclass(slots=True)
class Section:
    """The answer to one question.

    Attributes:
        question: its name, as `--only` takes it.
        title: what it asks.
        figures: what was measured.
        notes: how, and what could not be measured.
        curves: for plots.
        confusions: worst first.
        seconds: spent on it.
    """

    question: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    confusions: list[Confusion] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For JSON, without the curves."""
        return {
            "question": self.question,
            "title": self.title,
            "seconds": round(self.seconds, 2),
            "figures": [figure.as_dict() for figure in self.figures],
            "confusions": [confusion.as_dict() for confusion in self.confusions],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Figures with the same measures, a row for each subject and system.

    Attributes:
        heads: of the measures, with their units.
        rows: subject, system, and the figures in the order of the heads; None where one is
            missing.
    """

    heads: list[str]
    rows: list[tuple[str, str, list[Figure | None]]]


def figure_tables(figures: Sequence[Figure]) -> list[FigureTable]:
    """Put figures side by side: subjects whose measures are the same share a table."""
    subjects: dict[str, dict[str, dict[str, Figure]]] = {}
    heads: dict[str, list[str]] = {}
    for figure in figures:
        systems = subjects.setdefault(figure.subject, {})
        systems.setdefault(figure.system, {})[figure.head] = figure
        known = heads.setdefault(figure.subject, [])
        if figure.head not in known:
            known.append(figure.head)
    tables: dict[tuple[str, ...], FigureTable] = {}
    for subject, systems in subjects.items():
        columns = tuple(heads[subject])
        table = tables.setdefault(columns, FigureTable(list(columns), []))
        for system, own in systems.items():
            table.rows.append((subject, system, [own.get(head) for head in columns]))
    return list(tables.values())


@dataclass(frozen=True, slots=True)
class RoutingReport:
    """The whole evaluation.

    Attributes:
        sections: one for each question asked, in their order.
        facts: versions, seeds, machine and what else a figure depends on.
        seconds: in all.
    """

    sections: list[Section]
    facts: dict[str, Any]
    seconds: float

    @property
    def missed(self) -> list[Figure]:
        """Figures that miss their target."""
        return [
            figure for section in self.sections for figure in section.figures if figure.met is False
        ]

    def as_dict(self) -> dict[str, Any]:
        """For `--json` and report.json."""
        return {
            "facts": self.facts,
            "seconds": round(self.seconds, 1),
            "missed": [figure.as_dict() for figure in self.missed],
            "sections": [section.as_dict() for section in self.sections],
        }
