"""What other workers told, where some of it cannot be read."""

from __future__ import annotations

import pytest

from mdsa.server.worker_readings import WorkerReadings


def test_what_cannot_be_read_is_left_out_and_logged_until_it_can_be(
    caplog: pytest.LogCaptureFixture,
):
    readings = WorkerReadings("the number", int)
    assert readings.read({"7": b"1", "8": b"broken"}) == {"7": 1}
    assert readings.read({"7": b"2", "8": b"broken still"}) == {"7": 2}
    assert len(caplog.records) == 1
    assert "the number of worker 8 cannot be read" in caplog.records[0].getMessage()
    assert readings.read({"7": b"2", "8": b"3"}) == {"7": 2, "8": 3}
    assert readings.read({"8": b"broken"}) == {}
    assert len(caplog.records) == 2


def test_what_did_not_change_is_read_once():
    asked: list[bytes] = []

    def read(written: bytes) -> int:
        asked.append(written)
        return int(written)

    readings = WorkerReadings("the number", read)
    for told in (b"1", b"1", b"x", b"x", b"1"):
        readings.read({"7": told})
    assert asked == [b"1", b"x", b"1"]
