"""Changes to an order, possible while it is still processing, and recorded in `order_changes`."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from mdsa.tools.orders.database import OrderDatabase
from mdsa.tools.orders.reading import Result, unknown_order

__all__ = ["cancel", "change_address"]


def cancel(database: OrderDatabase, order_id: str, reason: str) -> Result:
    """Cancel an order that is still processing; cancelling twice changes nothing."""
    now = datetime.now(UTC)
    with database.connect() as connection:
        # One statement decides and changes, so that two callers cannot both do it.
        changed = connection.execute(
            "UPDATE orders SET status = 'cancelled', closed_on = ?, estimated_delivery = NULL "
            "WHERE id = ? AND status = 'processing'",
            (now.date().isoformat(), order_id),
        ).rowcount
        if changed:
            _record(connection, order_id, now, "cancelled", reason)
        status = _status(connection, order_id)
    if status is None:
        return unknown_order(order_id)
    if changed:
        message = f"Order {order_id} has been cancelled. Nothing will be sent."
    elif status == "cancelled":
        message = f"Order {order_id} was cancelled already; nothing has changed."
    else:
        message = (
            f"Order {order_id} cannot be cancelled, because it is {status} already. Only an order "
            "that is still processing can be cancelled."
        )
    return {
        "found": True,
        "order_id": order_id,
        "cancelled": status == "cancelled",
        "status": status,
        "message": message,
    }


def change_address(database: OrderDatabase, order_id: str, address: str) -> Result:
    """Give an order that is still processing another delivery address."""
    address = " ".join(address.split())
    with database.connect() as connection:
        changed = connection.execute(
            "UPDATE orders SET delivery_address = ? WHERE id = ? AND status = 'processing'",
            (address, order_id),
        ).rowcount
        if changed:
            _record(connection, order_id, datetime.now(UTC), "address changed", address)
        status = _status(connection, order_id)
    if status is None:
        return unknown_order(order_id)
    result: Result = {
        "found": True,
        "order_id": order_id,
        "changed": bool(changed),
        "status": status,
    }
    if changed:
        result["delivery_address"] = address
        result["message"] = f"Order {order_id} will be delivered to {address}."
    else:
        result["message"] = (
            f"The delivery address of order {order_id} cannot be changed, because the order is "
            f"{status} already. Only an order that is still processing can be changed."
        )
    return result


def _status(connection: sqlite3.Connection, order_id: str) -> str | None:
    row = connection.execute("SELECT status FROM orders WHERE id = ?", (order_id,)).fetchone()
    return None if row is None else str(row["status"])


def _record(
    connection: sqlite3.Connection, order_id: str, at: datetime, change: str, detail: str
) -> None:
    connection.execute(
        "INSERT INTO order_changes (order_id, changed_at, change, detail) VALUES (?, ?, ?, ?)",
        (order_id, at.isoformat(timespec="seconds"), change, detail),
    )
