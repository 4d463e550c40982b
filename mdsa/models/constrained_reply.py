"""Reads a reply that is held to the schema of `mdsa.models.tool_schema`, piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mdsa.models.tool_schema import Reply, read_reply

__all__ = ["ConstrainedReply"]

_ANSWER_BEGUN = re.compile(r'\s*\{\s*"answer"\s*:\s*"')


class ConstrainedReply:
    """Takes JSON as it comes and gives the text of an answer as soon as it can be read.

    Args:
        tools: those that the model may call, in OpenAI's form.
    """

    def __init__(self, tools: Sequence[Mapping[str, Any]]) -> None:
        self._tools = tools
        self._text = ""
        self._told = ""

    def feed(self, text: str) -> str:
        """Take a piece; gives what is new of the answer, which may be nothing."""
        self._text += text
        if not _ANSWER_BEGUN.match(self._text):
            return ""
        answer = read_reply(self._text, self._tools).content
        if not answer.startswith(self._told):  # an escape that is not whole yet
            return ""
        new, self._told = answer.removeprefix(self._told), answer
        return new

    def finish(self) -> Reply:
        """What the whole says; its content is what `feed` has not given."""
        reply = read_reply(self._text, self._tools)
        return reply._replace(content=reply.content.removeprefix(self._told))
