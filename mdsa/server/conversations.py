"""Finds the session of clients that send the whole conversation with every message.

OpenAI's chat completions know no session. What a client sends is looked up among the conversations
that were answered here, in memory: an entry is used once, because two conversations that began with
the same words are two sessions, and each of them must go on in its own.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict, deque
from collections.abc import Sequence

__all__ = ["Conversations"]


class Conversations:
    """The sessions of answered conversations; for one event loop.

    Args:
        most: conversations kept, the last answered.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._sessions: OrderedDict[bytes, deque[str]] = OrderedDict()

    def keep(self, user_id: str | None, said: Sequence[tuple[str, str]], session_id: str) -> None:
        """Remember which session a conversation is.

        Args:
            user_id: whose it is.
            said: `(role, text)` of all its messages.
            session_id: the session that the last answer came from.
        """
        digest = _digest(user_id, said)
        self._sessions.setdefault(digest, deque()).append(session_id)
        self._sessions.move_to_end(digest)
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)

    def take(self, user_id: str | None, said: Sequence[tuple[str, str]]) -> str | None:
        """Give the session that a conversation is, and forget it; None where there is none."""
        digest = _digest(user_id, said)
        waiting = self._sessions.get(digest)
        if not waiting:
            return None
        session_id = waiting.popleft()
        if not waiting:
            del self._sessions[digest]
        return session_id


def _digest(user_id: str | None, said: Sequence[tuple[str, str]]) -> bytes:
    return hashlib.sha256(json.dumps([user_id, *said]).encode()).digest()
