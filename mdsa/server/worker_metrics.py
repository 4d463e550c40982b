"""Prometheus' figures of several workers, told by whichever of them is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

__all__ = ["labelled_by_worker", "read_families"]


def labelled_by_worker(families: Mapping[str, Sequence[Metric]]) -> bytes:
    """Put the figures of all workers into one text.

    Every sample gets the label `worker`; sums over it are for Prometheus. (Its own multiprocess
    mode knows counters and histograms of the library alone, and no collectors, of which the
    agent's figures are made.)

    Args:
        families: each worker's, by its process id.
    """
    registry = CollectorRegistry()
    registry.register(_Merged(families))
    return generate_latest(registry)


def read_families(text: bytes) -> list[Metric]:
    """Read what a worker told.

    Raises:
        ValueError: it is something else.
    """
    try:
        return list(text_string_to_metric_families(text.decode()))
    except LookupError as error:  # the parser's own, of a line that ends too soon
        raise ValueError(f"it is of another form: {error!r}") from error


class _Merged(Collector):
    def __init__(self, families: Mapping[str, Sequence[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        merged: dict[str, Metric] = {}
        for worker, families in self._families.items():
            for one in families:
                family = merged.setdefault(
                    one.name, Metric(one.name, one.documentation, one.type, one.unit)
                )
                family.samples += (
                    sample._replace(labels={**sample.labels, "worker": worker})
                    for sample in one.samples
                )
        return merged.values()
