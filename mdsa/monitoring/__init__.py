"""Figures about requests and graph nodes, without the text of any message."""

from mdsa.monitoring.node_handler import NodeMetricsHandler, TokenCount
from mdsa.monitoring.request_metric import RequestMetric
from mdsa.monitoring.service import MonitoringService
from mdsa.monitoring.totals import Totals

__all__ = ["MonitoringService", "NodeMetricsHandler", "RequestMetric", "TokenCount", "Totals"]
