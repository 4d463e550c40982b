"""A process with an agent of its own; tests talk to it, limit it and kill it.

Its first argument is the folder of its data. Protocol: each line on stdin is a JSON object with one
command and its arguments, each answered by one line of JSON: `ask` TEXT and `resume` DECISION (with
`session`), `show` SESSION, `add` TEXT (a document of `orders`), `count`, `limit` BYTES (no file may
grow beyond; null lifts it) and `unprivileged` (file modes bind even root). A failed command is
answered by `error` and `message`.

The domain `orders` has a tool that writes, `cancel_order`, which notes each run in `cancelled.txt`.
A question, or an order id, that contains "stall" makes model or tool print "stalled" and hang.
"""

import ctypes
import json
import resource
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fakes.agents import make_agent, scripted
from fakes.chat_models import calls
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import MdsaError
from mdsa.tools import Tool, ToolRegistry


def say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def stall() -> None:
    say("stalled")
    threading.Event().wait()


def reply(messages: list[BaseMessage]) -> AIMessage:
    last = messages[-1]
    if isinstance(last, ToolMessage):
        return AIMessage(f"The tool says: {last.text}")
    asked = next(str(m.text) for m in reversed(messages) if isinstance(m, HumanMessage))
    question = asked.splitlines()[-1]  # below the passages
    if question.startswith("cancel"):
        return calls(("cancel_order", "call-1", {"order_id": question.split()[-1]}))
    if "stall" in question:
        stall()
    return AIMessage(f"answer to {question}")


def drop_privileges() -> None:
    """Without its capabilities root is bound by file modes, as any other user."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the interface, this process
    nothing = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


class Process:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        tools = ToolRegistry()
        tools.register(
            Tool("cancel_order", "Cancel an order.", self.cancel_order, writes=True, timeout_s=60)
        )
        self.agent: TinyBERTOrchestrator = make_agent(
            folder, models={"clerk": scripted(reply)}, tools=tools, session_wait_s=5
        )
        self.agent.register_domain(
            "orders", "Orders", ["order"], "fake://clerk", tools=["cancel_order"]
        )

    def cancel_order(self, order_id: str) -> str:
        with (self.folder / "cancelled.txt").open("a") as file:
            file.write(order_id + "\n")
        marker = self.folder / "stall"
        if marker.exists():
            marker.unlink()
            stall()
        return f"cancelled {order_id}"

    def ask(self, text: str, session: str = "s") -> Any:
        return self.agent.process_request(text, {"session_id": session})

    def resume(self, decision: bool | None, session: str = "s") -> Any:
        return self.agent.resume(session, decision)

    def show(self, session: str) -> Any:
        return [message["content"] for message in self.agent.sessions.show(session).messages]

    def add(self, text: str) -> None:
        self.agent.rag.add_local_documents("orders", [{"content": text}])

    def count(self, _: None) -> int:
        return self.agent.rag.count(domain="orders")

    def limit(self, size: int | None) -> None:
        soft = resource.RLIM_INFINITY if size is None else size
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))

    def unprivileged(self, _: None) -> None:
        drop_privileges()

    def obey(self, line: str) -> Any:
        fields = json.loads(line)
        command = next(iter(fields))
        method: Callable[..., Any] = getattr(self, command)
        return method(fields.pop(command), **fields)


def main() -> None:
    process = Process(Path(sys.argv[1]))
    say("ready")
    for line in sys.stdin:
        try:
            answer = process.obey(line)
        except MdsaError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        say(answer)


if __name__ == "__main__":
    main()
