"""Figures of several workers, told by one of them."""

import asyncio
import os
from pathlib import Path

import pytest
from fakes.web_agents import until
from prometheus_client.parser import text_string_to_metric_families

from mdsa.server.worker_figures import WorkerFigures

FIGURES = """# HELP turns_total Turns.
# TYPE turns_total counter
turns_total{outcome="success"} %d
# HELP lag_seconds Lag.
# TYPE lag_seconds histogram
lag_seconds_bucket{le="0.1"} 1.0
lag_seconds_bucket{le="+Inf"} 2.0
lag_seconds_count 2.0
lag_seconds_sum 0.5
"""


def figures(folder: Path, turns: int) -> WorkerFigures:
    return WorkerFigures(folder, lambda: (FIGURES % turns).encode(), every_s=0.01)


def turns_by_worker(text: bytes) -> dict[str, float]:
    (family,) = (
        one for one in text_string_to_metric_families(text.decode()) if one.name == "turns"
    )
    return {sample.labels["worker"]: sample.value for sample in family.samples}


async def test_every_running_worker_is_told_and_no_other(tmp_path: Path):
    other, gone = os.getppid(), 2**22 + 1  # no process id of Linux is as high
    for worker, turns in ((other, 5), (gone, 7)):
        (tmp_path / f"{worker}.prom").write_text(FIGURES % turns)
    told = figures(tmp_path, 3).render()
    assert turns_by_worker(told) == {str(os.getpid()): 3.0, str(other): 5.0}
    assert told.count(b"# TYPE lag_seconds histogram") == 1


async def test_a_worker_shares_its_figures_until_it_ends(tmp_path: Path):
    folder = tmp_path / "workers"
    sharing = asyncio.create_task(figures(folder, 3).share())
    await until(lambda: bool(list(folder.glob("*.prom"))))
    sharing.cancel()
    await asyncio.gather(sharing, return_exceptions=True)
    assert list(folder.iterdir()) == []


async def test_a_worker_that_ends_meanwhile_is_left_out(tmp_path: Path):
    # As when it is removed between being found and being read.
    (tmp_path / f"{os.getppid()}.prom").symlink_to(tmp_path / "gone")
    assert turns_by_worker(figures(tmp_path, 3).render()) == {str(os.getpid()): 3.0}


async def test_a_full_disk_is_logged_once_and_got_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder = tmp_path / "workers"
    folder.touch()  # nothing can be written below a file
    sharing = asyncio.create_task(figures(folder, 3).share())
    await until(lambda: bool(caplog.records))
    await asyncio.sleep(0.05)
    folder.unlink()
    await until(lambda: bool(list(folder.glob("*.prom"))))
    sharing.cancel()
    await asyncio.gather(sharing, return_exceptions=True)
    (record,) = caplog.records
    assert str(folder) in record.getMessage()
