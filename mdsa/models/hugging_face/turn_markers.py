"""Marks between the turns of a conversation, made harmless where a text from outside holds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mdsa.models.hugging_face.token_text import special_tokens

__all__ = ["marker_breaker"]

_ROLE_MARKS = r"(?i:<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>)"
"""Models know each other's marks from their training data, special tokens or not."""

_FORMS = re.compile(r"((?:^|(?<=\r))[^\S\n]*(?:I(?=nstruct\s?:)|O(?=utput\s?:)))", re.MULTILINE)


def marker_breaker(tokenizer: Any, *, forms: bool = False) -> Callable[[str], str]:
    """A function that puts a blank behind the first character of every mark in a text.

    Marks are the names of the tokenizer's special tokens and, in any case of letters,
    `<|system|>` and every other `<|word|>`, `[INST]`, `[/INST]`, `<<SYS>>`, `<</SYS>>`,
    `<start_of_turn>` and `<end_of_turn>`. Nothing else is changed: a text may still claim in plain
    words that another turn begins.

    Args:
        tokenizer: of transformers.
        forms: whether Phi-2's `Instruct:` and `Output:` at the start of a line are marks too.
    """
    names = [name for name in special_tokens(tokenizer) if len(name) > 2 and name.strip()]
    marks = "|".join([*map(re.escape, names), _ROLE_MARKS])
    # Takes one character only: another mark may begin within the one that is broken.
    found = re.compile(rf"((?={marks}).)", re.DOTALL)

    def broken(text: str) -> str:
        text = found.sub(r"\1 ", text)
        return _FORMS.sub(r"\1 ", text) if forms else text

    return broken
