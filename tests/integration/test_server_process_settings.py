"""What a server that owns its process sets there, once it is ready for turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_SERVES = """
import asyncio, gc, json, sys
from pathlib import Path
import numpy, threadpoolctl
from fakes.web_agents import Clerk, web_agent
from mdsa.server import create_app
from mdsa.server.process import DrainingServer

def blas_threads():
    pools = threadpoolctl.threadpool_info()
    return [one["num_threads"] for one in pools if one["user_api"] == "blas"]

class Stops(DrainingServer):
    async def on_tick(self, counter):
        await super().on_tick(counter)
        return gc.get_freeze_count() > 0

app = create_app(web_agent(Path(sys.argv[1]), Clerk()))
server = Stops(app, drain_s=1, owns_process=True)
server.config.port = 0
before = blas_threads()
asyncio.run(asyncio.wait_for(server.serve(), 60))
print(json.dumps([before, blas_threads(), sys.getswitchinterval()]))
"""


def test_products_of_matrices_keep_to_one_core_each(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", _SERVES, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(_TESTS), "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, after, switch_s = json.loads(done.stdout.splitlines()[-1])
    assert max(before) == 2
    assert set(after) == {1}
    assert switch_s == 0.001
