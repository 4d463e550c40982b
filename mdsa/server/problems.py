"""Errors as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from mdsa.errors import (
    InvalidInputError,
    MdsaError,
    ModelError,
    RequestTimeoutError,
    SessionAccessError,
    SessionBusyError,
    StorageError,
    UnknownNameError,
    UnknownSessionError,
)
from mdsa.server.hang_up import ClientGoneError
from mdsa.server.refusals import RefusedError

__all__ = [
    "MEDIA_TYPE",
    "Problem",
    "describe",
    "install_problems",
    "problem_response",
    "responses",
    "unexpected",
    "unexpected_problem",
]

MEDIA_TYPE = "application/problem+json"

_log = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    """One part of a request that cannot be used."""

    field: str = Field(description="Where it stands.", examples=["body.message"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """Why a request failed (RFC 9457)."""

    type: str = Field(examples=["urn:mdsa:unknown-session"])
    title: str = Field(examples=["No such session"])
    status: int = Field(examples=[404])
    detail: str = Field(
        examples=["no session 's-1': it was never used, or was deleted or pruned; …"]
    )
    instance: str = Field(description="The path that was asked.", examples=["/sessions/s-1"])
    request_id: str = Field(description="Names the request in the server's log.")
    errors: list[FieldProblem] | None = Field(default=None, description="The parts at fault.")


class _Kind(NamedTuple):
    error: type[MdsaError]
    status: int
    title: str
    told: bool
    """Whether the message is for callers; others name folders and servers of the operator."""


_KINDS = [
    _Kind(InvalidInputError, 422, "The request cannot be used", told=True),
    _Kind(UnknownNameError, 404, "No such name", told=True),
    _Kind(UnknownSessionError, 404, "No such session", told=True),
    _Kind(SessionAccessError, 403, "The session belongs to another user", told=True),
    _Kind(SessionBusyError, 409, "The session is answering", told=True),
    _Kind(RequestTimeoutError, 504, "The turn ran out of time", told=True),
    _Kind(ModelError, 503, "No model could answer", told=False),
    _Kind(StorageError, 503, "The stores cannot be used", told=False),
    _Kind(MdsaError, 500, "The agent failed", told=False),
]
_BUSY_RETRY_S = 1


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with, for its OpenAPI description."""
    return {
        status: {
            "model": Problem,
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def describe(error: MdsaError, scope: Scope) -> tuple[dict[str, Any], dict[str, str]]:
    """Give an error as a problem, and the headers that belong to it."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__.removesuffix("Error")).lower()
    retry_after_s: float | None = getattr(error, "retry_after_s", None)
    if isinstance(error, RefusedError):
        status, title, told = error.status, error.title, True
    else:
        kind = next(kind for kind in _KINDS if isinstance(error, kind.error))
        status, title, told = kind.status, kind.title, kind.told
        if isinstance(error, SessionBusyError):
            retry_after_s = _BUSY_RETRY_S
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, RefusedError):
        _log.error("request %s failed: %s", request_id(scope), error)
    detail = str(error) if told else "The server's log says more about this request."
    headers = {}
    if retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return _problem(scope, f"urn:mdsa:{name}", title, status, detail), headers


def problem_response(
    content: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Answer with a problem."""
    return JSONResponse(
        content, content["status"], dict(headers) if headers else None, media_type=MEDIA_TYPE
    )


def unexpected_problem(scope: Scope) -> dict[str, Any]:
    """An error that nobody foresaw, without a word about it."""
    detail = "The server's log says more about this request."
    return _problem(scope, "urn:mdsa:unexpected", "Internal Server Error", 500, detail)


def unexpected(scope: Scope) -> JSONResponse:
    """Answer for an error that nobody foresaw."""
    return problem_response(unexpected_problem(scope))


def request_id(scope: Scope) -> str:
    """The request's id; see `mdsa.server.request_scope`."""
    return str(scope.get("state", {}).get("request_id", ""))


def install_problems(app: FastAPI) -> None:
    """Let every error of the app be a problem."""
    app.add_exception_handler(MdsaError, _on_mdsa_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(ClientGoneError, _on_gone)


def _problem(
    scope: Scope, kind: str, title: str, status: int, detail: str, **more: Any
) -> dict[str, Any]:
    problem = {
        "type": kind,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": scope.get("path", ""),
        "request_id": request_id(scope),
        **more,
    }
    if problem["instance"].startswith("/v1/"):
        # OpenAI's clients read this member; RFC 9457 allows members beside its own.
        problem["error"] = {"message": detail, "type": kind, "code": status, "param": None}
    return problem


async def _on_mdsa_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, MdsaError):
        raise error
    return problem_response(*describe(error, request.scope))


async def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    phrase = HTTPStatus(error.status_code).phrase
    content = _problem(
        request.scope, "about:blank", phrase, error.status_code, str(error.detail or phrase)
    )
    headers = {**(error.headers or {})}
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return problem_response(content, headers)


def _methods(request: Request) -> list[str]:
    """Those that the path takes; the router itself names those of the first route there alone."""
    routes: list[BaseRoute] = request.app.router.routes
    return [
        method
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE")
        if any(one.matches({**request.scope, "method": method})[0] is Match.FULL for one in routes)
    ]


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"field": ".".join(map(str, item["loc"])), "message": item["msg"]}
        for item in error.errors()
    ]
    detail = "; ".join(f"{item['field']}: {item['message']}" for item in found)
    content = _problem(
        request.scope,
        "urn:mdsa:invalid-request",
        "The request cannot be used",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail,
        errors=found,
    )
    return problem_response(content)


async def _on_gone(_request: Request, _error: Exception) -> Response:
    # Nobody reads it; the log and the metrics tell by it what became of the request.
    return Response(status_code=499)
