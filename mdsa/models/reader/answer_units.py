"""What can be an answer: sentences, list items, table rows, and whole lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mdsa.models.reader.lists import whole_lists
from mdsa.models.reader.sentences import Sentence

__all__ = ["answer_units"]


def answer_units(sentences: Sequence[Sentence], titles: Mapping[int, str]) -> list[Sentence]:
    """The sentences that say something by themselves, and the lists.

    The header of a table says nothing, nor does a sentence that leads into a list which stands in a
    passage that was not found: a passage may end between the two.

    Args:
        sentences: of all passages, in their order.
        titles: title of each passage by its id.
    """
    lists = whole_lists(sentences, titles)
    said = [
        each
        for each in sentences
        if each.kind != "header"
        and (each.kind != "lead" or any(one.text.startswith(each.text) for one in lists))
    ]
    return [*said, *lists]
