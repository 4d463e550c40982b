from __future__ import annotations

import json
import math
import threading

import pytest

import mdsa.monitoring
from mdsa.errors import InvalidInputError
from mdsa.monitoring import MonitoringService, RequestMetric, TokenCount


def _metric(**changes: object) -> RequestMetric:
    return RequestMetric(**({"request_id": "r", "latency_ms": 10.0, "success": True} | changes))  # type: ignore[arg-type]  # changes are the test's own


def test_the_names_that_the_guide_calls_wrong_do_not_exist() -> None:
    assert not hasattr(mdsa.monitoring, "RequestLogger")
    assert not hasattr(mdsa.monitoring, "MetricsCollector")


def test_before_the_first_request_every_figure_is_zero() -> None:
    stats = MonitoringService().stats()

    assert stats["requests_total"] == stats["requests_success"] == stats["requests_failed"] == 0
    assert f"{stats['success_rate']:.2%}" == "0.00%"
    assert f"{stats['average_latency_ms']:.2f}ms" == "0.00ms"
    assert stats["domain_stats"] == stats["nodes"] == {}


def test_requests_are_counted_by_outcome_domain_decision_and_error() -> None:
    service = MonitoringService()
    service.record(_metric(domains=("orders",), decision="direct", latency_ms=10.0))
    service.record(
        _metric(
            domains=("orders", "billing", "orders"),
            decision="decompose",
            latency_ms=40.0,
            degraded=True,
            input_tokens=100,
            output_tokens=20,
        )
    )
    service.record(_metric(decision="unmatched", latency_ms=1.0))
    service.record(_metric(success=False, error_type="ModelError", latency_ms=9.0))
    service.record(_metric(interrupted=True, latency_ms=15.0))

    stats = service.stats()

    assert stats["requests_total"] == 5
    assert stats["requests_interrupted"] == 1
    assert stats["requests_success"] == 3
    assert stats["requests_failed"] == 1
    assert stats["success_rate"] == 0.75
    assert stats["average_latency_ms"] == 15.0
    assert stats["domain_stats"] == {"orders": 2, "billing": 1}
    assert stats["decisions"] == {"direct": 1, "decompose": 1, "unmatched": 1}
    assert stats["errors"] == {"ModelError": 1}
    assert stats["degraded_total"] == 1
    assert (stats["input_tokens"], stats["output_tokens"]) == (100, 20)


def test_only_the_recent_requests_are_held_while_totals_go_on() -> None:
    service = MonitoringService(recent=3)
    for number in range(10):
        service.record(_metric(request_id=f"r{number}"))

    snapshot = service.snapshot()

    assert [metric["request_id"] for metric in snapshot["recent"]] == ["r7", "r8", "r9"]
    assert snapshot["requests_total"] == 10


def test_stats_and_snapshot_can_be_written_as_json() -> None:
    service = MonitoringService()
    service.record(_metric(domains=("orders",), node_latency_ms={"classify": 1.5}))
    service.record_node("classify", 1.5, "ok")
    service.record_model_call("classify", TokenCount(3, 4))

    stats = json.loads(json.dumps(service.stats(), allow_nan=False))
    snapshot = json.loads(json.dumps(service.snapshot()))

    assert stats["nodes"]["classify"]["input_tokens"] == 3
    assert snapshot["recent"][0]["node_latency_ms"] == {"classify": 1.5}
    assert snapshot["node_latency_buckets"]["classify"][-1][1] == 1


@pytest.mark.parametrize("latency_ms", [math.nan, math.inf, -1.0])
def test_a_latency_that_is_no_duration_is_refused(latency_ms: float) -> None:
    with pytest.raises(InvalidInputError, match="latency_ms"):
        _metric(latency_ms=latency_ms)
    with pytest.raises(InvalidInputError, match="latency_ms"):
        MonitoringService().record_node("gate", latency_ms, "ok")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("confidence", 1.01),
        ("confidence", math.nan),
        ("input_tokens", -1),
        ("timestamp", math.nan),
        ("node_latency_ms", {"gate": math.nan}),
    ],
)
def test_a_figure_out_of_its_range_is_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=field):
        _metric(**{field: value})


def test_a_metric_does_not_change_with_the_dict_it_was_made_from() -> None:
    latencies = {"gate": 1.0}
    metric = _metric(node_latency_ms=latencies)
    latencies["gate"] = 99.0

    assert metric.node_latency_ms == {"gate": 1.0}


def test_threads_lose_no_count() -> None:
    service = MonitoringService(recent=5)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        for _ in range(250):
            service.record(_metric(domains=("orders",)))
            service.record_node("gate", 1.0, "error")
            service.stats()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    stats = service.stats()
    assert stats["requests_total"] == stats["domain_stats"]["orders"] == 1000
    assert stats["nodes"]["gate"]["count"] == stats["nodes"]["gate"]["errors"] == 1000


def test_models_that_answered_and_those_that_did_not_are_counted() -> None:
    service = MonitoringService()
    slow = ("ollama://a", "timeout")

    for failures in ((slow,), (slow, ("ollama://a", "circuit_open")), ()):
        service.record(
            RequestMetric(
                request_id="r",
                latency_ms=1.0,
                success=True,
                models=("embedded://reader",),
                failures=failures,
            )
        )

    stats = service.stats()
    assert stats["model_stats"] == {"embedded://reader": 3}
    assert stats["model_failures"] == {"ollama://a": {"timeout": 2, "circuit_open": 1}}
    assert service.snapshot()["recent"][0]["failures"] == [
        {"model": "ollama://a", "reason": "timeout"}
    ]
