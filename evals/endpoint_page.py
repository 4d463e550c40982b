"""The page of the server's endpoints: a table, then every request with its answer."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mdsa.evals.endpoint_requests import Example

__all__ = ["Recorded", "render_page", "shown_path"]

_LONGEST_TEXT = 160
_MOST_ITEMS = 3
_MOST_KEYS = 24
_MOST_LINES = 12
_MOST_JSON_LINES = 90
_FIRST_EVENTS = 4

_SCHEMATHESIS = """\
[Schemathesis](https://schemathesis.io) holds the server against its description. Install it in an
environment of its own, and make the key with `--rate 1000000`:

```sh
schemathesis run "$MDSA_URL/openapi.json" -H "Authorization: Bearer $MDSA_API_KEY" \\
    --phases examples,coverage,fuzzing --max-examples 50 --continue-on-failure --seed 7 \\
    --exclude-checks positive_data_acceptance
```

That check is left out because no schema tells which text is blank, or which session has a turn to
go on with; both are a 422.
"""


@dataclass(frozen=True)
class Recorded:
    """A request and what the server answered."""

    example: Example
    about: str
    """What the route does, in a sentence."""
    status: int
    content_type: str
    body: str

    @property
    def name(self) -> str:
        """The endpoint."""
        return f"{self.example.method} {shown_path(self.example.route)}"


def shown_path(route: str) -> str:
    """A route's path as people write it."""
    return route.replace(":path}", "}")


def render_page(answers: Sequence[Recorded], refused: Sequence[Recorded], command: str) -> str:
    """Give the page as Markdown."""
    lines = [
        "# Endpoints of the server",
        "",
        "Every route of `mdsa serve`, asked once on the demo's domains. Written by "
        f"`{command}`; long answers are cut where `…` stands. The key is one of "
        "`mdsa keys create`; while none was created, this machine is answered without.",
        "",
        *_SCHEMATHESIS.splitlines(),
        "",
        "| Endpoint | What it does | Answer |",
        "|---|---|---|",
    ]
    for one in answers:
        kind = one.content_type.partition(";")[0]
        link = f"[`{one.name}`](#{_anchor(one.name)})"
        lines.append(f"| {link} | {one.about} | {one.status} {kind} |")
    for one in answers:
        lines += ["", f"## `{one.name}`", "", one.about, "", *_exchange(one)]
    lines += ["", "## Errors", "", "Errors are `application/problem+json` (RFC 9457)."]
    for one in refused:
        lines += ["", f"### {one.status} to `{one.name}`", "", *_exchange(one)]
    return "\n".join(lines) + "\n"


def _anchor(heading: str) -> str:
    kept = "".join(char for char in heading.lower() if char.isalnum() or char in " -_")
    return kept.replace(" ", "-")


def _exchange(one: Recorded) -> list[str]:
    kind = one.content_type.partition(";")[0]
    language = "json" if kind.endswith("json") else ""
    told = f"Answer: {one.status}" + (f", `{kind}`" if kind else "")
    body = _body(one)
    block = ["", f"```{language}", body, "```"] if body else []
    return ["```sh", _curl(one.example), "```", "", told, *block]


def _curl(example: Example) -> str:
    parts = ["curl"]
    if example.method != "GET":
        parts += ["-X", example.method]
    if example.key:
        parts.append('-H "Authorization: Bearer $MDSA_API_KEY"')
    if example.json is not None:
        parts += [
            "-H 'Content-Type: application/json'",
            "-d",
            shlex.quote(json.dumps(example.json, ensure_ascii=False)),
        ]
    if example.content is not None:
        parts += ["--data-binary", shlex.quote(example.content)]
    return " ".join([*parts, f'"$MDSA_URL{example.target}"'])


def _body(one: Recorded) -> str:
    if "json" in one.content_type:
        short = json.dumps(_shorter(json.loads(one.body)), indent=2, ensure_ascii=False)
        return _first(short.splitlines(), _MOST_JSON_LINES)
    if one.content_type.startswith("text/event-stream"):
        events = [event for event in one.body.strip().split("\n\n") if event]
        if len(events) > _FIRST_EVENTS + 2:
            events = [*events[:_FIRST_EVENTS], "…", *events[-2:]]
        return "\n\n".join("\n".join(map(_cut, event.splitlines())) for event in events)
    return _first([_cut(line) for line in one.body.strip().splitlines()], _MOST_LINES)


def _first(lines: list[str], most: int) -> str:
    return "\n".join([*lines[:most], *(["…"] if len(lines) > most else [])])


def _shorter(value: Any) -> Any:
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, list):
        kept = [_shorter(item) for item in value[:_MOST_ITEMS]]
        return [*kept, "…"] if len(value) > _MOST_ITEMS else kept
    if isinstance(value, Mapping):
        pairs = list(value.items())
        short = {key: _shorter(item) for key, item in pairs[:_MOST_KEYS]}
        return {**short, "…": "…"} if len(pairs) > _MOST_KEYS else short
    return value


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"
