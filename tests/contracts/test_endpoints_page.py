"""The page of endpoints: every route, with what was asked and answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mdsa.evals.endpoint_page import shown_path
from mdsa.evals.endpoint_requests import REQUESTS
from mdsa.evals.endpoints import routes_of
from mdsa.server import create_app


@pytest.fixture(scope="module")
def routes() -> set[tuple[str, str]]:
    return set(routes_of(create_app()))


def test_every_route_has_a_request(routes: set[tuple[str, str]]) -> None:
    assert {(one.method, one.route) for one in REQUESTS} == routes


def test_the_page_shows_every_route_with_its_answer(
    routes: set[tuple[str, str]], project_root: Path
) -> None:
    page = (project_root / "docs" / "endpoints.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE))

    assert set(sections) == {f"{method} {shown_path(path)}" for method, path in routes}
    for name, section in sections.items():
        assert "curl " in section, name
        assert re.search(r"^Answer: 20\d", section, re.MULTILINE), name
