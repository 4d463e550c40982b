"""Prometheus' figures of several workers, told by whichever of them is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

__all__ = ["labelled_by_worker"]


def labelled_by_worker(texts: Mapping[str, bytes]) -> bytes:
    """Put the figures of all workers into one text.

    Every sample gets the label `worker`; sums over it are for Prometheus. (Its own multiprocess
    mode knows counters and histograms of the library alone, and no collectors, of which the
    agent's figures are made.)

    Args:
        texts: each worker's, by its process id.
    """
    registry = CollectorRegistry()
    registry.register(_Merged(texts))
    return generate_latest(registry)


class _Merged(Collector):
    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for worker, text in self._texts.items():
            for family in _labelled(text.decode(), worker):
                families.setdefault(family.name, family)
                if families[family.name] is not family:
                    families[family.name].samples += family.samples
        return families.values()


def _labelled(text: str, worker: str) -> Iterator[Metric]:
    for family in text_string_to_metric_families(text):
        family.samples = [
            sample._replace(labels={**sample.labels, "worker": worker}) for sample in family.samples
        ]
        yield family
