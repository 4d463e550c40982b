"""kill -9 in the middle of a turn: what was acknowledged is there, what was cut off can go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fakes.facade_client import FacadeClient

FIRST = ["first order", "answer to first order"]


@pytest.fixture(scope="module")
def killed_in_the_tool(
    tmp_path_factory: pytest.TempPathFactory, session_cache: Path
) -> tuple[Path, list[str]]:
    """Killed twice: while a call waited for approval, then while the approved tool ran.

    Gives the data, and what the second process found of the session.
    """
    folder = tmp_path_factory.mktemp("killed")
    with FacadeClient(folder) as process:
        process.call(ask="first order")
        (call,) = process.call(ask="cancel order 7")["interrupts"][0]["calls"]
        assert call["args"] == {"order_id": "7"}
        process.kill()
    with FacadeClient(folder) as process:
        found = process.call(show="s")
        (folder / "stall").touch()
        process.send(resume=True)
        assert process.read() == "stalled"
        process.kill()
    return folder, found


def test_no_acknowledged_turn_is_lost_and_the_session_goes_on(tmp_path: Path):
    with FacadeClient(tmp_path) as process:
        assert process.call(ask="first order")["response"] == "answer to first order"
        process.send(ask="stall this order")
        assert process.read() == "stalled"
        process.kill()

    with FacadeClient(tmp_path) as process:
        assert process.call(show="s") == [*FIRST, "stall this order"]
        # Resumed, the turn asks the same model the same question again.
        process.send(resume=None)
        assert process.read() == "stalled"
        process.kill()

    with FacadeClient(tmp_path) as process:
        assert process.call(ask="third order")["response"] == "answer to third order"
        assert process.call(show="s") == [
            *FIRST,
            "stall this order",
            "third order",
            "answer to third order",
        ]


def test_a_call_that_waits_for_approval_waits_in_the_next_process(
    killed_in_the_tool: tuple[Path, list[str]],
):
    _, found = killed_in_the_tool

    assert found == [*FIRST, "cancel order 7"]


def test_an_approved_tool_runs_at_least_once(
    tmp_path: Path, killed_in_the_tool: tuple[Path, list[str]]
):
    folder = tmp_path / "copy"
    shutil.copytree(killed_in_the_tool[0], folder)
    with FacadeClient(folder) as process:
        # Too late to decline: the call was approved, and may have run.
        refused = process.call(resume=False)
        assert refused["error"] == "InvalidInputError"
        assert "decided on before" in refused["message"]

        result = process.call(resume=None)

        assert result["interrupts"] == []
        assert "cancelled 7" in result["response"]
        assert process.call(show="s") == [*FIRST, "cancel order 7", result["response"]]
    # The process died after the effect and before its record, so the tool ran a second time. A tool
    # for which that matters must recognise the repetition, by the id of the order here.
    assert (folder / "cancelled.txt").read_text() == "7\n7\n"


def test_a_fresh_message_after_the_kill_leaves_the_tool_alone(
    tmp_path: Path, killed_in_the_tool: tuple[Path, list[str]]
):
    folder = tmp_path / "copy"
    shutil.copytree(killed_in_the_tool[0], folder)
    with FacadeClient(folder) as process:
        assert process.call(ask="third order")["response"] == "answer to third order"
        refused = process.call(resume=True)
        assert refused["error"] == "InvalidInputError"
        assert "no unfinished turn" in refused["message"]
    assert (folder / "cancelled.txt").read_text() == "7\n"
