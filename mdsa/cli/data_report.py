"""What the checks of training rows found, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from mdsa.cli.render import plain, table
from mdsa.training.data_report import (
    ConfusedPair,
    CueWord,
    DataReport,
    Imbalance,
    Proposal,
    SameText,
    SmallLabel,
    Suspect,
    WorthLabelling,
)
from mdsa.training.rows import LabelledText

__all__ = ["report_view", "report_warnings"]


def report_warnings(report: DataReport) -> RenderableType:
    """One line for each kind of trouble, for a command that goes on to train."""
    return Group(*(plain(f"warning: {sentence}", "yellow") for sentence in report.warnings()))


def report_view(report: DataReport, most: int = 5) -> RenderableType:
    """The whole report.

    Args:
        report: what was found.
        most: how many findings of a kind are shown; the rest is counted.
    """
    return Group(_head(report), *_sections(report, most))


def _head(report: DataReport) -> Text:
    line = f"{report.rows} rows, {report.labels} label{'' if report.labels == 1 else 's'}"
    if report.accuracy is not None:
        line += f"; a light classifier, cross-validated, agrees with {report.accuracy:.1%} of them"
    if not report.warnings():
        line += "; no warnings"
    return plain(line, "bold")


def _sections(report: DataReport, most: int) -> Iterator[RenderableType]:
    kinds: list[tuple[str, Sequence[object], RenderableType]] = [
        (
            "The same text under different labels",
            report.contradictions,
            _texts(report.contradictions[:most]),
        ),
        ("Likely mislabelled", report.suspects, _suspects(report.suspects[:most])),
        ("Hard to tell apart", report.confused, _pairs(report.confused[:most])),
        ("More than once", report.duplicates, _texts(report.duplicates[:most])),
        ("Too few texts", report.small, _small(report.small[:most])),
        (
            "Very different sizes",
            (report.imbalance,) if report.imbalance else (),
            _imbalance(report.imbalance),
        ),
        ("Recognisable by a single word", report.cue_words, _cues(report.cue_words[:most])),
        ("What to add", report.proposals, _proposals(report.proposals[:most])),
        (
            "Most worth labelling",
            report.worth_labelling,
            _worth_labelling(report.worth_labelling[:most]),
        ),
    ]
    for title, found, shown in kinds:
        if not found:
            continue
        hidden = len(found) - most
        rest = f"; {hidden} more with --json" if hidden > 0 else ""
        yield plain(f"\n{title} ({len(found)}{rest})", "bold")
        yield Padding(shown, (0, 0, 0, 2))


def _place(row: LabelledText) -> str:
    return "" if row.line is None else str(row.line)


def _texts(found: Sequence[SameText]) -> RenderableType:
    return table(
        ("line", "label", "text", "alike"),
        [
            (_place(row), row.label, row.text, "exactly" if same.exact else "nearly")
            for same in found
            for row in same.rows
        ],
    )


def _suspects(found: Sequence[Suspect]) -> RenderableType:
    return table(
        ("line", "text", "label", "rather", "p", "like"),
        [
            (
                _place(suspect.row),
                suspect.row.text,
                suspect.row.label,
                suspect.guess,
                f"{suspect.guess_probability:.2f}",
                suspect.like.text,
            )
            for suspect in found
        ],
    )


def _pairs(found: Sequence[ConfusedPair]) -> RenderableType:
    return table(
        ("level", "first", "second", "error", "an example"),
        [
            (
                pair.level,
                pair.first,
                pair.second,
                f"{pair.error:.0%}" + (", the same?" if pair.identical else ""),
                pair.examples[0].text,
            )
            for pair in found
        ],
    )


def _small(found: Sequence[SmallLabel]) -> RenderableType:
    return table(("label", "texts"), [(small.label, small.texts) for small in found])


def _imbalance(found: Imbalance | None) -> RenderableType:
    if found is None:
        return Text()
    return table(
        ("label", "rows"),
        [(found.largest, found.largest_rows), (found.smallest, found.smallest_rows)],
    )


def _cues(found: Sequence[CueWord]) -> RenderableType:
    return table(
        ("label", "word", "rows with it", "of", "elsewhere"),
        [(cue.label, cue.word, cue.rows, cue.of, cue.elsewhere) for cue in found],
    )


def _proposals(found: Sequence[Proposal]) -> RenderableType:
    lines: list[RenderableType] = []
    for proposal in found:
        lines.append(plain(proposal.advice))
        lines += [
            plain(f"  at the border, line {_place(row)}: {row.text}", "dim")
            for row in proposal.border
        ]
    return Group(*lines)


def _worth_labelling(found: Sequence[WorthLabelling]) -> RenderableType:
    return table(
        ("text", "perhaps", "p", "or", "p"),
        [
            (
                text.text,
                text.guess,
                f"{text.guess_probability:.2f}",
                text.other,
                f"{text.other_probability:.2f}",
            )
            for text in found
        ],
    )
