"""Prometheus' figures of several workers in one text."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mdsa.server.worker_metrics import labelled_by_worker, read_families

FIGURES = b"""# HELP turns_total Turns.
# TYPE turns_total counter
turns_total{outcome="success"} %d
# HELP lag_seconds Lag.
# TYPE lag_seconds histogram
lag_seconds_bucket{le="0.1"} 1.0
lag_seconds_bucket{le="+Inf"} 2.0
lag_seconds_count 2.0
lag_seconds_sum 0.5
"""


def test_every_sample_names_its_worker_and_families_stand_once():
    families = {"7": read_families(FIGURES % 3), "8": read_families(FIGURES % 5)}
    told = labelled_by_worker(families)
    assert labelled_by_worker(families) == told  # what was read stays as it was
    (family,) = (
        one for one in text_string_to_metric_families(told.decode()) if one.name == "turns"
    )
    assert {sample.labels["worker"]: sample.value for sample in family.samples} == {"7": 3, "8": 5}
    assert told.count(b"# TYPE lag_seconds histogram") == 1


def test_a_line_that_ends_too_soon_is_refused():
    with pytest.raises(ValueError, match="another form"):
        read_families(b'turns_total{outcome="success", ="b"} 4\n')
