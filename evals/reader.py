"""How well the reader answers, abstains and fills tool arguments.

    python -m mdsa.evals.reader squad --data-dir DIR [--part report|develop|tune] [--sample 200]
    python -m mdsa.evals.reader tools --data-dir DIR

`squad`: every question is asked twice: with its paragraph and the four others that BM25 ranks
highest, and with five others only. Reported: how often the extracted text contains the annotated
answer, how often the reader abstains, and how long an answer takes, with passages that the encoder
has not seen (cold) and has (warm). The weights and the threshold come from the part `tune`
(`mdsa.evals.reader_fit`) and the features were chosen on `develop`. The figures of `report` were
looked at while features were accepted, too: expect a little less on text that is new.

`tools`: the simple_python set of the Berkeley Function Calling Leaderboard: one tool is given, so
choosing is only whether to call; the figures speak mostly of arguments.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from mdsa.embeddings import load_embeddings
from mdsa.evals.reader_data import PARTS, choose_paragraphs, load_squad
from mdsa.models.passages import format_passages
from mdsa.models.reader.chat_model import ReaderChatModel

__all__ = ["evaluate_squad", "evaluate_tools", "main"]

_SEED = 11


def evaluate_squad(
    folder: Path, *, part: str = "report", sample: int = 200, threshold: float | None = None
) -> dict[str, Any]:
    """Answer and abstain on a SQuAD-style set; see the module.

    Args:
        folder: holds the set's JSON file.
        part: which of `PARTS`.
        sample: how many questions, drawn by a fixed seed.
        threshold: the reader's; None is its default.
    """
    data = load_squad(folder)
    items = data.part(part)
    items = random.Random(_SEED).sample(items, min(sample, len(items)))
    embeddings = load_embeddings()
    settings = {} if threshold is None else {"threshold": threshold}
    embeddings.embed_query("the encoder is loaded before the clock starts")
    answered = contained = abstained = 0
    lengths: list[int] = []
    cold: list[float] = []
    warm: list[float] = []
    for item, nearest in zip(items, data.nearest([i.question for i in items]), strict=True):
        for with_gold in (True, False):
            order = choose_paragraphs(item, nearest, with_gold=with_gold)
            model = ReaderChatModel(embeddings=embeddings, **settings)  # an empty cache each time
            prompt = _prompt([data.paragraphs[number] for number in order], item.question)
            reply, seconds = _timed(model, prompt)
            cold.append(seconds)
            warm.append(_timed(model, prompt)[1])
            silent = bool(reply.response_metadata["abstained"])
            if not with_gold:
                abstained += silent
            elif not silent:
                answered += 1
                text = str(reply.text)
                contained += " ".join(item.answer.split()) in text
                lengths.append(len(text))
    count = len(items)
    return {
        "set": folder.name,
        "part": part,
        "questions": count,
        "threshold": ReaderChatModel(**settings).threshold,
        "answer_contained": round(contained / count, 3),
        "answered": round(answered / count, 3),
        "contained_if_answered": round(contained / max(answered, 1), 3),
        "abstained_without_gold": round(abstained / count, 3),
        "characters_median": statistics.median(lengths) if lengths else 0,
        "latency_ms": {"cold": _percentiles(cold), "warm": _percentiles(warm)},
    }


def evaluate_tools(folder: Path) -> dict[str, Any]:
    """Choose and fill on BFCL's simple_python."""
    rows = _jsonl(folder / "simple_python.jsonl")
    truths = {r["id"]: r["ground_truth"][0] for r in _jsonl(folder / "simple_python_answers.jsonl")}
    model = ReaderChatModel(embeddings=load_embeddings())
    outcomes = {"exact": 0, "wrong_arguments": 0, "asked": 0, "not_called": 0}
    examples: dict[str, list[str]] = {name: [] for name in outcomes}
    for row in rows:
        tools = [_openai_schema(function) for function in row["function"]]
        text = row["question"][0][-1]["content"]
        reply = model.bind_tools(tools).invoke([HumanMessage(text)])
        calls = reply.tool_calls
        name, expected = next(iter(truths[row["id"]].items()))
        if not calls:
            outcome = "asked" if reply.response_metadata["asked_for"] else "not_called"
        else:
            right = len(calls) == 1 and calls[0]["name"] == name.replace(".", "_")
            exact = right and _matches(calls[0]["args"], expected)
            outcome = "exact" if exact else "wrong_arguments"
        outcomes[outcome] += 1
        examples[outcome].append(f"{text} -> {[c['args'] for c in calls]} expected {expected}")
    return {
        "set": "bfcl simple_python",
        "questions": len(rows),
        **{name: round(number / len(rows), 3) for name, number in outcomes.items()},
        "examples": {name: found[:3] for name, found in examples.items()},
    }


def _prompt(passages: Sequence[str], question: str) -> list[SystemMessage | HumanMessage]:
    block = format_passages([Document(page_content=text) for text in passages])
    return [SystemMessage("Answer from the passages."), HumanMessage(f"{block}\n\n{question}")]


def _timed(
    model: ReaderChatModel, prompt: Sequence[SystemMessage | HumanMessage]
) -> tuple[AIMessage, float]:
    start = time.perf_counter()
    reply = model.invoke(list(prompt))
    return reply, time.perf_counter() - start


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    return {f"p{share}": round(1000 * ordered[round(last * share / 100)], 1) for share in (50, 95)}


def _jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _openai_schema(function: Mapping[str, Any]) -> dict[str, Any]:
    name = str(function["name"]).replace(".", "_")
    return {"type": "function", "function": {**function, "name": name}}


def _matches(args: Mapping[str, Any], expected: Mapping[str, Sequence[Any]]) -> bool:
    """BFCL's rule: each value is one of those listed, and `""` marks one that may be left out."""
    if set(args) - set(expected):
        return False
    for name, allowed in expected.items():
        if name not in args:
            if "" not in allowed:
                return False
        elif not any(_same(args[name], value) for value in allowed):
            return False
    return True


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return _bare(left) == _bare(right)
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.reader")
    commands = parser.add_subparsers(dest="command", required=True)
    squad = commands.add_parser("squad")
    tools = commands.add_parser("tools")
    for command in (squad, tools):
        command.add_argument("--data-dir", type=Path, required=True)
    squad.add_argument("--part", choices=PARTS, default="report")
    squad.add_argument("--sample", type=int, default=200)
    squad.add_argument("--threshold", type=float, default=None)
    options = parser.parse_args(arguments)
    if options.command == "tools":
        result = evaluate_tools(options.data_dir)
    else:
        result = evaluate_squad(
            options.data_dir,
            part=options.part,
            sample=options.sample,
            threshold=options.threshold,
        )
    sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
