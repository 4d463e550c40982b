"""A small OpenAI-compatible server over any LangChain chat model, on the loopback interface.

Shapes are those of OpenAI's chat completions; what it refuses, it refuses in vLLM's words.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fakes.echo_model import EchoChatModel
from fakes.model_server import ModelHandler, ModelServer, running, with_faults
from fakes.schema_filling import write_in_format
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, convert_to_messages
from langchain_core.messages.utils import count_tokens_approximately

_NO_TOOLS = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'


class OpenAIServer(ModelServer):
    """Serves /v1/models and /v1/chat/completions.

    Args:
        models: by name, what writes the answers.
        key: the one that callers must send; None takes any.
        calls_tools: whether the server was started with tool calls.
        context_length: longest prompt, in tokens.
    """

    def __init__(
        self,
        models: Mapping[str, BaseChatModel],
        *,
        key: str | None = None,
        calls_tools: bool = True,
        context_length: int = 8192,
    ) -> None:
        super().__init__(_Handler)
        self.models = models
        self.key = key
        self.calls_tools = calls_tools
        self.context_length = context_length

    @property
    def reference(self) -> str:
        """Reference of the first model."""
        return f"openai://{self.url.removeprefix('http://')}/{next(iter(self.models))}"


@contextmanager
def serve_openai(
    models: Mapping[str, BaseChatModel] | None = None, **options: Any
) -> Iterator[OpenAIServer]:
    """Run a server in a thread; by default it has the model `org/echo`."""
    with running(OpenAIServer(models or {"org/echo": EchoChatModel()}, **options)) as server:
        yield server


class _Handler(ModelHandler):
    server: OpenAIServer

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        self.read_json()
        if self._refused():
            return
        if self.server.fault.reply is not None:
            self.send_body(200, *self.server.fault.reply)
            return
        if self.path != "/v1/models":
            self._fail(404, "Not Found")
            return
        entries = [
            {"id": name, "object": "model", "owned_by": "vllm"} for name in self.server.models
        ]
        self.send_json(200, {"object": "list", "data": entries})

    def do_POST(self) -> None:  # noqa: N802 - the base class's name
        request = self.read_json()
        if self._refused():
            return
        if self.server.fault.reply is not None:
            self.send_body(200, *self.server.fault.reply)
            return
        backing = self.server.models.get(request.get("model", ""))
        messages = convert_to_messages(request["messages"])
        read = count_tokens_approximately(messages)
        if self.server.fault.refusal is not None:
            self._fail(*self.server.fault.refusal)
        elif self.path != "/v1/chat/completions":
            self._fail(404, "Not Found")
        elif backing is None:
            self._fail(404, f"The model `{request.get('model')}` does not exist.")
        elif request.get("tools") and not self.server.calls_tools:
            self._fail(400, _NO_TOOLS)
        elif read > self.server.context_length:
            limit = self.server.context_length
            text = f"This model's maximum context length is {limit} tokens. However, your request "
            self._fail(400, f"{text}has {read} input tokens.")
        elif request.get("stream"):
            events = self._events(backing, messages, request, read)
            lines = with_faults(events, self.server.fault, b"data: <html>gateway</html>\n\n")
            self.send_parts(lines, "text/event-stream")
        else:
            self.send_json(200, _whole(list(_deltas(backing, messages, request)), request, read))

    def _refused(self) -> bool:
        key = self.server.key
        if key is None or self.headers.get("Authorization") == f"Bearer {key}":
            return False
        self._fail(401, "Unauthorized")
        return True

    def _fail(self, status: int, text: str) -> None:
        error = {"message": text, "type": "BadRequestError", "param": None, "code": status}
        self.send_json(status, {"error": error})

    def _events(
        self, backing: BaseChatModel, messages: list[Any], request: dict[str, Any], read: int
    ) -> Iterator[bytes]:
        fault, written, called = self.server.fault, 0, False
        for number, delta in enumerate(_deltas(backing, messages, request)):
            if fault.error_after is not None and fault.error_after[0] == number:
                yield _event({"error": {"message": fault.error_after[1], "code": 500}})
                return
            written, called = written + 1, called or "tool_calls" in delta
            yield _event(_chunk(request, {"role": "assistant", **delta}, None))
        yield _event(_chunk(request, {}, "tool_calls" if called else "stop"))
        if (request.get("stream_options") or {}).get("include_usage"):
            usage = _usage(read, written)
            yield _event({**_chunk(request, {}, None), "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


def _deltas(
    backing: BaseChatModel, messages: list[Any], request: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    wanted = request.get("response_format") or {"type": "text"}
    if wanted["type"] != "text":
        schema = wanted.get("json_schema", {}).get("schema", {"type": "object"})
        text = write_in_format(backing, messages, schema)
        half = len(text) // 2
        yield from ({"content": text[:half]}, {"content": text[half:]})
        return
    tools, choice = request.get("tools"), request.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        choice = choice["function"]["name"]
    offered = [] if choice == "none" else tools or []
    bound = backing.bind_tools(offered, tool_choice=choice) if offered else backing
    index = 0
    for chunk in bound.stream(messages, stop=request.get("stop")):
        if isinstance(chunk, AIMessageChunk) and chunk.text:
            yield {"content": chunk.text}
        for call in chunk.tool_calls if isinstance(chunk, AIMessageChunk) else []:
            function = {"name": call["name"], "arguments": json.dumps(call["args"])}
            called = {"index": index, "id": f"call_{index}", "type": "function"}
            yield {"tool_calls": [{**called, "function": function}]}
            index += 1


def _whole(deltas: list[dict[str, Any]], request: dict[str, Any], read: int) -> dict[str, Any]:
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(delta.get("content", "") for delta in deltas),
    }
    if calls:
        message["tool_calls"] = calls
    reason = "tool_calls" if calls else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": request["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": _usage(read, len(deltas)),
    }


def _chunk(request: dict[str, Any], delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": request["model"],
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def _usage(read: int, written: int) -> dict[str, int]:
    written = max(written, 1)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
