"""How many service calls of dialogues a model gets right, its tool alone on offer.

    python -m mdsa.evals.service_calls --data-dir DATA [--model REF] [--forced] [--sample N]
        [--misses FILE]

The calls are those of the services of SGD that nothing was fitted on (`mdsa.evals.sgd_calls`),
judged as BFCL's (`mdsa.evals.tool_matching`). Intervals draw whole services anew.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from mdsa.evals.cluster_bootstrap import clustered_share
from mdsa.evals.model_bench import DEFAULT_MODEL
from mdsa.evals.sgd_calls import load_service_calls
from mdsa.evals.tool_data import ToolCase
from mdsa.evals.tool_matching import Call, calls_match
from mdsa.models.registry import ModelRegistry

__all__ = ["ask", "figures", "main"]

_SEED = 5


def ask(model: BaseChatModel, case: ToolCase, *, forced: bool = False) -> list[Call]:
    """The calls that a model makes for a request, or has to make where `forced`."""
    choice = "any" if forced else "auto"
    reply = model.bind_tools(list(case.tools), tool_choice=choice).invoke(case.request)
    return [(call["name"], call["args"]) for call in reply.tool_calls]


def figures(answered: Sequence[tuple[ToolCase, Sequence[Call]]]) -> str:
    """Shares of requests whose tool is called once, and with every argument right."""
    called = [
        (case, [name for name, _ in calls] == [one.name for one in case.expected])
        for case, calls in answered
    ]
    exact = [(case, calls_match(calls, case.expected)) for case, calls in answered]
    lines = []
    for what, hits in (("the tool called, once", called), ("every argument right", exact)):
        share = clustered_share((_service(case), hit) for case, hit in hits)
        told = "none" if share is None else "{:.3f} ({:.3f}-{:.3f})".format(*share)
        lines.append(f"{what} ({len(hits)}): {told}")
    return "\n".join(lines)


def _service(case: ToolCase) -> str:
    return case.id.partition(" ")[0]


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and print the figures."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.service_calls")
    parser.add_argument("--data-dir", type=Path, required=True, help="holds dialogue/sgd_train")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="reference")
    parser.add_argument("--forced", action="store_true", help="a call must be made")
    parser.add_argument("--sample", type=int, help="requests; all without it")
    parser.add_argument("--misses", type=Path, help="file for what went wrong, one row a line")
    options = parser.parse_args(arguments)
    cases = load_service_calls(options.data_dir)
    if options.sample is not None and options.sample < len(cases):
        cases = random.Random(_SEED).sample(cases, options.sample)
    model = ModelRegistry().get(options.model, temperature=0.0)
    answered = [(case, ask(model, case, forced=options.forced)) for case in cases]
    sys.stdout.write(f"{figures(answered)}\n")
    if options.misses:
        rows = [
            json.dumps({"id": case.id, "request": case.request, "calls": calls})
            for case, calls in answered
            if not calls_match(calls, case.expected)
        ]
        options.misses.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
