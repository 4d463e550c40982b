"""The pages themselves: they hold no data, and ask for it with the key that the visitor shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

__all__ = ["router"]

router = APIRouter(prefix="/dashboard", include_in_schema=False)

_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
        # Text becomes markup nowhere; browsers that know this see to it.
        *("require-trusted-types-for 'script'", "trusted-types 'none'"),
    ]
)
_PAGES: Final[Mapping[str, str]] = {
    "overview": "Overview",
    "traces": "Traces",
    "try": "Try a message",
    "knowledge": "Knowledge",
}
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@router.get("", response_class=HTMLResponse)
async def overview(request: Request) -> HTMLResponse:
    """Show requests, latencies, decisions, models and stores."""
    return _page(request, "overview")


@router.get("/traces", response_class=HTMLResponse)
async def traces(request: Request) -> HTMLResponse:
    """Show which nodes the last turns visited."""
    return _page(request, "traces")


@router.get("/try", response_class=HTMLResponse)
async def try_message(request: Request) -> HTMLResponse:
    """Ask something, and see why it was routed as it was."""
    return _page(request, "try")


@router.get("/knowledge", response_class=HTMLResponse)
async def knowledge(request: Request) -> HTMLResponse:
    """Search, upload and delete documents."""
    return _page(request, "knowledge")


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """Give a script, a style sheet or a picture."""
    found = _assets().get(name)
    if found is None:
        raise HTTPException(404, f"no file {name[:100]!r} belongs to the dashboard")
    content, kind, tag = found
    # A browser asks each time whether its copy is the present one: an update is seen at once.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _page(request: Request, name: str) -> HTMLResponse:
    html = (
        _templates()
        .get_template(f"{name}.html")
        .render(
            name=name,
            title=_PAGES[name],
            pages=_PAGES,
            # Behind a proxy that serves it below a path of its own.
            root=request.scope.get("root_path", ""),
        )
    )
    return HTMLResponse(
        html, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("mdsa.server.dashboard"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _assets() -> dict[str, tuple[bytes, str, str]]:
    """The files by name: content, type, and a tag that changes with the content."""
    found = {}
    for file in files("mdsa.server.dashboard").joinpath("static").iterdir():
        kind = _TYPES.get("." + file.name.rpartition(".")[2])
        if kind is not None:
            content = file.read_bytes()
            found[file.name] = (content, kind, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return found
