"""The OpenAPI description, with errors as they are sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from mdsa.server.answer_examples import answer_examples, stream_examples
from mdsa.server.event_stream import STREAM_CONTENT
from mdsa.server.problems import MEDIA_TYPE

__all__ = ["install_description"]

_JSON = "application/json"


def install_description(app: FastAPI) -> None:
    """Describe the app once, when it is first asked for."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    # FastAPI's documented way to change the description.
    app.openapi = describe  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    answered, streamed = answer_examples(), stream_examples()
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            for kind, media in answers.get("200", {}).get("content", {}).items():
                examples = streamed if kind in STREAM_CONTENT else answered
                if (method, path) in examples:
                    media["example"] = examples[method, path]
            for answer in answers.values():
                content = answer.get("content", {})
                if MEDIA_TYPE in content:
                    # FastAPI adds the type of a model's usual answers.
                    content.pop(_JSON, None)
            # Any request may be malformed, or fail in a way that nobody foresaw.
            answers.setdefault("default", _problem("Something else went wrong."))
    for unused in ("HTTPValidationError", "ValidationError"):
        found["components"]["schemas"].pop(unused, None)
    return found


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
