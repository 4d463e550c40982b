"""The dashboard's pages as files: what they may load, and who gets them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent

PAGES = ("/dashboard", "/dashboard/traces", "/dashboard/try", "/dashboard/knowledge")


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):
        yield http


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_runs_nothing_but_the_servers_own_files(http: httpx.AsyncClient, page: str):
    answer = await http.get(page)

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?://", answer.text)
    for address in re.findall(r'(?:src|href)="(/[^"#]+)"', answer.text):
        assert (await http.get(address)).status_code == 200


async def test_a_file_is_sent_once(http: httpx.AsyncClient):
    first = await http.get("/dashboard/static/style.css")
    again = await http.get(
        "/dashboard/static/style.css", headers={"If-None-Match": first.headers["etag"]}
    )

    assert first.headers["content-type"].startswith("text/css")
    assert (again.status_code, again.content) == (304, b"")
    for name in ("none.css", "..%2Fpages.py", "pages.py"):
        assert (await http.get(f"/dashboard/static/{name}")).status_code == 404


async def test_the_dashboard_can_be_left_out(tmp_path: Path):
    async with serving(web_agent(tmp_path, Clerk()), dashboard=False) as (_, http):
        for path in (*PAGES, "/dashboard/api/summary", "/dashboard/api/knowledge"):
            assert (await http.get(path)).status_code == 404
