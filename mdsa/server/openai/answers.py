"""What a turn gave, in OpenAI's words."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

from mdsa.core.result import RequestResult
from mdsa.server.openai.schemas import (
    Annotation,
    AnswerFacts,
    ChatChoice,
    ChatCompletion,
    ChatReply,
    UrlCitation,
)
from mdsa.server.openai.usage import CompletionUsage

__all__ = ["annotations_of", "answer_texts", "chat_completion", "facts_of"]


def facts_of(result: RequestResult) -> AnswerFacts:
    """What OpenAI's fields have no place for."""
    return AnswerFacts(**{name: result[name] for name in AnswerFacts.model_fields})  # type: ignore[literal-required] # names of the result's own


def annotations_of(result: RequestResult) -> list[Annotation]:
    """The sources, each behind the whole answer."""
    return [
        Annotation(
            url_citation=UrlCitation(
                start_index=0,
                end_index=len(result["response"]),
                title=source["title"],
                url=source["source"],
            )
        )
        for source in result["sources"]
    ]


def chat_completion(result: RequestResult, model: str) -> ChatCompletion:
    """A whole answer."""
    reply = ChatReply(content=result["response"], annotations=annotations_of(result))
    return ChatCompletion(
        id=f"chatcmpl-{result['request_id']}",
        created=int(time.time()),
        model=model,
        choices=[ChatChoice(message=reply)],
        usage=CompletionUsage.of(result),
        mdsa=facts_of(result),
    )


async def answer_texts(
    events: AsyncIterator[dict[str, Any]],
) -> AsyncIterator[str | RequestResult]:
    """Give the answer's text piece by piece, and last the result.

    OpenAI's streams cannot take anything back. Where several domains answer at once, or a model
    broke off, the text comes whole at the end; what was said before a tool ran stays, as a
    paragraph of its own.
    """
    whole = False
    said = ""
    begun = False
    async for event in events:
        kind = event["type"]
        if kind == "route":
            whole = len(event["route"]["domains"]) > 1
        elif kind == "restart":
            whole, said = True, ""
        elif kind == "token" and not whole:
            yield event["text"] if said or not begun else f"\n\n{event['text']}"
            said += event["text"]
            begun = True
        elif kind == "tool":
            said = ""
        elif kind == "final":
            response = event["result"]["response"]
            if said and response.startswith(said):
                rest = response[len(said) :]
            else:
                rest = f"\n\n{response}" if begun else response
            if rest:
                yield rest
            yield event["result"]
