"""How often a key may ask: a bucket of tokens that fills up again, minute by minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from mdsa.server.refusals import RateLimitError

__all__ = ["RateLimiter"]

_MINUTE_S = 60.0


class RateLimiter:
    """One bucket per name; for one event loop.

    Args:
        clock: seconds; never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, name: str, per_minute: int) -> None:
        """Count a request; `per_minute` of them may come at once, and as many in every minute.

        Raises:
            RateLimitError: the bucket is empty; tells when it holds a token again.
        """
        now = self._clock()
        tokens, then = self._buckets.get(name, (float(per_minute), now))
        tokens = min(per_minute, tokens + (now - then) * per_minute / _MINUTE_S)
        if tokens < 1:
            wait_s = math.ceil((1 - tokens) * _MINUTE_S / per_minute)
            raise RateLimitError(
                f"this key may send {per_minute} requests a minute; wait {wait_s} s.",
                retry_after_s=wait_s,
            )
        self._buckets[name] = tokens - 1, now
