"""The overhead benchmark runs and gives figures that can be; how fast is not a test's business."""

from __future__ import annotations

from pathlib import Path

from mdsa.evals.overhead import BARE, VARIANTS, measure


async def test_every_variant_is_timed(tmp_path: Path) -> None:
    timings = await measure(3, tmp_path, warm_up=1)

    assert [timing.variant for timing in timings] == list(VARIANTS)
    for timing in timings:
        assert timing.turns == 3
        assert 0 < timing.median_ms <= timing.p90_ms
        assert timing.ratio > 0
    (bare,) = (timing for timing in timings if timing.variant == BARE)
    assert bare.ratio == 1
