"""A small MCP server. Its first argument names the variant: normal, crash, hang or http.

The last takes a port as its second argument; the others speak over stdio.
"""

from __future__ import annotations

import os
import sys
import time

from mcp.server.fastmcp import Context, FastMCP
from mcp.types import ToolAnnotations

server = FastMCP("weather")


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def forecast(city: str, days: int = 1) -> dict[str, object]:
    """Tell the weather of a city.

    Args:
        city: name of the city
        days: how many days ahead
    """
    return {"city": city, "days": days, "sky": "clear", "station": os.environ.get("STATION", "")}


@server.tool()
def report(config: str) -> str:
    """File a weather report."""
    return f"filed {config}"


@server.tool()
def broken() -> str:
    """Fail."""
    raise ValueError("the barometer is broken")


@server.tool()
def slow() -> str:
    """Take long."""
    time.sleep(30)
    return "late"


@server.tool()
def header(name: str, context: Context) -> str:
    """Tell a header of the request."""
    request = context.request_context.request
    return "" if request is None else request.headers.get(name, "")


variant = sys.argv[1] if len(sys.argv) > 1 else "normal"
if variant == "crash":
    sys.exit(3)
if variant == "hang":
    time.sleep(30)
if variant == "http":
    server.settings.port = int(sys.argv[2])
    server.run(transport="streamable-http")
else:
    server.run()
