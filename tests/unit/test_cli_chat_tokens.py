"""What a person at a terminal sees of an answer while it is made."""

from __future__ import annotations

import io

from rich.console import Console

from mdsa.cli.chat import _TokenPrinter


def printer(*domains: str) -> tuple[_TokenPrinter, io.StringIO]:
    out = io.StringIO()
    made = _TokenPrinter(Console(file=out, width=80, markup=False, highlight=False))
    made.begin({"domains": list(domains), "decision": "direct"})
    return made, out


def say(made: _TokenPrinter, text: str, node: str = "orders/generate") -> None:
    for word in text.split():
        made.token(node, f"{word} ")


def test_an_answer_that_was_broken_off_does_not_run_into_the_next_one() -> None:
    made, out = printer("orders")

    say(made, "The wrong")
    made.restart("orders/generate")
    say(made, "The right answer")
    made.finish("The right answer")

    assert out.getvalue().splitlines() == [
        "The wrong ",
        "[interrupted; the answer starts over]",
        "The right answer ",
    ]


def test_nothing_is_said_of_a_restart_of_what_was_not_shown() -> None:
    made, out = printer("orders", "returns")

    say(made, "The wrong")
    made.restart("orders/generate")
    made.finish("Both answers")

    assert out.getvalue().strip() == "Both answers"


def test_what_was_streamed_is_not_repeated_at_the_end() -> None:
    made, out = printer("orders")

    say(made, "The right answer")
    made.finish("The right answer and more")

    assert out.getvalue().split() == ["The", "right", "answer", "and", "more"]
