"""Short steps run where they are called, long ones in a thread."""

import threading

from mdsa.nodes.on_loop import OnLoop


def here(_):
    return threading.current_thread()


async def test_a_short_step_changes_no_threads():
    assert await OnLoop(here).ainvoke({}) is threading.current_thread()
    assert OnLoop(here).invoke({}) is threading.current_thread()


async def test_a_step_that_is_long_this_time_runs_in_a_thread():
    step = OnLoop(here, unless=lambda state: state["long"])
    assert await step.ainvoke({"long": True}) is not threading.current_thread()
    assert await step.ainvoke({"long": False}) is threading.current_thread()
