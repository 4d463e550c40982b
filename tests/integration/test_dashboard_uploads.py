"""Bodies of uploads, which are read of those alone who may send them, and few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from fakes.web_agents import Clerk, serving, until, web_agent

from mdsa.server.keys import KeyStore

URL = "/dashboard/api/knowledge/files/guide.txt"
MOST = 4


class Upload:
    """A body whose end is held back; it notes that it is read."""

    def __init__(self) -> None:
        self.read = False
        self.end = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.read = True
        yield b"word " * 100
        await self.end.wait()
        yield b"last"


class Unread:
    """The server's side of a connection that sends no body unless it is asked for."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""


async def test_nobody_who_may_not_change_documents_gets_to_send_one(tmp_path: Path) -> None:
    agent = web_agent(tmp_path, Clerk())
    keys = KeyStore(agent.settings.data_dir)
    asking = keys.create("shop")[1]
    narrow = keys.create("clinic", domains=["billing"], manages=True)[1]
    async with serving(agent) as (_, http):
        for key, status in (("none", 401), (asking, 403), (narrow, 403)):
            headers = {"Authorization": f"Bearer {key}"}
            answer = await http.put(URL, content=Unread(), headers=headers)
            assert answer.status_code == status
            assert answer.headers["connection"] == "close"


async def test_few_are_read_at_a_time(tmp_path: Path) -> None:
    uploads = [Upload() for _ in range(MOST + 1)]
    async with serving(web_agent(tmp_path, Clerk())) as (_, http):

        async def put(upload: Upload) -> httpx.Response:
            return await http.put(URL, content=upload)

        tasks = [asyncio.create_task(put(upload)) for upload in uploads]
        await until(lambda: sum(upload.read for upload in uploads) >= MOST)
        # The last has come as far as it can, once another request was answered.
        assert (await http.get("/domains")).status_code == 200
        assert sum(upload.read for upload in uploads) == MOST
        for upload in uploads:
            upload.end.set()
        answers = await asyncio.gather(*tasks)

    assert {answer.status_code for answer in answers} == {200}
    assert all("connection" not in answer.headers for answer in answers)


async def test_an_upload_has_its_limits_where_no_length_is_declared(tmp_path: Path) -> None:
    slow, long = Upload(), Upload()
    async with serving(web_agent(tmp_path, Clerk()), max_upload_bytes=501, body_timeout_s=0.1) as (
        _,
        http,
    ):
        assert (await http.put(URL, content=slow)).status_code == 408
        long.end.set()
        refused = await http.put(URL, content=long)

    assert refused.status_code == 413
    assert "MDSA_SERVER_MAX_UPLOAD_BYTES" in refused.json()["detail"]
