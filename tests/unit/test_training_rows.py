"""Labelled rows: reading, refusing, splitting."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mdsa.errors import InvalidInputError
from mdsa.training.rows import LabelledText, read_rows, read_texts, split_rows


def _file(tmp_path: Path, content: str | bytes, name: str = "rows.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _jsonl(tmp_path: Path, *records: object) -> Path:
    return _file(tmp_path, "".join(json.dumps(record) + "\n" for record in records))


def test_the_three_forms_of_a_row(tmp_path: Path) -> None:
    rows = read_rows(
        _jsonl(
            tmp_path,
            {"text": "where is my parcel", "label": "tracking"},
            {"text": "i want my money back", "intent": "refund", "domain": "orders"},
            {"text": "reset it", "label": "reset", "domain": None, "source": "desk"},
        )
    )

    assert rows == [
        LabelledText("where is my parcel", "tracking"),
        LabelledText("i want my money back", "refund", "orders"),
        LabelledText("reset it", "reset"),
    ]


def test_white_space_and_unicode_are_normalised(tmp_path: Path) -> None:
    (row,) = read_rows(_jsonl(tmp_path, {"text": "  two\u00a0\n cafe\u0301s\t", "label": " a  b "}))

    assert (row.text, row.label) == ("two caf\u00e9s", "a b")


def test_lines_are_counted_with_the_empty_ones(tmp_path: Path) -> None:
    path = _file(tmp_path, '\ufeff{"text": "a", "label": "x"}\n\n  \r\n{"text": "b", "label": "x"}')

    assert [row.line for row in read_rows(path)] == [1, 4]


def test_a_table_reads_like_json_lines(tmp_path: Path) -> None:
    path = _file(
        tmp_path, 'text,label,domain\r\n"one,\r\ntwo",x,\r\nthree,y,orders\r\n', "rows.CSV"
    )

    rows = read_rows(path)

    assert rows == [LabelledText("one, two", "x"), LabelledText("three", "y", "orders")]
    assert [row.line for row in rows] == [3, 4]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["a", "x"]', "not a JSON object"),
        ('{"label": "x"}', "no \"text\"; its keys: 'label'"),
        ('{"text": "a"}', "no \"label\" .*its keys: 'text'"),
        ('{"text": " \u200b", "label": "x"}', '"text" is empty'),
        ('{"text": "a", "label": ""}', '"label" is empty'),
        ('{"text": 5, "label": "x"}', '"text" is 5 of type int'),
        ('{"text": "a", "label": 3}', '"label" is 3 of type int'),
        ('{"text": "a", "label": "x", "domain": 3}', '"domain" is 3 of type int'),
        ('{"text": "a", "label": "x", "intent": "y"}', "label 'x' and intent 'y' differ"),
        ('{"text": "a\\ud800", "label": "x"}', "surrogate"),
    ],
)
def test_a_broken_row_is_named_with_file_and_line(
    tmp_path: Path, line: str, complaint: str
) -> None:
    path = _file(tmp_path, '{"text": "good", "label": "x"}\n' + line + "\n")

    with pytest.raises(InvalidInputError, match=rf"(?s)rows\.jsonl, line 2: .*{complaint}"):
        read_rows(path)


def test_bytes_that_are_no_utf8_are_named(tmp_path: Path) -> None:
    path = _file(tmp_path, b'{"text": "a", "label": "x"}\n{"text": "caf\xe9", "label": "x"}\n')

    with pytest.raises(InvalidInputError, match="line 2: not UTF-8"):
        read_rows(path)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("text,label\none, two,x\n", "line 2: more cells"),
        ('text,label\n"one,x\n', "not CSV"),
        ("text,label\none\n", 'line 2: no "label"'),
        ("text,other\none,x\n", 'line 2: no "label"'),
    ],
)
def test_a_broken_table_is_named_with_its_line(
    tmp_path: Path, content: str, complaint: str
) -> None:
    with pytest.raises(InvalidInputError, match=complaint):
        read_rows(_file(tmp_path, content, "rows.csv"))


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: str) -> None:
    path = _file(tmp_path, content)

    with pytest.raises(InvalidInputError, match="holds no rows"):
        read_rows(path)
    with pytest.raises(InvalidInputError, match="holds no texts"):
        read_texts(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cannot read .*missing\.jsonl"):
        read_rows(tmp_path / "missing.jsonl")
    with pytest.raises(InvalidInputError, match="cannot read"):
        read_rows(tmp_path)


@pytest.mark.parametrize("other", ["travel", None])
def test_a_label_of_two_domains_is_refused_by_name(tmp_path: Path, other: str | None) -> None:
    path = _jsonl(
        tmp_path,
        {"text": "a", "label": "book", "domain": "library"},
        {"text": "b", "label": "pay", "domain": "bank"},
        {"text": "c", "label": "book", "domain": other},
    )

    with pytest.raises(
        InvalidInputError, match=rf"'book' .*'library' in line 1, and to {other!r} in line 3"
    ):
        read_rows(path)


def test_texts_need_no_label(tmp_path: Path) -> None:
    path = _jsonl(tmp_path, {"text": "a  b"}, {"text": "c", "intent": "oos", "domain": None})

    assert read_texts(path) == ["a b", "c"]


def test_texts_may_be_plain_lines(tmp_path: Path) -> None:
    assert read_texts(_file(tmp_path, "one\r\n\n two  words\n", "texts.txt")) == [
        "one",
        "two words",
    ]


def test_a_text_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r'line 2: no "text"'):
        read_texts(_jsonl(tmp_path, {"text": "a"}, {"query": "b"}))


def _rows(**counts: int) -> list[LabelledText]:
    return [
        LabelledText(f"{label} {number}", label)
        for label, count in counts.items()
        for number in range(count)
    ]


def test_a_split_keeps_the_share_of_every_label() -> None:
    rows = _rows(many=100, some=40, few=10)

    larger, smaller = split_rows(rows, 0.1, seed=3)

    counts = Counter(row.label for row in smaller)
    assert sorted(larger + smaller, key=rows.index) == rows
    assert abs(counts["many"] - 10) <= 1
    assert abs(counts["some"] - 4) <= 1
    assert abs(counts["few"] - 1) <= 1
    assert len(smaller) in (15, 16)


def test_many_small_labels_still_give_a_held_out_part() -> None:
    rows = _rows(**{f"label{number}": 3 for number in range(200)})

    larger, smaller = split_rows(rows, 0.1, seed=0)

    assert 58 <= len(smaller) <= 62
    assert len({row.label for row in larger}) == 200


def test_every_label_stays_in_the_larger_part() -> None:
    rows = _rows(one=1, two=2, other=1)

    for seed in range(20):
        larger, _ = split_rows(rows, 0.5, seed)
        assert {row.label for row in larger} == {"one", "two", "other"}


def test_a_split_follows_its_seed_alone() -> None:
    rows = _rows(a=50, b=50)

    assert split_rows(rows, 0.2, 1) == split_rows(rows, 0.2, 1)
    assert split_rows(rows, 0.2, 1) != split_rows(rows, 0.2, 2)
    assert set(split_rows(rows, 0.2, 1)[1]) == set(split_rows(rows[::-1], 0.2, 1)[1])


def test_the_same_text_never_stands_in_both_parts() -> None:
    rows = _rows(a=20) + [LabelledText(f"A {number}", "a") for number in range(20)]

    larger, smaller = split_rows(rows, 0.3, seed=5)

    assert not {row.text.casefold() for row in larger} & {row.text.casefold() for row in smaller}


@pytest.mark.parametrize("share", [0, -0.1, 0.51, 1, float("nan")])
def test_a_share_out_of_range_is_refused(share: float) -> None:
    with pytest.raises(InvalidInputError, match="share"):
        split_rows(_rows(a=4), share, 0)
