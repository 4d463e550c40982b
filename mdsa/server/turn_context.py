"""What a caller says beside a message, within what the caller may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool

from mdsa.core.request import WITHIN
from mdsa.errors import InvalidInputError, SessionAccessError, UnknownSessionError
from mdsa.server.caller import Caller
from mdsa.server.service import Service
from mdsa.sessions import Session, SessionInfo
from mdsa.sessions.reach import check_domains

__all__ = ["own_session", "own_sessions", "read_turn_context", "refuse_unowned_session"]


async def read_turn_context(
    service: Service,
    caller: Caller,
    *,
    context: Mapping[str, Any] | None = None,
    user_id: str | None = None,
    session_id: str | None = None,
    domains: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Give the context of a turn, as `process_request` takes it.

    Args:
        service: of the server.
        caller: who asks.
        context: the caller's own; identity and domains in it count as if they stood beside it.
        user_id: one of the caller's users.
        session_id: session to go on with.
        domains: those that may answer.

    Raises:
        InvalidInputError: a value cannot be used.
        UnknownNameError: a domain that the caller does not see.
        SessionAccessError: a session that the caller does not own.
    """
    beside = {"user_id": user_id, "session_id": session_id, "allowed_domains": domains}
    given = {
        **(context or {}),
        **{key: value for key, value in beside.items() if value is not None},
    }
    user = given.pop("user_id", None)
    if user is not None and not isinstance(user, str):
        raise InvalidInputError(f"user_id is {user!r:.60}; give text.")
    allowed = caller.allowed(given.pop("allowed_domains", None), service.domain_names)
    owner = caller.user_id(user)
    await refuse_unowned_session(service, caller, given.get("session_id"), owner)
    context = {**given, "user_id": owner, "allowed_domains": allowed}
    if caller.restricted:
        # Asked again once the turn has the session for itself: another one may run there now.
        context[WITHIN] = frozenset(caller.visible(service.domain_names))
    return context


async def own_session(
    service: Service, caller: Caller, session_id: str, user_id: str | None
) -> Session:
    """Give a session of the caller's; a foreign one looks as if it did not exist.

    Foreign is also one of the owner's that tells of domains out of the key's reach.

    Raises:
        InvalidInputError: the id cannot name a session.
        UnknownSessionError: the caller has no such session.
    """
    owner = caller.user_id(user_id)
    try:
        found = await run_in_threadpool(service.agent.sessions.show, session_id, owner)
        _check_reach(service, caller, found)
    except SessionAccessError as error:
        raise _unknown(session_id) from error
    if caller.key is not None and found.user_id != owner:
        raise _unknown(session_id)
    return found


def _unknown(session_id: str) -> UnknownSessionError:
    return UnknownSessionError(
        f"no session {session_id!r}: it was never used, or was deleted or pruned; list the "
        "sessions to see those that exist."
    )


async def own_sessions(
    service: Service, caller: Caller, user_id: str | None, limit: int
) -> list[SessionInfo]:
    """Give the caller's sessions, last used first; those out of the key's reach are left out."""
    owner = caller.user_id(user_id)
    most = None if caller.restricted else limit
    listed = await run_in_threadpool(service.agent.sessions.list, owner, limit=most)
    found: list[SessionInfo] = []
    for info in listed:
        if len(found) == limit:
            break
        if caller.restricted:
            try:
                if info.domains is None:
                    await own_session(service, caller, info.session_id, user_id)
                else:
                    _check_reach(service, caller, info)
            except (SessionAccessError, UnknownSessionError):
                continue
        found.append(info)
    return found


def _check_reach(service: Service, caller: Caller, session: Session | SessionInfo) -> None:
    if caller.restricted:
        check_domains(session, caller.visible(service.domain_names))


async def refuse_unowned_session(
    service: Service, caller: Caller, session_id: object, owner: str | None
) -> None:
    """Keep a key's owner out of sessions that belong to nobody.

    The agent lets any user take one over. Here they come from the command line, or from before
    there were keys, and what was said in them is not for everyone who has a key.

    Raises:
        SessionAccessError: it belongs to another user, or to nobody, or tells of domains that are
            out of the key's reach.
    """
    if caller.key is None or not isinstance(session_id, str):
        return
    try:
        found = await run_in_threadpool(service.agent.sessions.show, session_id, owner)
    except UnknownSessionError:
        return
    if found.user_id != owner:
        raise SessionAccessError(
            f"session {session_id!r} is not this caller's; use a session_id of your own."
        )
    _check_reach(service, caller, found)
