"""Rows that are spoilt in known ways, and the count of what the checks find."""

from __future__ import annotations

from dataclasses import replace

from fakes.bag_of_words import encode

from mdsa.evals.row_checks import found_faults, selection_gain, spoil
from mdsa.training.data_checks import check_rows
from mdsa.training.rows import LabelledText

_ROWS = [
    LabelledText(f"{verb} {label} {number} {label}s", label)
    for label in ("rain", "song", "ferry", "bread", "chess", "tiger")
    for verb in ("show", "open", "find", "give", "read", "tell", "fetch", "name", "list")
    for number in ("one", "two", "three", "four", "five", "six", "seven", "eight")
]


def test_faults_are_where_they_are_said_to_be() -> None:
    spoilt = spoil(_ROWS, seed=1)

    made = {row.line: row for row in spoilt.rows}
    assert len(spoilt.wrong) == round(0.02 * len(_ROWS))
    for line, label in spoilt.wrong.items():
        assert _ROWS[line - 1].label == label
        assert made[line].label.removesuffix(" (again)") != label
    for copies, same in ((spoilt.copies, True), (spoilt.contradictions, False)):
        assert len(copies) == 50
        for copy, original in copies.items():
            labels = [made[line].label.removesuffix(" (again)") for line in (copy, original)]
            assert (labels[0] == labels[1]) is same


def test_what_a_report_names_is_counted() -> None:
    spoilt = spoil(_ROWS, seed=1)
    report = check_rows(spoilt.rows, encode=encode)

    found = found_faults(spoilt, report)
    nothing = replace(report, suspects=(), duplicates=(), contradictions=(), confused=())

    assert found["split labels found"] == "5 of 5"
    assert int(str(found["wrong labels found"])) >= 8
    assert found_faults(spoilt, nothing)["wrong labels found"] == 0
    assert found_faults(spoilt, nothing)["contradictions found"] == "0 of 50"


def test_chosen_rows_are_compared_with_random_ones() -> None:
    vectors = encode([row.text for row in _ROWS])

    gain = selection_gain(_ROWS, vectors, seed=0)

    assert list(gain) == ["first rows alone", "with random rows", "with chosen rows"]
    assert all(0.9 < accuracy <= 1 for accuracy in gain.values())
