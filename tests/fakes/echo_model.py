"""A chat model that repeats what it was told, counts images, and calls the first tool offered."""

from __future__ import annotations

from typing import Any

from fakes.chat_models import ScriptedChatModel, calls
from langchain_core.messages import BaseMessage, ToolMessage
from pydantic import Field


class EchoChatModel(ScriptedChatModel):
    """Says "You said:" and the last message; an offered tool's first argument is that message."""

    replies: list[Any] = Field(default_factory=lambda: [""])

    def _next(self, messages: list[BaseMessage], options: dict[str, Any]) -> Any:
        super()._next(messages, options)
        last = messages[-1]
        if options.get("tools") and not isinstance(last, ToolMessage):
            function = options["tools"][0]["function"]
            argument = next(iter(function["parameters"]["properties"]), "text")
            return calls((function["name"], "call_echo", {argument: str(last.text)}))
        blocks = [] if isinstance(last.content, str) else last.content_blocks
        images = sum(block["type"] == "image" for block in blocks)
        seen = f" (and showed {images} image)" if images else ""
        return f"You said: {last.text}{seen}"
