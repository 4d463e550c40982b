"""A small Ollama: its HTTP API over any LangChain chat model, on the loopback interface.

Paths, shapes, status codes and error texts are those of Ollama's own server (0.20).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fakes.bag_of_words import encode
from fakes.echo_model import EchoChatModel
from fakes.model_server import ModelHandler, ModelServer, running, with_faults
from fakes.ollama_messages import fitted, to_langchain
from fakes.schema_filling import write_in_format
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk

_CREATED = "2026-01-02T03:04:05.678901Z"
_NDJSON = "application/x-ndjson"
_DEFAULT_CONTEXT = 4096


@dataclass
class ServedModel:
    """A model that is pulled.

    Attributes:
        name: with its tag, such as `llama3:8b`.
        backing: writes the answers.
        capabilities: as `/api/show` lists them; None for a server that is too old to.
        context_length: what the model itself can read.
    """

    name: str
    backing: BaseChatModel = field(default_factory=EchoChatModel)
    capabilities: Sequence[str] | None = ("completion", "tools")
    context_length: int = 8192

    def can(self, ability: str) -> bool:
        return ability in (self.capabilities or ("completion",))


class OllamaServer(ModelServer):
    """Serves /api/chat, generate, show, tags, ps, version, embed and pull."""

    def __init__(self, models: Sequence[ServedModel | str]) -> None:
        super().__init__(_Handler)
        served = [ServedModel(one) if isinstance(one, str) else one for one in models]
        self.models = {one.name: one for one in served}
        self.loaded: dict[str, int] = {}
        """Context length of each model in memory."""
        self.in_library = {"phi3:mini"}
        """Models that can be pulled."""

    def find(self, name: str) -> ServedModel | None:
        return self.models.get(name if ":" in name else f"{name}:latest")


@contextmanager
def serve_ollama(models: Sequence[ServedModel | str]) -> Iterator[OllamaServer]:
    """Run a server in a thread."""
    with running(OllamaServer(models)) as server:
        yield server


class _Handler(ModelHandler):
    server: OllamaServer

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        self.read_json()
        if self.server.fault.refusal is not None:
            status, text = self.server.fault.refusal
            self.send_json(status, {"error": text})
        elif self.path == "/api/tags":
            self.send_json(200, {"models": [_entry(one) for one in self.server.models.values()]})
        elif self.path == "/api/ps":
            entries = [
                {
                    **_entry(self.server.models[name]),
                    "expires_at": "2026-01-02T03:09:05Z",
                    "size_vram": 0,
                    "context_length": context,
                }
                for name, context in self.server.loaded.items()
            ]
            self.send_json(200, {"models": entries})
        elif self.path == "/api/version":
            self.send_json(200, {"version": "0.20.0"})
        else:
            self.send_error(404)

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        try:
            request = self.read_json()
        except ValueError:
            self.send_json(400, {"error": "invalid character in request body"})
            return
        if self.server.fault.refusal is not None:
            status, text = self.server.fault.refusal
            self.send_json(status, {"error": text})
            return
        if self.path == "/api/pull":
            self._pull(request)
            return
        name = str(request.get("model", ""))
        model = self.server.find(name)
        answer = {
            "/api/chat": self._chat,
            "/api/generate": self._generate,
            "/api/show": self._show,
            "/api/embed": self._embed,
        }.get(self.path)
        if answer is None:
            self.send_error(404)
        elif not name:
            self.send_json(400, {"error": "model is required"})
        elif model is None:
            self.send_json(404, {"error": _not_found(self.path, name)})
        else:
            answer(model, request)

    def _show(self, model: ServedModel, request: dict[str, Any]) -> None:
        info = {"general.architecture": "llama", "llama.context_length": model.context_length}
        shown: dict[str, Any] = {"details": _details(), "model_info": info, "template": ""}
        if model.capabilities is not None:
            shown["capabilities"] = list(model.capabilities)
        self.send_json(200, shown)

    def _embed(self, model: ServedModel, request: dict[str, Any]) -> None:
        given = request.get("input", "")
        texts = [given] if isinstance(given, str) else list(given)
        if not model.can("embedding"):
            self.send_json(500, {"error": "this model does not support embeddings"})
            return
        vectors = encode(texts).tolist() if texts else []
        self.send_json(200, {"model": model.name, "embeddings": vectors, "prompt_eval_count": 8})

    def _pull(self, request: dict[str, Any]) -> None:
        name = str(request.get("model", ""))
        layer = {"status": "pulling 797b70c4edf8", "digest": "sha256:797b70c4edf8", "total": 200}
        states: list[dict[str, Any]] = [{"status": "pulling manifest"}]
        if name in self.server.in_library:
            self.server.models[name] = ServedModel(name)
            states += [layer, {**layer, "completed": 100}, {**layer, "completed": 200}]
            done = ("verifying sha256 digest", "writing manifest", "success")
            states += [{"status": text} for text in done]
        else:
            states.append({"error": "pull model manifest: file does not exist"})
        if request.get("stream", True):
            self.send_parts((_line(state) for state in states), _NDJSON)
        else:
            self.send_json(500 if "error" in states[-1] else 200, states[-1])

    def _generate(self, model: ServedModel, request: dict[str, Any]) -> None:
        messages: list[dict[str, Any]] = []
        if request.get("system"):
            messages.append({"role": "system", "content": request["system"]})
        user = {"role": "user", "content": request.get("prompt", "")}
        messages.append({**user, "images": request.get("images") or []})
        self._answer(model, {**request, "messages": messages}, key="response")

    def _chat(self, model: ServedModel, request: dict[str, Any]) -> None:
        if request.get("tools") and not model.can("tools"):
            text = f"registry.ollama.ai/library/{model.name} does not support tools"
            self.send_json(400, {"error": text})
        elif request.get("think") and not model.can("thinking"):
            self.send_json(400, {"error": f'"{request["model"]}" does not support thinking'})
        elif not model.can("completion"):
            self.send_json(400, {"error": f'"{request["model"]}" does not support chat'})
        else:
            self._answer(model, request, key="message")

    def _answer(self, model: ServedModel, request: dict[str, Any], key: str) -> None:
        options = request.get("options") or {}
        window = int(options.get("num_ctx") or _DEFAULT_CONTEXT)
        problem = _request_problem(model, request)
        if problem is not None:
            self.send_json(problem[0], {"error": problem[1]})
            return
        if request.get("keep_alive") == 0 and not request["messages"]:
            self.server.loaded.pop(model.name, None)
            self.send_json(200, _part(model, key, {"content": ""}, done_reason="unload"))
            return
        self.server.loaded[model.name] = window
        if not request["messages"]:
            self.send_json(200, _part(model, key, {"content": ""}, done_reason="load"))
            return
        parts = _parts(model, request, window, key)
        if request.get("stream", True):
            self.send_parts(self._faulty(parts), _NDJSON)
        else:
            self.send_json(200, _joined(list(parts), key))

    def _faulty(self, parts: Iterator[dict[str, Any]]) -> Iterator[bytes]:
        fault = self.server.fault
        lines = with_faults((_line(part) for part in parts), fault, b"<html>gateway</html>\n")
        for number, line in enumerate(lines):
            if fault.error_after is not None and fault.error_after[0] == number:
                yield _line({"error": fault.error_after[1]})
                return
            yield line


def _not_found(path: str, name: str) -> str:
    if path == "/api/embed":
        return f'model "{name}" not found, try pulling it first'
    return f"model '{name}' not found"


def _request_problem(model: ServedModel, request: dict[str, Any]) -> tuple[int, str] | None:
    wanted = request.get("format")
    if wanted not in (None, "", "json") and not isinstance(wanted, dict):
        text = f'invalid format: {json.dumps(json.dumps(wanted))}; expected "json" or a valid JSON '
        return 500, f"{text}Schema object"
    for message in request["messages"]:
        for image in message.get("images") or []:
            try:
                base64.b64decode(image, validate=True)
            except binascii.Error:
                return 400, "illegal base64 data at input byte 0"
            if not model.can("vision"):
                return 500, "image input is not supported - hint: provide the mmproj"
    return None


def _parts(
    model: ServedModel, request: dict[str, Any], window: int, key: str
) -> Iterator[dict[str, Any]]:
    options = request.get("options") or {}
    messages, read = fitted(to_langchain(request["messages"]), window)
    most, written, reason = int(options.get("num_predict") or -1), 0, "stop"
    for chunk in _written(model.backing, messages, request, options.get("stop")):
        if 0 <= most <= written:
            reason = "length"
            break
        if chunk.text:
            written += 1
            yield _part(model, key, {"content": chunk.text})
        if chunk.tool_calls:
            calls = [
                {"id": call["id"], "function": {"name": call["name"], "arguments": call["args"]}}
                for call in chunk.tool_calls
            ]
            yield _part(model, key, {"content": "", "tool_calls": calls})
    counts = {"prompt_eval_count": read, "eval_count": max(written, 1)}
    yield {**_part(model, key, {"content": ""}, done_reason=reason), **counts}


def _written(
    backing: BaseChatModel,
    messages: list[Any],
    request: dict[str, Any],
    stop: list[str] | None,
) -> Iterator[AIMessageChunk]:
    wanted = request.get("format")
    if wanted:
        schema = wanted if isinstance(wanted, dict) else {"type": "object"}
        text = write_in_format(backing, messages, schema)
        half = len(text) // 2
        yield from (AIMessageChunk(text[:half]), AIMessageChunk(text[half:]))
        return
    tools = request.get("tools")
    bound = backing.bind_tools(tools) if tools else backing
    for chunk in bound.stream(messages, stop=stop):
        if isinstance(chunk, AIMessageChunk):
            yield chunk


def _part(
    model: ServedModel, key: str, message: dict[str, Any], done_reason: str | None = None
) -> dict[str, Any]:
    said = {"role": "assistant", **message} if key == "message" else message["content"]
    part: dict[str, Any] = {"model": model.name, "created_at": _CREATED, key: said}
    if done_reason is None:
        return {**part, "done": False}
    return {
        **part,
        "done": True,
        "done_reason": done_reason,
        "total_duration": 5,
        "load_duration": 1,
    }


def _joined(parts: list[dict[str, Any]], key: str) -> dict[str, Any]:
    last = parts[-1]
    if key != "message":
        return {**last, key: "".join(part[key] for part in parts)}
    said = {"role": "assistant", "content": "".join(part[key]["content"] for part in parts)}
    calls = [call for part in parts for call in part[key].get("tool_calls", [])]
    return {**last, key: {**said, "tool_calls": calls} if calls else said}


def _details() -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "llama",
        "families": ["llama"],
        "parameter_size": "8.0B",
        "quantization_level": "Q4_0",
    }


def _entry(model: ServedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "model": model.name,
        "modified_at": _CREATED,
        "size": 1,
        "digest": "2ae6f6dd7a3dd734790bbbf58b8909a6",
        "details": _details(),
    }


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
