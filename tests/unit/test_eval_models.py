"""The evaluation of models on sets so small that every figure is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel, calls
from langchain_core.messages import AIMessage, BaseMessage

from mdsa.errors import InvalidInputError, ModelUnavailableError
from mdsa.evals.grounded import abstains, grounded, judge
from mdsa.evals.grounded_data import (
    GROUNDED_SETS,
    GroundedCase,
    GroundedSet,
    Question,
    load_grounded,
)
from mdsa.evals.merging import merge_cases, merging
from mdsa.evals.model_bench import ModelBench
from mdsa.evals.models import TOOL_QUESTIONS, evaluate_models
from mdsa.evals.routing_report import Section
from mdsa.evals.tool_calls import no_tool_fits, tool_calls
from mdsa.models.partial_answers import parse_answers
from mdsa.models.passages import parse_passages
from mdsa.models.registry import ModelRegistry
from mdsa.utils.halves import is_held_out

_TOWNS = [f"Town{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """XQuAD with an article a town, and BFCL with a tool a town."""
    squad = tmp_path / "rag" / "xquad_en"
    squad.mkdir(parents=True)
    articles = [
        {"title": town, "paragraphs": [_paragraph(town, 1900 + number)]}
        for number, town in enumerate(_TOWNS)
    ]
    (squad / "xquad.en.json").write_text(json.dumps({"data": articles}), encoding="utf-8")
    bfcl = tmp_path / "tools" / "bfcl"
    bfcl.mkdir(parents=True)
    rows, answers = [], []
    for number in range(40):
        name = f"tool{number}"
        parameters = {"type": "dict", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        rows.append(
            {
                "id": name,
                "question": [[{"role": "user", "content": f"Run {name} with {number}."}]],
                "function": [{"name": name, "description": "Runs.", "parameters": parameters}],
            }
        )
        answers.append({"id": name, "ground_truth": [{name: {"n": [number]}}]})
    for stem in ("simple_python", "parallel"):
        for suffix, lines in (("", rows), ("_answers", answers)):
            text = "\n".join(json.dumps(line) for line in lines)
            (bfcl / f"{stem}{suffix}.jsonl").write_text(text, encoding="utf-8")
    return tmp_path


def _paragraph(town: str, year: int) -> dict[str, Any]:
    text = f"The bridge of {town} was built in {year}. It is made of steel."
    question = {
        "question": f"When was the bridge of {town} built?",
        "answers": [{"text": str(year), "answer_start": text.index(str(year))}],
    }
    return {"context": text, "qas": [question]}


def _bench(
    data_dir: Path, reply: Callable[[list[BaseMessage]], Any], **settings: Any
) -> ModelBench:
    registry = ModelRegistry()
    registry.register("scripted", lambda _name, _options: ScriptedChatModel(replies=[reply]))
    return ModelBench(
        data_dir, ("scripted://x",), resamples=0, registry=registry, misses=[], **settings
    )


def _values(section: Section, subject: str = "") -> dict[str, float]:
    return {
        figure.measure: figure.estimate.value
        for figure in section.figures
        if figure.subject.endswith(subject)
    }


def _oracle(messages: list[BaseMessage]) -> str:
    """Answers where the question's town is in a passage."""
    text = str(messages[-1].text)
    town = text.rsplit("bridge of ", 1)[1].split()[0]
    for passage in parse_passages(text):
        if town in passage.text:
            return passage.text.split(".")[0] + "."
    return "The passages do not mention that."


def test_a_case_shows_its_passage_among_four_others(data_dir: Path) -> None:
    data = load_grounded("xquad_en", data_dir)
    there, absent = data.cases(4, 3)

    assert {question.text.split()[-2] for question in data.questions} == {
        town for town in _TOWNS if is_held_out(town)
    }
    for case in there:
        assert case.gold is not None
        assert len(case.passages) == len(set(case.passages)) == 5
        assert case.answers[0] in case.passages[case.gold]
    assert len(absent) == 3
    assert not {case.question for case in there} & {case.question for case in absent}
    for case in absent:
        town = case.question.split()[-2]
        assert len(case.passages) == 5
        assert not any(town in text for text in case.passages)


def test_passages_of_other_sites_do_not_compete() -> None:
    texts = [f"{site}: we share data number {n}." for site in "ab" for n in range(6)]
    data = GroundedSet(
        "x", "X", texts, [Question("Is data shared?", ("share",), (0, 1))], ["a"] * 6 + ["b"] * 6
    )

    ((case,), _) = data.cases(1, 0)

    assert set(case.passages) == {texts[0], *texts[2:6]}


