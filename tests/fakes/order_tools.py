"""An order desk with one tool that reads and one that writes."""

from __future__ import annotations

from langchain_core.tools import BaseTool, tool


class OrderDesk:
    """Notes, in order, what its tools did."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def tools(self) -> list[BaseTool]:
        @tool
        def look_up(order: str) -> str:
            """Look an order up."""
            self.done.append(f"looked up {order}")
            return f"{order} is packed"

        @tool
        def cancel(order: str) -> str:
            """Cancel an order."""
            self.done.append(f"cancelled {order}")
            return f"{order} is cancelled"

        cancel.metadata = {"writes": True}
        return [look_up, cancel]
