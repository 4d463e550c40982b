"""Tools: functions that models and programs call by name, with checked arguments and limits.

Importing this package loads neither LangChain nor LangGraph; they are loaded when a tool is made
from a plain function or handed to a graph.
"""

from mdsa.tools.loading import load_tool_family
from mdsa.tools.mcp import McpServerConfig, load_mcp_tools
from mdsa.tools.registry import ToolRegistry, as_tool
from mdsa.tools.results import ToolResult
from mdsa.tools.tool import Tool

__all__ = [
    "McpServerConfig",
    "Tool",
    "ToolRegistry",
    "ToolResult",
    "as_tool",
    "load_mcp_tools",
    "load_tool_family",
]
