"""MDSA: the right specialist small language model for every message, on your own hardware.

The names below are loaded when they are first used, so that `import mdsa` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdsa.core.dual_rag import DualRAG
    from mdsa.core.orchestrator import TinyBERTOrchestrator
    from mdsa.domains.config import DomainConfig
    from mdsa.errors import MdsaError
    from mdsa.graph.builder import build_graph
    from mdsa.graph.domain_subgraph import build_domain_graph, domain_tool
    from mdsa.tools import Tool, ToolRegistry

__version__ = "1.0.0"

__all__ = [
    "DomainConfig",
    "DualRAG",
    "MdsaError",
    "TinyBERTOrchestrator",
    "Tool",
    "ToolRegistry",
    "__version__",
    "build_domain_graph",
    "build_graph",
    "domain_tool",
]

_MODULES = {
    "DomainConfig": "mdsa.domains.config",
    "DualRAG": "mdsa.core.dual_rag",
    "MdsaError": "mdsa.errors",
    "TinyBERTOrchestrator": "mdsa.core.orchestrator",
    "Tool": "mdsa.tools",
    "ToolRegistry": "mdsa.tools",
    "build_domain_graph": "mdsa.graph.domain_subgraph",
    "build_graph": "mdsa.graph.builder",
    "domain_tool": "mdsa.graph.domain_subgraph",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'mdsa' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
