"""The example shop's order tools, over their real database."""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from mdsa.errors import StorageError, ToolArgumentError
from mdsa.tools import ToolRegistry, load_tool_family
from mdsa.tools.orders import build_order_tools, build_tools

STATUSES = {
    "processing",
    "packed",
    "shipped",
    "in transit",
    "out for delivery",
    "delivered",
    "returned",
    "cancelled",
}


@pytest.fixture
def registry(tmp_path: Path) -> ToolRegistry:
    registry = ToolRegistry()
    for tool in load_tool_family("mdsa.tools.orders:build_tools", data_dir=tmp_path):
        registry.register(tool)
    return registry


def rows(tmp_path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        return connection.execute(query).fetchall()


def test_the_family_has_these_tools(registry: ToolRegistry) -> None:
    assert {entry["name"]: entry["writes"] for entry in registry.describe()} == {
        "get_order_status": False,
        "list_order_items": False,
        "get_shipment_history": False,
        "cancel_order": True,
        "change_delivery_address": True,
    }


def test_status_of_a_parcel_under_way(registry: ToolRegistry) -> None:
    result = registry.execute("get_order_status", order_id="ORD-1001")
    assert result["found"] is True
    assert result["order_id"] == "ORD-1001"
    assert result["status"] == "in transit"
    assert result["carrier"] == "Cascadia Parcel"
    assert re.fullmatch(r"CP\d{10}", result["tracking_number"])
    assert result["estimated_delivery"] == "2026-11-25"
    assert "in transit" in result["message"]
    assert result["tracking_number"] in result["message"]
    assert "November 25, 2026" in result["message"]


def test_every_order_can_be_told(registry: ToolRegistry, tmp_path: Path) -> None:
    ids = [row[0] for row in rows(tmp_path, "SELECT id FROM orders ORDER BY id")]
    assert ids == [f"ORD-{number}" for number in range(1001, 1031)]
    seen = set()
    for order_id in ids:
        status = registry.execute("get_order_status", order_id=order_id)
        seen.add(status["status"])
        items = registry.execute("list_order_items", order_id=order_id)
        history = registry.execute("get_shipment_history", order_id=order_id)
        assert items["items"]
        assert bool(history["events"]) is (status["tracking_number"] is not None)
        for result in (status, items, history):
            assert order_id in result["message"]
            assert "None" not in result["message"]
    assert seen == STATUSES


def test_items_add_up(registry: ToolRegistry) -> None:
    result = registry.execute("list_order_items", order_id="ORD-1003")
    assert [(item["product"], item["quantity"]) for item in result["items"]] == [
        ("Summit Shell jacket", 1),
        ("Harbor rain trousers", 1),
        ("Lumen head strap", 2),
    ]
    assert (result["shipping"], result["total"]) == ("free", "$442.00")
    small = registry.execute("list_order_items", order_id="ORD-1016")
    assert (small["shipping"], small["total"]) == ("$5.95", "$20.95")


def test_history_ends_with_the_delivery(registry: ToolRegistry) -> None:
    result = registry.execute("get_shipment_history", order_id="ORD-1003")
    times = [event["time"] for event in result["events"]]
    assert times == sorted(times)
    assert result["events"][-1]["event"] == "Delivered"


@pytest.mark.parametrize(
    ("tool", "extra"),
    [
        ("get_order_status", {}),
        ("list_order_items", {}),
        ("get_shipment_history", {}),
        ("cancel_order", {}),
        ("change_delivery_address", {"address": "12 Elm Street, Dayton, OH 45402"}),
    ],
)
def test_an_unknown_order_is_data(registry: ToolRegistry, tool: str, extra: dict[str, str]) -> None:
    result = registry.execute(tool, order_id="ORD-9999", **extra)
    assert result["found"] is False
    assert "ORD-9999" in result["message"]


@pytest.mark.parametrize("order_id", ["1001", "ord-1001", "ORD-1", "ORD-1001' OR '1'='1", 1001])
def test_other_order_numbers_are_refused(registry: ToolRegistry, order_id: object) -> None:
    with pytest.raises(ToolArgumentError, match="ORD-1001"):
        registry.execute("get_order_status", order_id=order_id)


def test_cancelling_works_once_and_is_recorded(registry: ToolRegistry, tmp_path: Path) -> None:
    result = registry.execute("cancel_order", order_id="ORD-1005", reason="bought'); twice")
    assert (result["cancelled"], result["status"]) == (True, "cancelled")
    again = registry.execute("cancel_order", order_id="ORD-1005")
    assert again["cancelled"] is True
    assert "already" in again["message"]
    assert registry.execute("get_order_status", order_id="ORD-1005")["status"] == "cancelled"
    assert rows(tmp_path, "SELECT order_id, change, detail FROM order_changes") == [
        ("ORD-1005", "cancelled", "bought'); twice")
    ]


@pytest.mark.parametrize("order_id", ["ORD-1001", "ORD-1003", "ORD-1009", "ORD-1012"])
def test_what_has_left_cannot_be_cancelled_or_redirected(
    registry: ToolRegistry, tmp_path: Path, order_id: str
) -> None:
    before = registry.execute("get_order_status", order_id=order_id)
    cancelled = registry.execute("cancel_order", order_id=order_id)
    changed = registry.execute(
        "change_delivery_address", order_id=order_id, address="12 Elm Street, Dayton, OH 45402"
    )
    assert (cancelled["cancelled"], changed["changed"]) == (False, False)
    assert before["status"] in cancelled["message"]
    assert before["status"] in changed["message"]
    assert registry.execute("get_order_status", order_id=order_id) == before
    assert rows(tmp_path, "SELECT * FROM order_changes") == []


def test_the_address_of_a_processing_order_changes(registry: ToolRegistry, tmp_path: Path) -> None:
    result = registry.execute(
        "change_delivery_address", order_id="ORD-1004", address="12 Elm Street,\nDayton, OH 45402"
    )
    assert result["changed"] is True
    assert rows(tmp_path, "SELECT delivery_address FROM orders WHERE id = 'ORD-1004'") == [
        ("12 Elm Street, Dayton, OH 45402",)
    ]
    for address in ("", "here", " " * 20):
        with pytest.raises(ToolArgumentError, match="address"):
            registry.execute("change_delivery_address", order_id="ORD-1004", address=address)


def test_only_one_of_many_callers_cancels(registry: ToolRegistry, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda _: registry.run("cancel_order", {"order_id": "ORD-1004"}), range(8))
        )
    assert all(result.ok and result.value["cancelled"] for result in results)
    assert rows(tmp_path, "SELECT COUNT(*) FROM order_changes") == [(1,)]


