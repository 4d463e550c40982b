"""The agent behind a chat page of Gradio: answers as they are made, a session per page."""

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

# Before the import: nothing is reported to Gradio's makers.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from gradio.components.chatbot import OptionDict

from mdsa import MdsaError, TinyBERTOrchestrator
from mdsa.core.result import RequestResult
from mdsa.errors import InvalidInputError

QUESTIONS = ["Where is order ORD-1002?", "What does error E21 on my hub mean?"]
DECISIONS = {"Approve": True, "Decline": False}
CHOICES = [OptionDict(value=decision) for decision in DECISIONS]


def plain(text: str) -> str:
    """Markdown without HTML and images, which could fetch something from another host."""
    return text.replace("<", "&lt;").replace("![", "!\\[")


def messages_of(result: RequestResult) -> list[gr.ChatMessage]:
    """The answer, and below it the route and the sources; approval is asked by buttons."""
    route = [*result["domains"], result["decision"], f"confidence {result['confidence']:.0%}"]
    if result["degraded"]:
        route.append("degraded")
    used = [f"Source: {plain(source['title'])}" for source in result["sources"]]
    used += [f"Tool: {call['name']}, {call['status']}" for call in result["tool_calls"]]
    return [
        gr.ChatMessage(plain(result["response"])),
        gr.ChatMessage(
            "\n".join(dict.fromkeys(used)),
            metadata={"title": " · ".join(route)},
            options=CHOICES if result["interrupts"] else [],
        ),
    ]


def build(agent: TinyBERTOrchestrator) -> gr.Blocks:
    """Make the page."""

    async def answer(
        message: str, history: list[dict[str, Any]], conversation: str
    ) -> AsyncIterator[tuple[list[gr.ChatMessage], str]]:
        # Gradio keeps the state on the server; a page cannot choose another conversation.
        conversation = conversation or uuid4().hex
        user = {"user_id": conversation}
        decided = bool(history and history[-1].get("options")) and message in DECISIONS
        try:
            if decided:
                result = await agent.aresume(conversation, DECISIONS[message], user)
                yield messages_of(result), conversation
                return
            texts: dict[str, str] = {}  # of the domains that answer, by node
            async for event in agent.astream_request(message, {**user, "session_id": conversation}):
                if event["type"] == "token":
                    texts[event["node"]] = texts.get(event["node"], "") + event["text"]
                    yield [gr.ChatMessage(plain("\n\n".join(texts.values())))], conversation
                elif event["type"] == "tool":
                    texts.pop(f"{event['domain']}/generate", None)
                elif event["type"] == "restart":
                    texts.pop(event["node"], None)
                elif event["type"] == "final":
                    yield messages_of(event["result"]), conversation
        except InvalidInputError as error:
            raise gr.Error(plain(str(error))) from error
        except MdsaError as error:  # its message may name folders and servers
            raise gr.Error("The assistant cannot answer at the moment.") from error

    page = gr.Blocks(title="Shop assistant", fill_height=True)
    with page:
        conversation = gr.State("")
        chatbot = gr.Chatbot(
            show_label=False,
            scale=1,
            buttons=["copy"],
            allow_tags=False,
            latex_delimiters=[],
        )
        gr.ChatInterface(
            answer,
            title="Shop assistant",
            chatbot=chatbot,
            additional_inputs=[conversation],
            additional_outputs=[conversation],
            examples=[[question] for question in QUESTIONS],
            concurrency_limit=8,
        )
        chatbot.clear(lambda: "", outputs=conversation)
    return page


if __name__ == "__main__":
    with TinyBERTOrchestrator.from_app() as agent:
        build(agent).launch(
            # Gradio's own fonts come from another host.
            theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            footer_links=[],
        )
