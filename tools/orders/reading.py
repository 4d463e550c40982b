"""What is known of an order, as data with a sentence for a person."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

from mdsa.tools.orders.database import OrderDatabase

__all__ = ["order_items", "order_status", "shipment_history", "unknown_order"]

Result = dict[str, Any]

_ORDER = """
    SELECT o.*, s.carrier, s.tracking_number, s.shipped_on
    FROM orders AS o LEFT JOIN shipments AS s ON s.order_id = o.id
    WHERE o.id = ?
"""


def order_status(database: OrderDatabase, order_id: str) -> Result:
    """Status, carrier, tracking number and dates of an order."""
    with database.connect() as connection:
        order = connection.execute(_ORDER, (order_id,)).fetchone()
    if order is None:
        return unknown_order(order_id)
    return {
        "found": True,
        "order_id": order_id,
        "status": order["status"],
        "placed_on": order["placed_on"],
        "carrier": order["carrier"],
        "tracking_number": order["tracking_number"],
        "shipped_on": order["shipped_on"],
        "estimated_delivery": order["estimated_delivery"],
        "delivered_on": order["closed_on"] if order["status"] == "delivered" else None,
        "message": _status_sentence(order),
    }


def order_items(database: OrderDatabase, order_id: str) -> Result:
    """Products, quantities, prices and total of an order."""
    with database.connect() as connection:
        order = connection.execute(_ORDER, (order_id,)).fetchone()
        rows = connection.execute(
            """
            SELECT p.name, i.variant, i.quantity, i.unit_price_cents
            FROM order_items AS i JOIN products AS p ON p.sku = i.sku
            WHERE i.order_id = ? ORDER BY i.rowid
            """,
            (order_id,),
        ).fetchall()
    if order is None:
        return unknown_order(order_id)
    total = order["shipping_cents"] + sum(row["quantity"] * row["unit_price_cents"] for row in rows)
    listing = ", ".join(f"{row['quantity']} x {_product(row)}" for row in rows)
    shipping = _dollars(order["shipping_cents"]) if order["shipping_cents"] else "free"
    return {
        "found": True,
        "order_id": order_id,
        "items": [
            {
                "product": row["name"],
                "variant": row["variant"] or None,
                "quantity": row["quantity"],
                "unit_price": _dollars(row["unit_price_cents"]),
            }
            for row in rows
        ],
        "shipping": shipping,
        "total": _dollars(total),
        "message": f"Order {order_id} contains {listing}. "
        f"The total is {_dollars(total)}, shipping ({order['shipping_method']}) {shipping}.",
    }


def shipment_history(database: OrderDatabase, order_id: str) -> Result:
    """Every scan of an order's parcel, the oldest first."""
    with database.connect() as connection:
        order = connection.execute(_ORDER, (order_id,)).fetchone()
        rows = connection.execute(
            "SELECT happened_at, place, description FROM shipment_events "
            "WHERE order_id = ? ORDER BY happened_at",
            (order_id,),
        ).fetchall()
    if order is None:
        return unknown_order(order_id)
    if rows:
        last = rows[-1]
        message = (
            f"The last scan of order {order_id} was on {_day(last['happened_at'][:10])} in "
            f"{last['place']}: {last['description']}."
        )
    else:
        message = f"No carrier has scanned a parcel of order {order_id}: it is {order['status']}."
    return {
        "found": True,
        "order_id": order_id,
        "carrier": order["carrier"],
        "tracking_number": order["tracking_number"],
        "events": [
            {"time": row["happened_at"], "place": row["place"], "event": row["description"]}
            for row in rows
        ],
        "message": message,
    }


def unknown_order(order_id: str) -> Result:
    """The result for an order number that is not in the database."""
    return {
        "found": False,
        "order_id": order_id,
        "message": f"There is no order {order_id}. Please check the order number in the "
        "confirmation e-mail.",
    }


def _status_sentence(order: sqlite3.Row) -> str:
    name, status = f"Order {order['id']}", order["status"]
    expected = (
        order["estimated_delivery"] and f"It is expected on {_day(order['estimated_delivery'])}."
    )
    parcel = f"{order['carrier']}, tracking number {order['tracking_number']}"
    match status:
        case "processing":
            return f"{name} is being processed and has not been packed yet. {expected}"
        case "packed":
            return f"{name} is packed and waits for the carrier. {expected}"
        case "cancelled":
            return f"{name} was cancelled on {_day(order['closed_on'])}. Nothing will be sent."
        case "delivered":
            return f"{name} was delivered on {_day(order['closed_on'])} by {parcel}."
        case "returned":
            return f"{name} was returned to us on {_day(order['closed_on'])}."
        case "shipped":
            return f"{name} was shipped on {_day(order['shipped_on'])} with {parcel}. {expected}"
        case _:
            return f"{name} is {status} with {parcel}. {expected}"


def _product(row: sqlite3.Row) -> str:
    variant = f" ({row['variant']})" if row["variant"] else ""
    return f"{row['name']}{variant} at {_dollars(row['unit_price_cents'])}"


def _dollars(cents: int) -> str:
    return f"${cents // 100:,}.{cents % 100:02}"


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day:%B} {day.day}, {day.year}"
