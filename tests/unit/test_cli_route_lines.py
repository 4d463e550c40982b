"""JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from queue import Queue
from threading import Thread
from typing import Any

import pytest

from mdsa.cli.route_lines import answer_lines
from mdsa.errors import InvalidInputError


def _line(text: object) -> bytes:
    return json.dumps({"text": text}).encode() + b"\n"


def _echo(texts: list[str]) -> list[dict[str, Any]]:
    return [{"echo": text} for text in texts]


def _written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["echo"] for line in capsys.readouterr().out.splitlines()]


def test_every_line_is_answered_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"text {number}" for number in range(300)]

    answer_lines([_line(text) for text in texts], _echo, 100)

    assert _written(capsys) == texts


def test_no_lines_no_answers(capsys: pytest.CaptureFixture[str]) -> None:
    answer_lines([], _echo, 100)

    assert _written(capsys) == []


def test_empty_lines_are_passed_over_but_counted(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [_line("one"), b"\n", b"   \n", _line("two"), b"broken\n"]

    with pytest.raises(InvalidInputError, match="line 5"):
        answer_lines(lines, _echo, 100)

    assert _written(capsys) == ["one", "two"]


@pytest.mark.parametrize(
    "broken",
    [
        b"hello\n",
        b'"hello"\n',
        b"[]\n",
        b'{"message": "hello"}\n',
        _line(7),
        _line(None),
        _line(""),
        _line(" \t "),
        _line("x" * 101),
        _line("\ud800"),
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_broken_line_is_named_after_the_lines_before_it_were_answered(
    broken: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InvalidInputError, match="standard input, line 3: "):
        answer_lines([_line("one"), _line("two"), broken, _line("four")], _echo, 100)

    assert _written(capsys) == ["one", "two"]


def test_lines_that_are_there_are_answered_together() -> None:
    sizes: list[int] = []

    def answer(texts: list[str]) -> list[dict[str, Any]]:
        sizes.append(len(texts))
        return _echo(texts)

    answer_lines([_line(str(number)) for number in range(1000)], answer, 100)

    assert sum(sizes) == 1000
    assert max(sizes) > 1


def test_a_program_that_waits_for_each_answer_gets_it() -> None:
    answered: Queue[str] = Queue()
    asked: Queue[bytes | None] = Queue()

    def lines() -> Iterator[bytes]:
        while (line := asked.get()) is not None:
            yield line

    def answer(texts: list[str]) -> list[dict[str, Any]]:
        for text in texts:
            answered.put(text)
        return _echo(texts)

    worker = Thread(target=answer_lines, args=(lines(), answer, 100))
    worker.start()
    for number in range(5):
        asked.put(_line(str(number)))
        assert answered.get(timeout=30) == str(number)
    asked.put(None)
    worker.join(timeout=30)

    assert not worker.is_alive()


def test_input_that_cannot_be_read_is_not_taken_for_its_end() -> None:
    def lines() -> Iterator[bytes]:
        yield _line("one")
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        answer_lines(lines(), _echo, 100)
