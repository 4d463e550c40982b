"""JSON lines in, JSON lines out: many texts at once, yet no answer held back."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, Queue
from typing import Any

from mdsa.cli.render import write_json
from mdsa.errors import InvalidInputError
from mdsa.utils import clean_message

__all__ = ["answer_lines"]

_BATCH = 64
_READ_AHEAD = 4 * _BATCH

_Line = tuple[int, bytes]


def answer_lines(
    lines: Iterable[bytes],
    answer: Callable[[list[str]], list[dict[str, Any]]],
    max_chars: int,
) -> None:
    """Answer each line `{"text": …}` with one line on standard output, in order.

    Lines that are there already are answered together; a program that waits for its answer before
    it writes the next line gets it. Empty lines are passed over.

    Raises:
        InvalidInputError: a line cannot be used; those before it were answered.
    """
    for batch in _batches(lines):
        texts: list[str] = []
        broken: InvalidInputError | None = None
        for number, line in batch:
            try:
                texts.append(_text(line, max_chars))
            except InvalidInputError as error:
                broken = InvalidInputError(f"standard input, line {number}: {error}")
                break
        if texts:
            for reply in answer(texts):
                write_json(reply)
        if broken is not None:
            raise broken


def _text(line: bytes, max_chars: int) -> str:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise InvalidInputError(f'no JSON ({error}); write {{"text": "…"}}.') from error
    if not isinstance(value, dict) or "text" not in value:
        raise InvalidInputError('no object with the key "text"; write {"text": "…"}.')
    return clean_message(value["text"], max_chars)


def _batches(lines: Iterable[bytes]) -> Iterator[list[_Line]]:
    """Group what has arrived, without waiting for more once something has."""
    arrived: Queue[_Line | OSError | None] = Queue(_READ_AHEAD)

    def read() -> None:
        end: OSError | None = None
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    arrived.put((number, line))
        except OSError as error:
            end = error
        arrived.put(end)

    threading.Thread(target=read, name="mdsa-lines", daemon=True).start()
    while True:
        batch: list[_Line] = []
        item = arrived.get()
        while isinstance(item, tuple):
            batch.append(item)
            if len(batch) == _BATCH:
                break
            try:
                item = arrived.get_nowait()
            except Empty:
                break
        if batch:
            yield batch
        if isinstance(item, OSError):
            raise item
        if item is None:
            return
