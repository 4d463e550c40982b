"""Which checkpoints of a thread are still needed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from langgraph.checkpoint.serde.base import SerializerProtocol

__all__ = ["delete_thread_rows", "keep_latest"]

_LATEST = """
SELECT checkpoint_ns, max(checkpoint_id), parent_checkpoint_id, metadata
FROM checkpoints WHERE thread_id = ? GROUP BY checkpoint_ns
"""  # with a lone max(), SQLite takes the other columns from the row that holds it

_DELETE_OTHERS = """
DELETE FROM checkpoints
WHERE thread_id = ? AND (checkpoint_ns, checkpoint_id) NOT IN
    (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))
"""

_DELETE_ORPHAN_WRITES = """
DELETE FROM writes
WHERE thread_id = ? AND NOT EXISTS (
    SELECT 1 FROM checkpoints AS c
    WHERE c.thread_id = writes.thread_id AND c.checkpoint_ns = writes.checkpoint_ns
      AND c.checkpoint_id = writes.checkpoint_id)
"""


def delete_thread_rows(conn: sqlite3.Connection, thread_id: str) -> int:
    """Delete all of a thread within the caller's transaction; returns the checkpoints deleted."""
    deleted = conn.execute("DELETE FROM checkpoints WHERE thread_id = ?", (thread_id,))
    conn.execute("DELETE FROM writes WHERE thread_id = ?", (thread_id,))
    return deleted.rowcount


def keep_latest(conn: sqlite3.Connection, serde: SerializerProtocol, thread_id: str) -> int:
    """Delete what a thread no longer needs, within the caller's transaction.

    Kept: the latest checkpoint of each namespace with its writes; for namespaces that use a
    `DeltaChannel`, also the ancestors from which its value is rebuilt. Namespaces of finished
    subgraph calls go as a whole; those of an interrupted or crashed step stay, so that it can be
    resumed.

    Returns:
        How many checkpoints were deleted.
    """
    latest = {
        ns: (checkpoint_id, parent_id, json.loads(metadata) if metadata else {})
        for ns, checkpoint_id, parent_id, metadata in conn.execute(_LATEST, (thread_id,))
    }
    root_id = latest[""][0] if "" in latest else None
    kept: list[tuple[str, str]] = []
    for ns, (checkpoint_id, parent_id, metadata) in latest.items():
        if root_id is not None and _is_finished_call(ns, metadata, root_id):
            continue
        kept.append((ns, checkpoint_id))
        if channels := set(metadata.get("counters_since_delta_snapshot") or ()):
            kept += _delta_ancestors(conn, serde, thread_id, ns, parent_id, channels)
    deleted = conn.execute(_DELETE_OTHERS, (thread_id, json.dumps(kept)))
    conn.execute(_DELETE_ORPHAN_WRITES, (thread_id,))
    return deleted.rowcount


def _is_finished_call(ns: str, metadata: Mapping[str, Any], root_id: str) -> bool:
    """Whether the namespace belongs to a subgraph call of a superstep that is over.

    LangGraph names the namespace of one call `node:task_id` (joined by `|` when nested); a
    subgraph with a memory of its own has no task id. The call's checkpoints name the root
    checkpoint from which their superstep started: once the root has a later one, the superstep
    is over.
    """
    parents = metadata.get("parents") or {}
    return ":" in ns.rpartition("|")[2] and "" in parents and parents[""] != root_id


def _delta_ancestors(
    conn: sqlite3.Connection,
    serde: SerializerProtocol,
    thread_id: str,
    ns: str,
    checkpoint_id: str | None,
    channels: set[str],
) -> list[tuple[str, str]]:
    """Ancestors back to the one that holds a full value of each of these delta channels."""
    kept: list[tuple[str, str]] = []
    while channels and checkpoint_id and (ns, checkpoint_id) not in kept:
        rows = conn.execute(
            "SELECT parent_checkpoint_id, type, checkpoint FROM checkpoints "
            "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
            (thread_id, ns, checkpoint_id),
        ).fetchall()
        for parent_id, type_, blob in rows:
            kept.append((ns, checkpoint_id))
            channels = channels - set(serde.loads_typed((type_, blob))["channel_values"])
            checkpoint_id = parent_id
        if not rows:
            break
    return kept