def test_answers_abstentions_and_inventions_are_counted(data_dir: Path) -> None:
    settings: dict[str, Any] = {"sample": 4, "sets": ("xquad_en",)}
    right = _values(grounded(_bench(data_dir, _oracle, **settings)))
    silent = _values(grounded(_bench(data_dir, lambda _: "I could not find that.", **settings)))
    wrong = grounded(bench := _bench(data_dir, lambda _: "It was Peter, in 1066.", **settings))

    assert (right["right"], right["abstention recall"], right["invented"]) == (1.0, 1.0, 0.0)
    assert right["abstention precision"] == 1.0
    assert (silent["right"], silent["abstention recall"]) == (0.0, 1.0)
    assert silent["abstention precision"] == pytest.approx(2 / 6)
    assert _values(wrong)["invented"] == 1.0
    assert _values(wrong)["abstention recall"] == 0.0
    assert bench.misses is not None
    assert len(bench.misses) == 6


@pytest.mark.parametrize(
    ("reply", "silent"),
    [
        (AIMessage(""), True),
        (AIMessage("The passages don't say."), True),
        (AIMessage("It takes 5 days. " * 20 + "It does not include cables."), False),
        (AIMessage("5 days", response_metadata={"abstained": True}), True),
        (AIMessage("I could not find it", response_metadata={"abstained": False}), False),
    ],
)
def test_an_abstention_is_known_by_its_words_or_metadata(reply: AIMessage, silent: bool) -> None:
    assert abstains(reply) is silent


def test_a_right_answer_with_an_invented_figure_is_not_right() -> None:
    case = GroundedCase("How long?", ("5 days",), ("It takes 5 days.",) * 5, 0)

    assert judge(case, AIMessage("It takes 5 days.")).right
    assert not judge(case, AIMessage("It takes 5 days, or 9.")).right
    assert judge(case, None).abstained


def test_a_broken_reply_counts_but_a_model_that_never_replies_is_an_error(data_dir: Path) -> None:
    seen: list[int] = []

    def fails_later(messages: list[BaseMessage]) -> str:
        seen.append(1)
        if len(seen) > 1:
            raise ModelUnavailableError("gone")
        return _oracle(messages)

    settings: dict[str, Any] = {"sample": 4, "sets": ("xquad_en",)}
    values = _values(grounded(_bench(data_dir, fails_later, **settings)))

    def fails(_: list[BaseMessage]) -> str:
        raise ModelUnavailableError("gone")

    assert values["right"] == 0.25
    with pytest.raises(ModelUnavailableError, match="gone"):
        grounded(_bench(data_dir, fails, **settings))


def test_merged_answers_must_keep_every_fact(data_dir: Path) -> None:
    settings: dict[str, Any] = {"sample": 8, "sets": ("xquad_en",)}

    def joins(messages: list[BaseMessage]) -> str:
        parts = [part.text for part in parse_answers(str(messages[-1].text))]
        return " ".join(dict.fromkeys(parts))

    def drops(messages: list[BaseMessage]) -> str:
        return parse_answers(str(messages[-1].text))[0].text

    kept = _values(merging(_bench(data_dir, joins, **settings)))
    lost = _values(merging(_bench(data_dir, drops, **settings)))

    assert kept["every annotated answer kept"] == kept["every figure and name kept"] == 1.0
    assert kept["invented"] == 0.0
    assert lost["every annotated answer kept"] == lost["every figure and name kept"] == 0.0
    data = load_grounded("xquad_en", data_dir)
    assert {len(set(case.parts)) for case in merge_cases(data, 4, seed=5)} <= {2, 3}


def test_tool_calls_are_right_by_tool_and_by_argument(data_dir: Path) -> None:
    def obeys(messages: list[BaseMessage]) -> AIMessage:
        words = str(messages[-1].text).rstrip(".").split()
        return calls((words[1], "1", {"n": int(words[-1])}))

    def miscounts(messages: list[BaseMessage]) -> AIMessage:
        return calls((str(messages[-1].text).split()[1], "1", {"n": -1}))

    right = tool_calls(_bench(data_dir, obeys, sample=6))
    wrong = tool_calls(_bench(data_dir, miscounts, sample=6))

    assert _values(right, "simple_python")["exact"] == 1.0
    assert _values(right, "parallel, among 4 tools")["exact"] == 1.0
    assert _values(wrong, "simple_python")["tool"] == 1.0
    assert _values(wrong, "simple_python")["exact"] == 0.0
    assert _values(wrong, "simple_python")["arguments"] == 0.0


def test_where_no_tool_fits_none_should_be_called(data_dir: Path) -> None:
    bench = _bench(data_dir, lambda _: "I have no tool for that.", sample=6)

    assert _values(no_tool_fits(bench))["not called"] == 1.0


def test_unknown_names_are_refused(data_dir: Path) -> None:
    bench = _bench(data_dir, _oracle)

    with pytest.raises(InvalidInputError, match="tools, no_tool"):
        evaluate_models(bench, TOOL_QUESTIONS, ["merge"])
    with pytest.raises(InvalidInputError, match=", ".join(GROUNDED_SETS)):
        load_grounded("squad", data_dir)
    with pytest.raises(InvalidInputError, match="policyqa"):
        load_grounded("policyqa", data_dir)