def test_a_database_that_is_there_is_kept(tmp_path: Path) -> None:
    first = {tool.name: tool for tool in build_tools(tmp_path)}
    first["cancel_order"].execute({"order_id": "ORD-1005"})
    again = {tool.name: tool for tool in build_tools(tmp_path)}
    status = again["get_order_status"].execute({"order_id": "ORD-1005"})
    assert status["status"] == "cancelled"


def test_many_first_users_make_one_database(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(lambda _: build_tools(folder), range(8)))
    assert len(built) == 8
    assert {path.name for path in folder.iterdir()} <= {"orders.db", "orders.db.lock"}
    assert built[0][0].execute({"order_id": "ORD-1001"})["found"]


def test_a_database_that_another_process_makes_meanwhile_is_kept(tmp_path: Path) -> None:
    theirs = {tool.name: tool for tool in build_tools(tmp_path / "theirs")}
    theirs["cancel_order"].execute({"order_id": "ORD-1005"})
    folder = tmp_path / "ours"
    folder.mkdir()
    with ThreadPoolExecutor(1) as pool:
        with FileLock(folder / "orders.db.lock"):
            building = pool.submit(build_tools, folder)
            time.sleep(0.2)  # until it has missed the file and waits for the lock
            shutil.copy(tmp_path / "theirs" / "orders.db", folder / "orders.db")
        tools = {tool.name: tool for tool in building.result()}
    status = tools["get_order_status"].execute({"order_id": "ORD-1005"})
    assert status["status"] == "cancelled"


def test_a_database_removed_meanwhile_is_made_again(tmp_path: Path) -> None:
    tools = {tool.name: tool for tool in build_tools(tmp_path)}
    (tmp_path / "orders.db").unlink()
    assert tools["get_order_status"].execute({"order_id": "ORD-1002"})["found"]


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    path.write_text("my diary, which is long enough to be no empty database")
    with pytest.raises(StorageError, match=r"orders\.db"):
        build_order_tools(path)
    assert path.read_text().startswith("my diary")
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (x)")
        connection.commit()
    with pytest.raises(StorageError, match="version"):
        build_order_tools(path)


def test_prices_match_the_catalogue(tmp_path: Path) -> None:
    build_tools(tmp_path)
    assert (
        rows(
            tmp_path,
            "SELECT i.order_id FROM order_items i JOIN products p USING (sku) "
            "WHERE i.unit_price_cents <> p.price_cents",
        )
        == []
    )
    assert rows(tmp_path, "PRAGMA foreign_key_check") == []
