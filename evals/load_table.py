"""The load command's figures as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdsa.evals.load_figures import Phase
from mdsa.evals.load_goodput import Goodput

__all__ = ["table"]

_HEAD = (
    f"{'app':16} {'clients':>8} {'offered/s':>9} {'answers/s':>9} {'p50 ms':>8} {'p95 ms':>8} "
    f"{'p99 ms':>8} {'refused':>8} {'failed':>6} {'lag p99.9':>9} {'lag max':>8} {'>50 ms':>7} "
    f"{'busy max':>8}"
)


def table(
    phases: Sequence[Phase], goodput: Goodput | None, streaming: dict[str, Any] | None
) -> str:
    """Lay out the figures."""
    lines = [_HEAD, *(_line(phase) for phase in phases)]
    if goodput:
        lines += _overload(goodput)
    if streaming:
        lines.append(
            f"streamed, one client: first token after {streaming['first_token_ms']:.0f} ms, "
            f"whole answer after {streaming['total_ms']:.0f} ms (medians of {streaming['turns']}); "
            f"first turn after the start {streaming['first_turn_ms']:.0f} ms, "
            f"ready after {streaming['ready_s']:.1f} s"
        )
    return "\n".join(lines)


def _line(phase: Phase) -> str:
    lag = phase.lag
    shown = (
        f"{'-':>9} {'-':>8} {'-':>7}"
        if lag is None
        else f"≤{lag.p999_ms:>5.0f} ms ≤{lag.most_ms:>4.0f} ms {lag.over_50_ms / lag.probes:>7.2%}"
    )
    busy = f"{'-':>8}" if phase.busy is None else f"≤{phase.busy.most_ms:>4.0f} ms"
    return (
        f"{phase.app:16} {phase.clients:8} {phase.offered:9.1f} {phase.throughput:9.2f} "
        f"{phase.p50_ms:8.0f} {phase.p95_ms:8.0f} {phase.p99_ms:8.0f} {phase.refused:8} "
        f"{sum(phase.failed.values()):6} {shown} {busy}"
    )


def _overload(found: Goodput) -> list[str]:
    """Say how goodput stands where more is asked than can be answered."""
    rounds = len(found.shares)
    told = f"{found.app}: offered {found.times_peak:.1f} times its peak, it gives {found.mean:.1%}"
    if found.low is not None and found.high is not None:
        told += f" (95 % interval {found.low:.1%} to {found.high:.1%})"
    each = ", ".join(f"{share:.0%}" for share in found.shares)
    return [
        f"{told} of it; {rounds} {'round' if rounds == 1 else 'rounds'}: {each}",
        f"{found.refused} refused, {found.refused_without_retry_after} of them without Retry-After",
    ]
