"""Grafana's dashboard asks for metrics that the server really has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from fakes.web_agents import Clerk, serving, web_agent
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client.parser import text_string_to_metric_families

PATH = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards" / "mdsa.json"
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$job": "mdsa"}


@pytest.fixture(scope="module")
def dashboard() -> dict[str, Any]:
    return dict(json.loads(PATH.read_text(encoding="utf-8")))


def selectors(dashboard: dict[str, Any]) -> Iterator[promql_parser.VectorSelector]:
    """Every series that a query of the dashboard selects; queries that are no PromQL raise."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for name, value in VARIABLES.items():
                query = query.replace(name, value)
            assert "$" not in query
            yield from selected(promql_parser.parse(query))


def selected(expression: Any) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def note(node: Any) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        return True

    promql_parser.walk(expression, note)
    return found


def test_the_dashboard_is_one_of_grafanas_model(dashboard: dict[str, Any]) -> None:
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))

    # What the model does not know, or reads otherwise, does not come back.
    assert lost(dashboard, read) == []
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24


def lost(given: Any, read: Any, path: str = "") -> list[str]:
    if isinstance(given, dict) and isinstance(read, dict):
        return [
            found
            for key, value in given.items()
            for found in lost(value, read.get(key), f"{path}/{key}")
        ]
    if isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        return [
            found
            for index, (one, other) in enumerate(zip(given, read, strict=True))
            for found in lost(one, other, f"{path}/{index}")
        ]
    return [] if given == read else [path]


async def test_every_metric_and_label_is_one_of_the_server(
    tmp_path: Path, dashboard: dict[str, Any]
) -> None:
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        mine = {"session_id": "s-1", "user_id": "ann"}
        for body in (
            {"message": "an order"},
            {"message": "rain", **mine},
            {"message": "an order", "session_id": "s-1", "user_id": "eve"},
        ):
            await http.post("/chat", json=body)
        text = (await http.get("/metrics")).text
    families = text_string_to_metric_families(text)
    labels: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            labels.setdefault(sample.name, {"job"}).update(sample.labels)

    asked = list(selectors(dashboard))
    assert len({selector.name for selector in asked}) >= 15
    for selector in asked:
        assert selector.name in labels
        assert {matcher.name for matcher in selector.matchers.matchers} <= labels[selector.name]
