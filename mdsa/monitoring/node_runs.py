"""Which of the runs that LangGraph reports are nodes, and how each node is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["node_key", "own_run_key"]

_NODE_TAG = "graph:step:"


def node_key(metadata: Mapping[str, Any] | None, domain: str | None = None) -> str | None:
    """The node that a run belongs to: `node`, or `domain/node` inside a domain's subgraph.

    Args:
        metadata: a run's metadata. LangGraph writes the path of nodes with the id of each task,
            `orders:<id>|generate:<id>`, into `langgraph_checkpoint_ns`; a part of digits only
            counts the calls of a subgraph inside one task.
        domain: whose subgraph is the whole graph of the run.

    Returns:
        The key, or None for a run outside any node.
    """
    namespace = (metadata or {}).get("langgraph_checkpoint_ns")
    if not namespace:
        return None
    parts = str(namespace).split("|")
    path = [part.partition(":")[0] for part in parts if not part.isdigit()]
    return "/".join(path if domain is None else [domain, *path])


def own_run_key(
    tags: Iterable[str] | None, metadata: Mapping[str, Any] | None, domain: str | None = None
) -> str | None:
    """The node that a run is; None for one that only belongs to a node, and for any other.

    LangGraph reports a run for a node, for each runnable inside it, for its conditional edges and
    for a subgraph that is the node, all with the node's metadata and some with its name. Only the
    node's own run carries the tag `graph:step:<number>` (langgraph 1.2.22, `pregel/_algo.py`).

    Args:
        tags: the run's.
        metadata: the run's; see `node_key`.
        domain: whose subgraph is the whole graph of the run.
    """
    if not any(tag.startswith(_NODE_TAG) for tag in tags or ()):
        return None
    return node_key(metadata, domain)
