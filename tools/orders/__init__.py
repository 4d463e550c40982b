"""Order tools of the example shop, Northwind Outfitters, over an SQLite database."""

from mdsa.tools.orders.tools import build_order_tools, build_tools

__all__ = ["build_order_tools", "build_tools"]
