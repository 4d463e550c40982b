"""What one worker has counted, and several together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdsa.monitoring import MonitoringService, RequestMetric, TokenCount
from mdsa.server.worker_snapshot import MOST_RECENT, WorkerSnapshot

_BUS = {
    "total_messages": 1,
    "active_subscribers": 1,
    "failed_deliveries": 0,
    "messages_by_topic": {"request.received": 1},
}
_metrics = st.builds(
    RequestMetric,
    request_id=st.uuids().map(str),
    latency_ms=st.floats(0, 1e6),
    success=st.booleans(),
    interrupted=st.booleans(),
    domains=st.lists(st.sampled_from(["orders", "billing"])).map(tuple),
    decision=st.sampled_from(["", "direct", "decompose"]),
    confidence=st.floats(0, 1),
    models=st.sampled_from([(), ("fake://a",), ("fake://a", "fake://b")]),
    failures=st.sampled_from([(), (("fake://a", "timeout"),)]),
    timestamp=st.floats(0, 1e9),
    session_id=st.just("somebody's"),
)


def counted(metrics: list[RequestMetric]) -> MonitoringService:
    service = MonitoringService()
    for metric in metrics:
        service.record(metric)
        service.record_node("gate", metric.latency_ms, "ok" if metric.success else "error")
        service.record_model_call("gate", TokenCount(3, 4))
    return service


def snapshot(
    metrics: list[RequestMetric], models: dict[str, Any] | None = None, running: int = 0
) -> WorkerSnapshot:
    service = counted(metrics)
    return WorkerSnapshot(
        totals=service.totals(),
        recent=service.recent(MOST_RECENT),
        running=running,
        waiting=0,
        bus=_BUS,
        models=models or {"memory": {}, "breakers": {}},
    )


def rounded(found: Any) -> Any:
    """Sums of the same figures in another order differ in their last digits."""
    if isinstance(found, dict):
        return {key: rounded(value) for key, value in found.items()}
    return float(f"{found:.9g}") if isinstance(found, float) else found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_metrics, max_size=8), st.lists(_metrics, max_size=8))
def test_what_two_workers_counted_is_what_one_would_have_counted(
    ours: list[RequestMetric], theirs: list[RequestMetric]
):
    read = WorkerSnapshot.read(snapshot(theirs).write())
    merged = WorkerSnapshot.merge([snapshot(ours), read]).totals
    alone = counted(ours + theirs).totals()
    assert rounded(merged.stats()) == rounded(alone.stats())
    assert rounded(merged.histograms()["confidence_sum"]) == rounded(alone.confidence.sum)
    assert merged.confidence.counts == alone.confidence.counts


def test_the_last_requests_of_all_are_told_in_the_order_in_which_they_ended():
    ours = [
        RequestMetric(request_id=f"o{n}", latency_ms=1, success=True, timestamp=2.0 * n)
        for n in range(MOST_RECENT)
    ]
    theirs = [
        RequestMetric(
            request_id="t", latency_ms=1, success=True, timestamp=195, session_id="secret"
        )
    ]
    written = snapshot(theirs).write()
    assert b"secret" not in written
    merged = WorkerSnapshot.merge([snapshot(ours), WorkerSnapshot.read(written)])
    assert [one.request_id for one in merged.recent[:4]] == ["o99", "o98", "t", "o97"]
    assert len(merged.recent) == MOST_RECENT


def test_states_are_added_up_and_of_two_breakers_the_worse_is_told():
    pool = {"limit_bytes": 9, "used_bytes": 5, "loaded": [{"key": "a"}]}

    def stats(state: str) -> dict[str, Any]:
        breaker = {"state": state, "reason": state, "opened_total": 1, "refused_total": 2}
        return {"memory": {"cpu": pool}, "breakers": {"fake://a": breaker}}

    for states in (("open", "closed"), ("half_open", "open")):
        parts = [snapshot([], stats(state), running=2) for state in states]
        merged = WorkerSnapshot.merge(parts)
        assert merged.running == 4
        assert merged.models["memory"] == {
            "cpu": {
                "limit_bytes": 9,  # of each
                "used_bytes": 10,
                "used_bytes_by_worker": [5, 5],
                "loaded": [{"key": "a"}] * 2,
            }
        }
        assert merged.models["breakers"] == {
            "fake://a": {
                "state": "open",
                "reason": "open",
                "opened_total": 2,
                "refused_total": 4,
            }
        }
        assert merged.bus["messages_by_topic"] == {"request.received": 2}
        assert merged.bus["total_messages"] == 2


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{}",
        b"\xff",
        snapshot([], {"memory": {}}).write(),
        snapshot([], {"memory": {"cpu": {}}, "breakers": {}}).write(),
        snapshot([], {"memory": [], "breakers": {}}).write(),
        snapshot([], {"memory": {}, "breakers": {"fake://a": {"state": "worse"}}}).write(),
    ],
)
def test_what_is_no_snapshot_is_refused(written: bytes):
    with pytest.raises(ValueError):  # noqa: PT011 - of pydantic or ours
        WorkerSnapshot.read(written)
