"""Which domains a session tells of, and who may therefore read it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage

from mdsa.errors import SessionAccessError

if TYPE_CHECKING:
    from mdsa.sessions.backend import Session
    from mdsa.sessions.index import SessionInfo

__all__ = ["check_domains", "read_names", "told_domains", "write_names"]


def told_domains(session_id: str, state: Mapping[str, Any]) -> frozenset[str]:
    """The domains that a session's state tells of.

    Those that were scored count too: a question back and a refusal name them in their text, and a
    stream of the graph's events shows the scores of the turn before.

    Args:
        session_id: a thread of one domain's subgraph is `<domain>:<thread>`.
        state: of the whole graph, or of one domain's.
    """
    classification = state.get("classification") or {}
    route = state.get("route") or {}
    names = {
        state.get("last_domain"),
        *(state.get("pending_clarification") or ()),
        *classification.get("message", {}).get("scores", ()),
        *route.get("scores", ()),
        *route.get("domains", ()),
        *(query["domain"] for query in state.get("sub_queries") or ()),
        *(answer["domain"] for answer in state.get("answers") or ()),
    }
    for message in state.get("messages") or ():
        if isinstance(message, BaseMessage):
            # Of several domains, merge names all in one text.
            names.update((message.additional_kwargs.get("domain") or "").split(", "))
    if "asked" in state:  # a domain's own state names it nowhere
        names.add(session_id.partition(":")[0])
    return frozenset(name for name in names if name)


def check_domains(session: Session | SessionInfo, domains: Collection[str]) -> None:
    """Refuse a session that tells of other domains than those.

    Raises:
        SessionAccessError: it does.
    """
    if session.domains is None or not session.domains <= {*domains}:
        raise SessionAccessError(
            f"session {session.session_id!r} is not this caller's; use a session_id of your own."
        )


def read_names(stored: str | None) -> frozenset[str] | None:
    """Read a row's domains."""
    return None if stored is None else frozenset(json.loads(stored))


def write_names(names: Collection[str] | None) -> str | None:
    """Write a row's domains."""
    return None if names is None else json.dumps(sorted(names))
