"""Documents through the dashboard: taken in, found, deleted, and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fakes.web_agents import Clerk, serving, web_agent

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.server.keys import KeyStore

API = "/dashboard/api/knowledge"
GUIDE = b"# Returns\n\nBoots go back within 30 days.\n\n# Repairs\n\nTents are mended in May.\n"


@pytest.fixture
def agent(tmp_path: Path) -> TinyBERTOrchestrator:
    return web_agent(tmp_path, Clerk())


@pytest.fixture
async def http(agent: TinyBERTOrchestrator) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(agent, max_upload_bytes=2000, max_body_bytes=500) as (_, http):
        yield http


async def stored(http: httpx.AsyncClient) -> dict[str | None, int]:
    found = (await http.get(API)).json()["stores"]
    return {store["domain"]: store["passages"] for store in found}


async def test_an_upload_is_found_replaced_and_deleted(http: httpx.AsyncClient):
    first = await http.put(f"{API}/files/guide.md?domain=orders", content=GUIDE)
    assert first.json() == {"added": 2, "updated": 0, "unchanged": 0, "deleted": 0}
    again = await http.put(f"{API}/files/guide.md?domain=orders", content=GUIDE)
    assert again.json()["unchanged"] == 2
    shorter = await http.put(
        f"{API}/files/guide.md?domain=orders", content=GUIDE.partition(b"# Repairs")[0]
    )
    assert shorter.json()["deleted"] == 1
    assert await stored(http) == {None: 0, "orders": 1, "billing": 0, "weather": 0}

    found = await http.post(f"{API}/search", json={"query": "boots", "domain": "orders"})
    (passage,) = found.json()
    assert passage["content"] == "Boots go back within 30 days."
    assert (passage["title"], passage["source"]) == ("Returns", "guide.md")
    assert passage["scope"] == "local"
    elsewhere = await http.post(f"{API}/search", json={"query": "boots", "domain": "billing"})
    assert elsewhere.json() == []

    listed = (await http.get(f"{API}/files?domain=orders")).json()
    assert listed["total"] == 1
    assert listed["files"][0]["uploaded"]
    nothing = await http.get(f"{API}/files?domain=orders&contains=zebra")
    assert nothing.json() == {"files": [], "total": 0}
    gone = await http.delete(f"{API}/files?domain=orders&source=guide.md")
    assert gone.json() == {"deleted": 1}
    assert (await http.delete(f"{API}/files?domain=orders&source=guide.md")).status_code == 404
    assert await stored(http) == {None: 0, "orders": 0, "billing": 0, "weather": 0}


async def test_a_file_without_headings_is_called_by_its_own_name(http: httpx.AsyncClient):
    await http.put(f"{API}/files/Opening%20hours.txt", content="Öffnungszeit: 9 bis 17".encode())
    await http.put(f"{API}/files/prices.csv", content=b"item,price\ntent,200\n")

    listed = (await http.get(f"{API}/files")).json()["files"]

    assert [(file["source"], file["title"]) for file in listed] == [
        ("Opening hours.txt", "Opening hours"),
        ("prices.csv", "prices, row 1"),
    ]


async def test_passages_without_a_source_are_deleted_one_by_one(
    http: httpx.AsyncClient, agent: TinyBERTOrchestrator
):
    agent.rag.add_global_documents([{"content": "One."}, {"content": "Two."}])
    files = (await http.get(f"{API}/files")).json()["files"]
    assert [(file["title"], file["uploaded"]) for file in files] == [
        ("One.", False),
        ("Two.", False),
    ]

    await http.delete(f"{API}/files", params={"passage": files[0]["id"]})

    left = (await http.get(f"{API}/files")).json()["files"]
    assert [file["title"] for file in left] == ["Two."]
    for query in ("", "?source=a&passage=b"):
        assert (await http.delete(f"{API}/files{query}")).status_code == 422


@pytest.mark.parametrize(
    ("name", "content", "status", "told"),
    [
        ("tool.exe", b"MZ", 422, "files of type '.exe' cannot be read; known are .csv"),
        ("noted", b"words", 422, "files of type 'none' cannot be read"),
        ("empty.txt", b"", 422, "empty.txt: the file is empty"),
        ("blank.md", b"  \n\n", 422, "blank.md: holds no text"),
        ("broken.json", b"{", 422, "broken.json: is not JSON"),
        ("broken.pdf", b"%PDF-1.7 nothing", 422, "broken.pdf: is damaged"),
        (".hidden.md", b"# a", 422, "'.hidden.md' cannot be used"),
        ("a%5Cb.md", b"# a", 422, "cannot be used"),
        ("long.txt", b"x" * 2001, 413, "MDSA_SERVER_MAX_UPLOAD_BYTES"),
    ],
)
async def test_what_cannot_be_taken_in_is_said(
    http: httpx.AsyncClient, name: str, content: bytes, status: int, told: str
):
    answer = await http.put(f"{API}/files/{name}", content=content)

    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert "mdsa-upload-" not in answer.text
    assert await stored(http) == {None: 0, "orders": 0, "billing": 0, "weather": 0}


async def test_only_an_upload_may_be_longer_than_other_bodies(http: httpx.AsyncClient):
    long = {"message": "an order " * 100}
    assert (await http.post("/chat", json=long)).status_code == 413
    assert (await http.put(f"{API}/files/long.txt", content=b"word " * 300)).status_code == 200


async def test_a_key_changes_documents_only_if_it_was_made_to(
    http: httpx.AsyncClient, agent: TinyBERTOrchestrator
):
    keys = KeyStore(agent.settings.data_dir)

    def bearer(**options: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {keys.create('shop', **options)[1]}"}  # type: ignore[arg-type]

    asking, managing = bearer(), bearer(manages=True)
    narrow = bearer(manages=True, domains=["billing"])

    async def put(headers: dict[str, str], where: str = "") -> int:
        url = f"{API}/files/guide.md{where}"
        return (await http.put(url, content=GUIDE, headers=headers)).status_code

    assert await put({}) == 401
    assert await put(asking) == 403
    assert await put(managing) == 200
    assert await put(narrow) == 403
    assert await put(narrow, "?domain=billing") == 200
    assert await put(narrow, "?domain=orders") == 404
    for headers, status in ((asking, 403), (narrow, 403), (managing, 200)):
        url = f"{API}/files?source=guide.md"
        assert (await http.delete(url, headers=headers)).status_code == status
    about = (await http.get(API, headers=narrow)).json()
    assert about["may_change"]
    assert [store["domain"] for store in about["stores"]] == [None, "billing"]
    assert (await http.get(f"{API}/files?domain=orders", headers=narrow)).status_code == 404
    search = {"query": "boots", "domain": "orders"}
    assert (await http.post(f"{API}/search", json=search, headers=narrow)).status_code == 404


async def test_a_page_of_another_site_cannot_write(http: httpx.AsyncClient):
    """Browsers send a form's POST without asking; PUT and DELETE they ask about first."""
    form = {"Origin": "https://evil.example", "Content-Type": "multipart/form-data; boundary=x"}
    assert (await http.post(f"{API}/files/a.md", content=b"", headers=form)).status_code == 405
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}
    asked = await http.options(f"{API}/files/a.md", headers=preflight)
    assert "access-control-allow-origin" not in asked.headers
