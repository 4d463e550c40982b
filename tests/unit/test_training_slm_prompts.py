"""What the adapter is trained on is, letter for letter, what the model is asked at run time."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from fakes.smollm2 import scripted_model
from langchain_core.messages import HumanMessage

from mdsa.models.partial_answers import PartialAnswer, merge_prompt
from mdsa.models.smollm2.evidence import EvidenceFinder
from mdsa.nodes.split_request import held_to, split_prompt, split_schema
from mdsa.training.slm_calls import request_sample
from mdsa.training.slm_grounded import ask_messages, fact_samples
from mdsa.training.slm_splits import merge_samples, split_sample
from mdsa.training.slm_tools import draw_request, made_tools


def test_of_a_question_with_passages() -> None:
    finder = EvidenceFinder()
    asked: list[Any] = []

    class Watched(EvidenceFinder):
        def find(self, conversation: Any) -> Any:
            asked.append(conversation)
            return finder.find(conversation)

    samples = list(fact_samples(3, random.Random(11), Watched()))

    for sample in samples:
        question = re.findall(r"Question: (.*?)<\|im_end\|>", sample.prompt, re.DOTALL)[0]
        conversation = next(one for one in asked if one.question == question)
        texts = [passage.text for passage in conversation.passages]
        titles = [passage.title for passage in conversation.passages]
        model, engine = scripted_model("x", finder=finder)
        model.invoke(ask_messages(texts, question, titles))
        assert [prompt for prompt, _ in engine.asked] == [sample.prompt]


def test_of_a_tool_call() -> None:
    rng = random.Random(4)
    request = draw_request(made_tools()[0], rng)
    sample = request_sample("templates", request, request.tools, random.Random(2))
    model, engine = scripted_model(sample.answer)
    calls = [{"name": name, "arguments": args} for name, args in request.calls]

    model.bind_tools(request.tools).invoke([HumanMessage(request.text)])

    assert json.loads(sample.answer) == calls
    assert engine.asked[0][0] == sample.prompt


def test_of_a_split() -> None:
    domains = {"pool": "Swimming: hours, fees.", "library": "Books and cards."}
    messages = {"pool": ["When does the pool open?"], "library": ["How do I get a card?"]}
    sample = split_sample("own", domains, messages, random.Random(1))
    text = re.findall(r"<\|im_start\|>user\n(.*)<\|im_end\|>", sample.prompt, re.DOTALL)[0]
    offered = {name: said for name, said in domains.items() if f"- {name}:" in sample.prompt}
    model, engine = scripted_model(sample.answer)

    held_to(model, split_schema(offered, 3)).invoke(split_prompt(text, offered, 3))

    assert [prompt for prompt, _ in engine.asked] == [sample.prompt]


def test_of_a_merge() -> None:
    sample = next(merge_samples(1, random.Random(3)))
    listing = re.findall(r"<\|im_start\|>user\n(.*)<\|im_end\|>", sample.prompt, re.DOTALL)[0]
    parts = re.findall(r"^\d\. (.*)\n(.*)$", listing, re.MULTILINE)
    model, engine = scripted_model(sample.answer)

    model.invoke(merge_prompt("All of it?", [PartialAnswer(*part) for part in parts]))

    assert [prompt for prompt, _ in engine.asked] == [sample.prompt]
