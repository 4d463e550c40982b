"""Tells replies that answer nothing: empty, broken, or one phrase over and over."""

from __future__ import annotations

import re
import unicodedata

from langchain_core.messages import AIMessage

__all__ = ["reply_problem"]

_SPECIAL = re.compile(
    r"<\|[^|<>\n]{1,40}\|>"  # <|im_end|>, <|endoftext|>
    r"|</?s>|<(?:bos|eos|pad|unk)>|\[(?:PAD|UNK|CLS|SEP|EOS|BOS)\]"
    r"|<(?:start|end)_of_turn>|\[/?INST\]"
)
_RULE = re.compile(r"[-=_|.*#~+:\s]*")
"""What lines, tables and tables of contents repeat for good reason."""

_TAIL_CHARS = 600
_LOOP_CHARS = 120
_LOOP_TIMES = 5
_BROKEN_SHARE = 0.2


def reply_problem(reply: AIMessage, *, tools_offered: bool = False) -> str | None:
    """Why a reply cannot be used, in words for a log; None where it can.

    Args:
        reply: the model's whole reply.
        tools_offered: whether it could call tools: a call that cannot be read is then no answer.
    """
    if reply.tool_calls:
        return None
    if tools_offered and reply.invalid_tool_calls:
        return "a tool call that cannot be read"
    text = str(reply.text)
    said = _SPECIAL.sub("", text).strip()
    if not said:
        return "only special tokens" if text.strip() else "nothing"
    if _broken(said):
        return "characters that are no text"
    return "the same phrase over and over" if _loops(said) else None


def _broken(text: str) -> bool:
    """Whether much of a text is replacement, control or private characters; its ends tell."""
    text = text if len(text) <= 2 * _TAIL_CHARS else text[:_TAIL_CHARS] + text[-_TAIL_CHARS:]
    bad = sum(
        character == "\ufffd"
        or (not character.isspace() and unicodedata.category(character) in ("Cc", "Co", "Cn"))
        for character in text
    )
    return bad > _BROKEN_SHARE * len(text)


def _loops(text: str) -> bool:
    """Whether a text ends in one phrase, repeated.

    The Z-function of the reversed end gives, for each shift, how far the end agrees with itself:
    agreement over `n` characters at a shift of `p` is a phrase of `p` characters, repeated.
    """
    tail = text[: -_TAIL_CHARS - 1 : -1]
    if len(tail) < _LOOP_CHARS:
        return False
    for period, agreement in enumerate(_z_function(tail)):
        length = agreement + period
        if period and length >= _LOOP_CHARS and length >= _LOOP_TIMES * period:
            return not _RULE.fullmatch(tail[:period])
    return False


def _z_function(text: str) -> list[int]:
    """For each position, the length of the longest common prefix with the whole text."""
    values = [0] * len(text)
    left = right = 0
    for index in range(1, len(text)):
        if index < right:
            values[index] = min(right - index, values[index - left])
        while (
            index + values[index] < len(text) and text[values[index]] == text[index + values[index]]
        ):
            values[index] += 1
        if index + values[index] > right:
            left, right = index, index + values[index]
    return values
