"""What the checks of training rows find, and what they let pass."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from fakes.bag_of_words import encode

from mdsa.errors import InvalidInputError
from mdsa.training.data_checks import check_file, check_rows
from mdsa.training.data_report import DataReport
from mdsa.training.rows import LabelledText

_VERBS = ["show", "open", "find", "give", "read", "tell", "fetch", "name", "list", "check"]
_TOPICS = {
    "weather": ["rain", "sun", "snow", "wind", "storm", "cloud", "frost", "heat"],
    "music": ["song", "album", "band", "singer", "guitar", "concert", "melody", "drum"],
    "travel": ["flight", "hotel", "train", "ticket", "luggage", "visa", "airport", "ferry"],
}


def _about(topic: str, seed: int, count: int = 30) -> list[str]:
    """Different texts of three words of a topic each, and a verb that is nobody's."""
    draw = random.Random(seed)  # no secret
    texts: dict[str, None] = {}
    while len(texts) < count:
        words = draw.sample(_TOPICS[topic], 3)
        texts[" ".join([draw.choice(_VERBS), *words])] = None
    return list(texts)


def _rows(texts: Iterable[str], label: str, domain: str | None = None) -> list[LabelledText]:
    return [LabelledText(text, label, domain) for text in texts]


def _clean() -> list[LabelledText]:
    return [row for topic in _TOPICS for row in _rows(_about(topic, 1), topic)]


def _check(rows: list[LabelledText], unlabelled: Iterable[str] = ()) -> DataReport:
    return check_rows(rows, list(unlabelled), encode=encode)


def test_good_rows_bring_no_warning() -> None:
    report = _check(_clean())

    assert report.warnings() == []
    assert report.proposals == ()
    assert (report.rows, report.labels) == (90, 3)
    assert report.accuracy is not None
    assert report.accuracy > 0.98


def test_copies_that_differ_as_written_only_are_exact() -> None:
    copies = _rows(["Where is MY parcel?", "where is my  parcel", "where is my parcel!!"], "music")

    report = _check(_clean() + copies)

    (found,) = report.duplicates
    assert found.exact
    assert list(found.rows) == copies
    assert report.contradictions == ()


def test_copies_in_another_order_are_near() -> None:
    copies = _rows(["turn the kitchen lights off now", "now turn off the kitchen lights"], "music")

    (found,) = _check(_clean() + copies).duplicates

    assert not found.exact
    assert list(found.rows) == copies


def test_a_turned_request_is_no_copy() -> None:
    long = (
        "please take the very large brown heavy kitchen table and the chairs of my mother {} here"
    )
    rows = _rows([long.format("before"), long.format("after")], "music")

    assert _check(_clean() + rows).duplicates == ()


def test_the_same_text_under_two_labels_contradicts() -> None:
    pair = [
        LabelledText("what about monday", "music"),
        LabelledText("What about Monday?", "travel"),
    ]

    report = _check(_clean() + pair)

    (found,) = report.contradictions
    assert found.exact
    assert found.labels == ("music", "travel")
    assert report.duplicates == ()
    assert "1 text stands under different labels" in report.warnings()


def test_nearly_the_same_text_under_two_labels_contradicts() -> None:
    pair = [
        LabelledText("show me what the price of the red one is", "music"),
        LabelledText("show me what the price is of the red one", "travel"),
    ]

    (found,) = _check(_clean() + pair).contradictions

    assert not found.exact
    assert set(found.rows) == set(pair)


def test_a_mislabelled_row_is_found_with_its_likely_label() -> None:
    wrong = LabelledText("fetch snow storm frost", "music", line=91)

    report = _check([*_clean(), wrong])

    (suspect,) = report.suspects
    assert (suspect.row, suspect.row.line, suspect.guess) == (wrong, 91, "weather")
    assert suspect.given_probability < 0.2 < 0.7 < suspect.guess_probability
    assert suspect.like.label == "weather"


def test_copies_do_not_vouch_for_each_others_label() -> None:
    wrong = _rows(
        ["fetch snow storm frost", "Fetch snow storm frost!", "fetch frost snow storm"], "music"
    )

    report = _check(_clean() + wrong)

    assert {suspect.row for suspect in report.suspects} == set(wrong)


def test_two_names_for_one_thing_are_found() -> None:
    halves = _rows(_about("weather", 1, 80), "weather")
    halves = [
        LabelledText(row.text, ("forecast", "weather")[n % 2]) for n, row in enumerate(halves)
    ]
    others = [row for row in _clean() if row.label != "weather"]

    report = _check(halves + others)

    (pair,) = report.confused
    assert {pair.first, pair.second} == {"forecast", "weather"}
    assert pair.identical
    assert pair.error > 0.3
    assert pair.distance < 0.5
    assert "1 pair of labels cannot be told apart" in report.warnings()
    advice = {proposal.label: proposal.advice for proposal in report.proposals}
    assert set(advice) == {"forecast", "weather"}
    assert "merge the two" in advice["weather"]


