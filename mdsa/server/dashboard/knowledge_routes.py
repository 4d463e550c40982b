"""What the knowledge page asks: documents of the shared store and of each domain's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mdsa.errors import InvalidInputError, UnknownNameError
from mdsa.retrieval.loaders import SUFFIXES
from mdsa.server.caller import Asking, Caller, Managing
from mdsa.server.dashboard.knowledge import Passage, find, list_files, take_in
from mdsa.server.dashboard.parts import Shown
from mdsa.server.hang_up import ClientGoneError
from mdsa.server.refusals import ForbiddenError
from mdsa.server.service import Served, Service

__all__ = ["router"]

router = APIRouter(prefix="/dashboard/api/knowledge", include_in_schema=False)

_MOST_FILES = 200
_MOST_FOUND = 10

StoreName = Annotated[
    str | None, Query(description="The domain whose documents they are; those of all without it.")
]


class SearchRequest(BaseModel):
    """What to look for, and where."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(max_length=8000, description="A question or words.")
    domain: str | None = Field(default=None, description="Search its documents and the shared.")
    most: int = Field(default=5, ge=1, le=_MOST_FOUND)


@router.get("")
async def describe(service: Served, caller: Asking) -> dict[str, Any]:
    """Tell which stores there are, what may be uploaded, and whether the caller may do so."""
    names = caller.visible(service.domain_names)

    def count() -> list[dict[str, Any]]:
        rag = service.agent.rag
        return [{"domain": name, "passages": rag.count(domain=name)} for name in (None, *names)]

    return {
        "stores": await run_in_threadpool(count),
        "file_types": sorted(SUFFIXES),
        "max_bytes": service.settings.max_upload_bytes,
        "may_change": caller.manages,
    }


@router.get("/files")
async def show_files(
    service: Served,
    caller: Asking,
    domain: StoreName = None,
    contains: Annotated[str, Query(max_length=200)] = "",
) -> dict[str, Any]:
    """List what a store holds."""
    _check_domain(service, caller, domain)
    listed, total = await run_in_threadpool(
        list_files, service.agent.rag, domain, _MOST_FILES, contains
    )
    return {"files": listed, "total": total}


@router.post("/search")
async def search(body: SearchRequest, service: Served, caller: Asking) -> list[Passage]:
    """Find passages as the domain itself would."""
    _check_domain(service, caller, body.domain)
    return await run_in_threadpool(find, service.agent.rag, body.query, body.domain, body.most)


# PUT and DELETE, and no form: a page of another site cannot send these without being allowed to.
@router.put("/files/{name}")
async def upload(
    name: Annotated[str, Path(description="The file's name; it is replaced if there is one.")],
    request: Request,
    service: Served,
    shown: Shown,
    caller: Managing,
    domain: StoreName = None,
) -> dict[str, int]:
    """Take in a file, which is the body."""
    _check_change(service, caller, domain)
    async with shown.uploading:
        try:
            content = await request.body()
        except ClientDisconnect as error:
            raise ClientGoneError from error
        async with shown.writing:
            changes = await run_in_threadpool(take_in, service.agent.rag, name, content, domain)
    return asdict(changes)


@router.delete("/files")
async def delete(
    service: Served,
    caller: Managing,
    domain: StoreName = None,
    source: Annotated[str | None, Query(min_length=1, description="Of the passages.")] = None,
    passage: Annotated[str | None, Query(min_length=1, description="Id of one.")] = None,
) -> dict[str, int]:
    """Delete the passages of a source, or one passage."""
    _check_change(service, caller, domain)
    if (source is None) == (passage is None):
        raise InvalidInputError("say what to delete: either source or passage.")
    ids = None if passage is None else [passage]
    deleted = await run_in_threadpool(
        lambda: service.agent.rag.delete(ids=ids, source=source, domain=domain)
    )
    if not deleted:
        raise HTTPException(
            404, f"no document {(source or passage)!r:.200} is stored here; list them again."
        )
    return {"deleted": deleted}


def _check_domain(service: Service, caller: Caller, domain: str | None) -> None:
    visible = caller.visible(service.domain_names)
    if domain is not None and domain not in visible:
        raise UnknownNameError("domain", domain, visible)


def _check_change(service: Service, caller: Caller, domain: str | None) -> None:
    _check_domain(service, caller, domain)
    if domain is None and caller.restricted:
        raise ForbiddenError("this key is for some domains, and shared documents are for all.")
