"""How the report on training rows is shown."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

from mdsa.cli.data_report import report_view, report_warnings
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


def _shown(view: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=160, markup=False, emoji=False, highlight=False).print(view)
    return out.getvalue()


def _row(text: str, label: str, line: int) -> LabelledText:
    return LabelledText(text, label, line=line)


_EMPTY = DataReport(3, 1, None, (), (), (), (), (), None, (), (), ())

_FULL = DataReport(
    rows=100,
    labels=4,
    accuracy=0.915,
    contradictions=(SameText((_row("what now", "a", 3), _row("What now?", "b", 8)), True),),
    suspects=tuple(
        Suspect(
            _row(f"suspect {n} [red]x[/red]", "a", 20 + n), "b", 0.01, 0.97, _row("twin", "b", 9)
        )
        for n in range(7)
    ),
    confused=(
        ConfusedPair("domain", "left", "right", 3, 4, 0.45, 0.1, True, (_row("e", "a", 5),)),
    ),
    duplicates=(SameText((_row("the copy", "a", 1), _row("a copy", "a", 2)), False),),
    small=(SmallLabel("tiny", 2),),
    imbalance=Imbalance("huge", 90, "tiny", 2),
    cue_words=(CueWord("food", "calories", 19, 20, 1),),
    proposals=(Proposal("tiny", None, 8, "Write 8 more.", (_row("at the edge", "tiny", 77),)),),
    worth_labelling=(WorthLabelling("ask me\x1b[2J", "a", "b", 0.51, 0.49),),
)


def test_every_finding_is_shown_with_its_line() -> None:
    shown = _shown(report_view(_FULL))

    for expected in (
        "100 rows, 4 labels",
        "91.5%",
        "What now?",
        "twin",
        "45%, the same?",
        "a copy",
    ):
        assert expected in shown
    for expected in ("nearly", "exactly", "tiny", "huge", "calories", "Write 8 more.", "line 77"):
        assert expected in shown
    assert any({"3", "a", "what"} <= set(line.split()) for line in shown.splitlines())


def test_the_rest_is_counted() -> None:
    shown = _shown(report_view(_FULL, most=5))

    assert "Likely mislabelled (7; 2 more with --json)" in shown
    assert "suspect 4" in shown
    assert "suspect 5" not in shown


def test_texts_of_a_file_are_no_markup_and_cannot_drive_the_terminal() -> None:
    shown = _shown(report_view(_FULL))

    assert "[red]x[/red]" in shown
    assert "\x1b" not in shown


def test_a_report_without_findings_says_so() -> None:
    assert _shown(report_view(_EMPTY)).strip() == "3 rows, 1 label; no warnings"
    assert _shown(report_warnings(_EMPTY)).strip() == ""


def test_warnings_are_one_line_each() -> None:
    lines = _shown(report_warnings(_FULL)).splitlines()

    assert [line.strip() for line in lines] == [
        "warning: 1 text stands under different labels",
        "warning: 1 pair of domains cannot be told apart",
        "warning: 7 rows look mislabelled",
        "warning: 1 text stands more than once",
        "warning: 1 label has too few texts",
        "warning: 1 label is given away by one word",
        "warning: 'huge' has 90 rows, 'tiny' only 2",
    ]
