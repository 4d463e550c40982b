"""`mdsa chat`: a conversation, the answers as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console

from mdsa.cli.ask import AllowOption, SessionOption, UserOption, turn_context
from mdsa.cli.errors import report_error
from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, printable, write_json
from mdsa.errors import MdsaError

if TYPE_CHECKING:
    from mdsa.core.orchestrator import TinyBERTOrchestrator
    from mdsa.core.result import RequestResult

__all__ = ["chat"]

_HELP = "/quit exits, /sources lists the last answer's sources, /session shows the session id."
_YES = frozenset({"y", "yes"})
_NO = frozenset({"n", "no"})


@takes_common_options()
def chat(
    invocation: Invocation,
    session: SessionOption = None,
    user: UserOption = None,
    allow: AllowOption = None,
) -> None:
    """Talk to the agent, at a terminal or through a pipe.

    Type /quit to exit, /sources to list the last answer's sources, and /session to show the
    session id. With --json, each event of a turn is one line; the last one has the type "final".
    """
    from mdsa.cli.agent import open_agent

    with open_agent(invocation.settings) as agent:
        context = turn_context(session, user, allow)
        conversation = _Conversation(agent, context, as_json=invocation.as_json)
        if conversation.interactive:
            names = ", ".join(domain.name for domain in agent.domains)
            conversation.notices.print(plain(f"Domains: {names}. {_HELP}", "dim"))
        conversation.run()


class _Conversation:
    def __init__(
        self, agent: TinyBERTOrchestrator, context: dict[str, Any], *, as_json: bool
    ) -> None:
        self._agent = agent
        self._context = context
        self._as_json = as_json
        self._last: RequestResult | None = None
        self.interactive = sys.stdin.isatty()
        self.out = console()
        self.notices = console(stderr=True)

    def run(self) -> None:
        """Answer line after line until /quit or the end of input."""
        while (line := self._read("you> ")) is not None:
            text = line.strip()
            if text == "/quit":
                return
            try:
                if text.startswith("/"):
                    self._command(text)
                elif text:
                    self._turn(text)
            except MdsaError as error:
                if not self.interactive:
                    raise
                report_error(error)

    def _read(self, prompt: str) -> str | None:
        """The next line; None at the end of input."""
        if self.interactive:
            try:
                return self.notices.input(plain(prompt, "bold"))
            except EOFError:
                return None
        return sys.stdin.readline() or None

    def _command(self, text: str) -> None:
        if text == "/session":
            known = self._context.get("session_id")
            self.out.print(plain(known or "The session starts with your first message."))
        elif text == "/sources":
            sources = self._last["sources"] if self._last else []
            for number, source in enumerate(sources, 1):
                self.out.print(plain(f"{number}. {source['title']} ({source['source']})"))
            if not sources:
                self.out.print(plain("The last answer has no sources."))
        else:
            self.notices.print(plain(f"There is no command {text}. {_HELP}"))

    def _turn(self, text: str) -> None:
        result = self._show(self._agent.stream_request(text, self._context))
        while result["interrupts"]:
            decision = self._decision()
            if decision is None:
                self.notices.print(
                    plain(f"Undecided: mdsa resume {result['session_id']} --approve (or --decline)")
                )
                return
            context = {name: v for name, v in self._context.items() if name != "session_id"}
            result = self._agent.resume(result["session_id"], decision, context)
            self._last = result
            if self._as_json:
                write_json({"type": "final", "result": result})
            else:
                self.out.print(plain(result["response"]))
                self._foot(result)

    def _show(self, events: Iterator[dict[str, Any]]) -> RequestResult:
        result: RequestResult | None = None
        printer = _TokenPrinter(self.out)
        for event in events:
            if self._as_json:
                write_json(event)
            elif event["type"] == "route":
                printer.begin(event["route"])
            elif event["type"] == "token":
                printer.token(event["node"], event["text"])
            elif event["type"] == "restart":
                printer.restart(event["node"])
            if event["type"] == "final":
                result = event["result"]
        if result is None:
            raise RuntimeError("a turn ended without a result")
        self._last = result
        self._context["session_id"] = result["session_id"]
        if not self._as_json:
            printer.finish(result["response"])
            self._foot(result)
        return result

    def _foot(self, result: RequestResult) -> None:
        parts = [
            result["domain"],
            result["decision"],
            f"confidence {result['confidence']:.2f}",
            *(call["name"] for call in result["tool_calls"]),
            *(["degraded"] if result["degraded"] else []),
            f"{result['latency_ms']:.0f} ms",
        ]
        self.notices.print(plain("  " + " · ".join(parts), "dim"))

    def _decision(self) -> bool | None:
        """What the person says of the calls that the last answer names; None at the end."""
        while (line := self._read("approve? [y/n] ")) is not None:
            answer = line.strip().lower()
            if answer in _YES | _NO:
                return answer in _YES
            self.notices.print(plain("Answer y or n."))
        return None


class _TokenPrinter:
    """Shows tokens as they come where one domain answers.

    The answers of several domains come side by side and would mix; they are shown at the end.
    """

    def __init__(self, out: Console) -> None:
        self._out = out
        self._domains: list[str] = []
        self._shown = ""

    def begin(self, route: dict[str, Any]) -> None:
        """Take note of who answers."""
        self._domains = route["domains"] or [route["decision"]]

    def token(self, node: str, text: str) -> None:
        """Show a token of the one domain that answers."""
        if len(self._domains) == 1 and node.startswith(f"{self._domains[0]}/"):
            self._shown += text
            self._out.print(plain(text), end="", soft_wrap=True)

    def restart(self, node: str) -> None:
        """Say that what stands there is no answer; the next one begins on a line of its own."""
        if self._shown and node.startswith(f"{self._domains[0]}/"):
            self._shown = ""
            self._out.print(plain("\n[interrupted; the answer starts over]", "dim"))

    def finish(self, response: str) -> None:
        """Show what the tokens did not: all of it, where a tool or a fallback came between."""
        shown, whole = self._shown.strip(), response.strip()
        if shown and shown.endswith(whole):
            rest = ""
        elif whole.startswith(shown):
            rest = printable(whole[len(shown) :])
        else:
            rest = f"\n{printable(whole)}"
        self._out.print(plain(rest), soft_wrap=True)