def test_a_proposal_names_the_words_that_tell_a_confused_pair_apart() -> None:
    draw = random.Random(3)  # no secret
    shared = _TOPICS["travel"]
    texts = {"book": "reserve", "cancel": "revoke"}
    rows = [row for row in _clean() if row.label != "travel"]
    for label, word in texts.items():
        clear = [f"{word} {' '.join(draw.sample(shared, 3))}" for _ in range(25)]
        vague = [f"the {' '.join(draw.sample(shared, 4))}" for _ in range(15)]
        rows += _rows(clear + vague, label)

    report = _check(rows)

    (pair,) = report.confused
    assert not pair.identical
    assert all("the" in row.text.split() for row in pair.examples)
    book = next(proposal for proposal in report.proposals if proposal.label == "book")
    assert book.versus == "cancel"
    assert f"Write {book.count} messages of 'book' that mention \"reserve\"" in book.advice
    assert book.border
    assert {row.label for row in book.border} == {"book"}


def test_domains_are_compared_too() -> None:
    rows = []
    for topic in ("music", "travel"):
        for half, text in enumerate(_about(topic, 1, 80)):
            label = f"{topic} {half % 2}"
            rows.append(LabelledText(text, label, domain=("left", "right")[half % 2]))

    levels = {pair.level for pair in _check(rows).confused if pair.identical}

    assert levels == {"label", "domain"}


def test_small_labels_and_uneven_ones_are_named() -> None:
    few = _rows(["show the tax form", "show the TAX form", "send the tax office a letter"], "tax")
    many = _rows(_about("weather", 2, 40), "weather")

    report = _check(_clean() + many + few)

    assert [(small.label, small.texts) for small in report.small] == [("tax", 2)]
    assert report.imbalance is not None
    assert (report.imbalance.largest, report.imbalance.smallest) == ("weather", "tax")
    (proposal,) = [proposal for proposal in report.proposals if proposal.label == "tax"]
    assert proposal.count == 8


def test_a_word_that_gives_a_label_away_is_named() -> None:
    rows = _rows([f"{text} calories" for text in _about("music", 4, 20)], "food")

    report = _check(_clean() + rows)

    (cue,) = report.cue_words
    assert (cue.label, cue.word, cue.rows, cue.of, cue.elsewhere) == ("food", "calories", 20, 20, 0)
    assert any('without "calories"' in proposal.advice for proposal in report.proposals)


def test_unsure_and_different_texts_are_worth_labelling() -> None:
    weather, music, travel = (_about(topic, 1)[0] for topic in _TOPICS)
    sure = ["read rain storm wind", "read melody drum singer"]
    unsure = [f"{weather} flight visa", f"{music} hotel train", f"{travel} storm heat"]
    known = _clean()[0].text

    report = check_rows(_clean(), [*sure, *unsure, known, unsure[0].title()], encode=encode)
    first = check_rows(
        _clean(), [*sure, *unsure, known, unsure[0].title()], encode=encode, worth_labelling=3
    )

    assert {text.text for text in first.worth_labelling} == set(unsure)
    assert known not in {text.text for text in report.worth_labelling}
    assert len(report.worth_labelling) == 5
    assert all(text.guess_probability >= text.other_probability for text in report.worth_labelling)


def test_texts_of_no_label_are_not_worth_labelling() -> None:
    report = _check(_clean(), ["quantum chromodynamics lecture notes", "check rain wind flight"])

    assert [text.text for text in report.worth_labelling] == ["check rain wind flight"]


@pytest.mark.parametrize(
    "rows",
    [
        _rows(["one text"], "only"),
        _rows(["one text", "two texts", "three"], "only"),
        [LabelledText("one text", "a"), LabelledText("two texts", "b")],
        [LabelledText(f"text {n}", f"label {n}") for n in range(12)],
        [LabelledText("same", f"label {n}") for n in range(12)],
        _rows(_about("music", 1), "many") + _rows(["lonely"], "one"),
    ],
    ids=["a row", "a label", "two rows", "single rows", "one text", "a lonely row"],
)
def test_too_little_data_is_reported_not_refused(rows: list[LabelledText]) -> None:
    report = _check(rows, ["something else"])

    assert report.rows == len(rows)
    assert report.small
    assert all("nan" not in json.dumps(finding) for finding in report.as_dict().values())


def test_a_file_is_checked_in_one_call(tmp_path: Path) -> None:
    data, more = tmp_path / "rows.jsonl", tmp_path / "more.txt"
    lines = [json.dumps({"text": row.text, "label": row.label}) for row in _clean()]
    data.write_text("\n".join([*lines, lines[0]]))
    more.write_text("check rain wind flight\n")

    report = check_file(data, more, encode=encode)

    assert [row.line for row in report.duplicates[0].rows] == [1, 91]
    assert len(report.worth_labelling) == 1
    assert json.loads(json.dumps(report.as_dict()))["warnings"] == report.warnings()
    with pytest.raises(InvalidInputError, match="cannot read"):
        check_file(tmp_path / "none.jsonl", encode=encode)


def test_the_report_does_not_depend_on_chance() -> None:
    rows = [*_clean(), LabelledText("fetch snow storm frost", "music")]

    assert _check(rows) == _check(rows)
