"""What Locust's users do: each sends one message after another, every one in a session of its own.

Locust loads this file by path; `mdsa.evals.load` says the rest in variables of the environment:
LOAD_SAMPLES is the file for the samples, LOAD_DEADLINE_S how long a user waits for an answer, and
LOAD_PAUSE_S, where it is set, the time between the beginnings of a user's messages.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from locust import FastHttpUser, constant, constant_pacing, events, task

_QUESTIONS = (
    "How long does a refund of ${n} to my card take?",
    "How much is express shipping of {n} parcels to Ohio?",
    "Where is my order NW-{n}?",
    "Can I send back shoes that I wore outside {n} days ago?",
    "My hub has shown a red light for {n} hours, what does it mean?",
    "What is the status of order NW-{n}?",
    "How do I pair {n} lamps with the hub?",
    "Do you ship {n} boxes to Canada?",
)
_numbers = itertools.count(10_000)
_samples: list[tuple[float, float, int, bool]] = []
_PAUSE_S = float(os.environ.get("LOAD_PAUSE_S", "0"))
_DEADLINE_S = float(os.environ["LOAD_DEADLINE_S"])


class User(FastHttpUser):  # type: ignore[misc] # Locust is not always there
    """Waits for each answer before the next message."""

    wait_time = constant_pacing(_PAUSE_S) if _PAUSE_S else constant(0)
    network_timeout = connection_timeout = _DEADLINE_S

    @task  # type: ignore[untyped-decorator]
    def ask(self) -> None:
        """Send a message that nobody sent before, so that no cache answers it."""
        number = next(_numbers)
        question = _QUESTIONS[number % len(_QUESTIONS)].format(n=number)
        began = time.time()
        with self.client.post("/chat", json={"message": question}, catch_response=True) as answer:
            status = answer.status_code or 0
            retry_after = "retry-after" in (answer.headers or {})
            _samples.append((began, time.time(), status, retry_after))
            answer.success()  # refusals are figures here, not failures of the run


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _write(**_: Any) -> None:
    Path(os.environ["LOAD_SAMPLES"]).write_text(json.dumps(_samples), encoding="utf-8")
