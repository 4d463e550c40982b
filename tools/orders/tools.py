"""The order tools as a model sees them.

The example has no sign-in: whoever knows an order number may ask about the order. A real shop
compares the order's customer with the caller (`RunContext.user_id`, through `ToolRuntime`).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from mdsa.tools.orders.changing import cancel, change_address
from mdsa.tools.orders.database import OrderDatabase
from mdsa.tools.orders.reading import order_items, order_status, shipment_history
from mdsa.tools.tool import Tool

__all__ = ["build_order_tools", "build_tools"]

_TIMEOUT_S = 15.0

_ORDER_ID: dict[str, Any] = {
    "type": "string",
    "pattern": r"^ORD-\d{4}$",
    "description": "Order number: ORD, a hyphen and four digits, for example ORD-1001.",
    "examples": ["ORD-1001"],
}


def build_tools(data_dir: Path) -> list[Tool]:
    """The order tools over `orders.db` in the data directory; an app file's entry point."""
    return build_order_tools(Path(data_dir) / "orders.db")


def build_order_tools(database: Path) -> list[Tool]:
    """The order tools over a database, which is made with example orders where it is missing.

    Raises:
        StorageError: the database cannot be made or used.
    """
    orders = OrderDatabase(Path(database))
    orders.ensure()
    return [
        Tool(
            "get_order_status",
            "Get the status of an order: where the package is now, whether it has shipped or been "
            "delivered, when it will arrive, the carrier and the tracking number. Answers "
            "questions such as: Where is my order? When will my package get here?",
            partial(order_status, orders),
            {"order_id": _ORDER_ID},
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            "list_order_items",
            "List what is in an order: the products that were bought, how many of each, their "
            "sizes, colours and prices, shipping and the total. Answers questions such as: What "
            "did I order? What is in my order? How much did I pay?",
            partial(order_items, orders),
            {"order_id": _ORDER_ID},
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            "get_shipment_history",
            "List every scan of a parcel from the warehouse to the door, with date, time and "
            "place. Answers: Show me each stop on the way. Give me the full tracking history.",
            partial(shipment_history, orders),
            {"order_id": _ORDER_ID},
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            "cancel_order",
            "Cancel an order for good, so that nothing is sent. Only for a customer who asks to "
            "cancel: Please cancel my order, I do not want it any more. Works while the order is "
            "still processing.",
            partial(cancel, orders),
            {
                "order_id": _ORDER_ID,
                "reason": {
                    "type": "string",
                    "maxLength": 300,
                    "default": "",
                    "description": "Why the customer cancels, in their words; may be left out.",
                },
            },
            writes=True,
            timeout_s=_TIMEOUT_S,
        ),
        Tool(
            "change_delivery_address",
            "Change the delivery address of an order. Only for a customer who asks to send it "
            "somewhere else and has given the complete new address: Deliver my order to this "
            "address instead. Works while the order is still processing.",
            partial(change_address, orders),
            {
                "order_id": _ORDER_ID,
                "address": {
                    "type": "string",
                    "minLength": 10,
                    "maxLength": 200,
                    "pattern": r"\S",
                    "description": "The complete new address with number and street, city, state "
                    "and postcode, for example 12 Elm Street, Dayton, OH 45402.",
                },
            },
            writes=True,
            timeout_s=_TIMEOUT_S,
        ),
    ]
