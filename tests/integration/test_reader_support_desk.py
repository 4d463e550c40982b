"""Floors for the reader, with its encoder, on a support desk of ten passages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from mdsa.models import ReaderChatModel
from mdsa.models.passages import format_passages

_DESK: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "reader" / "questions.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def model() -> ReaderChatModel:
    return ReaderChatModel()


def _ask(model: ReaderChatModel, row: dict[str, Any], *, tools: bool = True) -> AIMessage:
    documents = [
        Document(entry["text"], metadata={"title": entry["title"]})
        for entry in (_DESK["passages"][name] for name in row["passages"])
    ]
    question = f"{format_passages(documents)}\n\n{row['question']}"
    bound = model.bind_tools(_DESK["tools"]) if tools else model
    return bound.invoke([SystemMessage("Help."), HumanMessage(question)])


@pytest.mark.parametrize("tools", [True, False])
def test_answers_hold_what_was_asked_for(model: ReaderChatModel, tools: bool) -> None:
    missed = []
    for row in _DESK["answerable"]:
        reply = _ask(model, row, tools=tools)
        if reply.tool_calls or not all(part in reply.text for part in row["answer"]):
            missed.append((row["question"], reply.text))

    assert len(_DESK["answerable"]) == 27
    assert len(missed) <= 3, missed


@pytest.mark.parametrize("tools", [True, False])
def test_questions_without_an_answer_are_not_answered(model: ReaderChatModel, tools: bool) -> None:
    answered = []
    for row in _DESK["unanswerable"]:
        reply = _ask(model, row, tools=tools)
        if not reply.response_metadata["abstained"]:
            answered.append((row["question"], reply.text))

    assert len(_DESK["unanswerable"]) == 8
    assert len(answered) <= 4, answered


def test_requests_call_the_right_tool_with_the_right_arguments(model: ReaderChatModel) -> None:
    wrong = []
    for row in _DESK["tool_requests"]:
        reply = _ask(model, row)
        made = [[call["name"], call["args"]] for call in reply.tool_calls]
        asked = bool(reply.response_metadata["asked_for"])
        if (row["calls"] == "ask" and not asked) or (
            row["calls"] != "ask" and made != row["calls"]
        ):
            wrong.append((row["question"], made, reply.text))

    assert len(wrong) <= 1, wrong


def test_every_answer_is_verbatim_and_names_its_passages(model: ReaderChatModel) -> None:
    for row in _DESK["answerable"]:
        reply = _ask(model, row, tools=False)
        used = reply.response_metadata["passage_ids"]
        texts = [_DESK["passages"][row["passages"][number - 1]]["text"] for number in used]
        whole = " ".join(" ".join(texts).split())
        for line in reply.text.splitlines():
            if line and not line.startswith("|---") and not reply.response_metadata["abstained"]:
                assert all(part in whole for part in line.split(". ")), line
