"""What does every endpoint of the server answer?

`python -m mdsa.evals.endpoints --out docs/endpoints.md` serves the demo from a data directory of
its own, asks each route once, and writes what came back.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import InvalidInputError
from mdsa.evals.endpoint_page import Recorded, render_page
from mdsa.evals.endpoint_requests import REFUSED, REQUESTS, Example
from mdsa.server import ServerSettings, create_app
from mdsa.server.keys import KeyStore
from mdsa.server.listening import open_socket
from mdsa.server.process import DrainingServer
from mdsa.settings import load_settings

__all__ = ["record", "routes_of"]

_COMMAND = "python -m mdsa.evals.endpoints --out docs/endpoints.md"
_ABOUT = {"/openapi.json": "Describe the routes, as OpenAPI."}
_TIMEOUT_S = 300
_DRAIN_S = 5


def routes_of(app: FastAPI) -> dict[tuple[str, str], str]:
    """Every `(method, path)` of an app, with what its function says of itself first."""
    found = {}
    for route in iter_route_contexts(app.routes):
        about = _ABOUT.get(str(route.path)) or _first_line(getattr(route, "endpoint", None))
        for method in set(route.methods or ()) - {"HEAD"}:
            found[method, str(route.path)] = about
    return found


def _first_line(function: object) -> str:
    return (function.__doc__ or "").strip().partition("\n")[0]


def record(folder: Path) -> tuple[list[Recorded], list[Recorded]]:
    """Ask a server of the demo.

    Args:
        folder: its data directory.

    Returns:
        The answers of all routes, and some refusals.

    Raises:
        InvalidInputError: a route has no request in `mdsa.evals.endpoint_requests`.
    """
    agent = TinyBERTOrchestrator.from_app(
        settings=load_settings().model_copy(update={"data_dir": folder})
    )
    app = create_app(agent, settings=ServerSettings())
    about = routes_of(app)
    missing = set(about) - {(one.method, one.route) for one in REQUESTS}
    if missing:
        raise InvalidInputError(f"no request is listed for {sorted(missing)}; add one.")
    _, key = KeyStore(folder).create("shop", manages=True)
    with (
        _served(app) as url,
        httpx.Client(base_url=url, timeout=_TIMEOUT_S, trust_env=False) as http,
    ):
        asked = [
            [_ask(http, one, about[one.method, one.route], key) for one in examples]
            for examples in (REQUESTS, REFUSED)
        ]
    return asked[0], asked[1]


def _ask(http: httpx.Client, example: Example, about: str, key: str) -> Recorded:
    headers = {"Authorization": f"Bearer {key}"}
    for url, body in example.before:
        http.post(url, json=body, headers=headers).raise_for_status()
    with http.stream(
        example.method,
        example.target,
        json=example.json,
        content=example.content,
        headers=headers if example.key else {},
    ) as answer:
        content_type = answer.headers.get("content-type", "")
        if content_type.startswith("text/event-stream"):
            body = _first_lines(answer)
        else:
            body = answer.read().decode()
        return Recorded(example, about, answer.status_code, content_type, body)


def _first_lines(answer: httpx.Response) -> str:
    lines = []
    for line in answer.iter_lines():
        lines.append(line)
        if "/dashboard/api/live" in str(answer.url) and lines.count("") >= 2:
            break  # it has no end of its own
    return "\n".join(lines)


@contextmanager
def _served(app: FastAPI) -> Iterator[str]:
    server = DrainingServer(app, drain_s=_DRAIN_S)
    with open_socket("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the page, such as a .md file")
    out: Path = parser.parse_args().out
    with TemporaryDirectory() as folder:
        answers, refused = record(Path(folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render_page(answers, refused, _COMMAND), encoding="utf-8")


if __name__ == "__main__":
    main()
