"""What the embedded reader says to questions about made-up organisations, and where it is silent.

    python -m mdsa.evals.organisations [--path evals/data/organisations/held_out]

Eight organisations that nothing was fitted on, each with some sixteen short documents and sixty
questions, a fifth of which no document answers though they are near what one says. Every question
gets the five passages that the product finds among all documents of its organisation. An answer is
right that holds a sentence which answers, or the list that does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from mdsa.embeddings import load_embeddings
from mdsa.evals.cluster_bootstrap import clustered_share
from mdsa.evals.grounded import abstains, prompt_with
from mdsa.evals.reader_dev import DevQuestion, load_dev
from mdsa.models.reader.chat_model import ReaderChatModel
from mdsa.training.reader_data import flat

__all__ = ["Outcome", "ask", "main", "table"]

_HELD_OUT = Path(__file__).parent / "data" / "organisations" / "held_out"

Outcome = str
"""`right`, `wrong` or `silent`."""


def ask(model: BaseChatModel, question: DevQuestion) -> Outcome:
    """Put a question with its passages to the model, and compare with what answers it."""
    passages = [(each.title, each.text) for each in question.passages]
    reply = model.invoke(prompt_with(question.text, passages))
    if abstains(reply):
        return "silent"
    said = flat(str(reply.text))
    return "right" if any(answer in said for answer in question.answers) else "wrong"


def table(questions: Sequence[DevQuestion], outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Shares of each outcome with 95 % intervals, organisations drawn anew (bootstrap)."""
    groups: dict[str, list[tuple[str, Outcome]]] = {}
    for question, outcome in zip(questions, outcomes, strict=True):
        kind = f"answered, in {question.wording} words" if question.answers else "not answered"
        groups.setdefault(kind, []).append((question.organisation, outcome))
    for name, rows in sorted(groups.items()):
        shares = " ".join(
            f"{outcome} {_with_interval([(o, found == outcome) for o, found in rows])}"
            for outcome in ("right", "wrong", "silent")
        )
        yield f"{name} ({len(rows)}): {shares}"


def _with_interval(rows: Sequence[tuple[str, bool]]) -> str:
    share = clustered_share(rows)
    return "none" if share is None else "{:.2f} ({:.2f}-{:.2f})".format(*share)


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and print the shares."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.organisations")
    parser.add_argument("--path", type=Path, default=_HELD_OUT, help="folder or file")
    parser.add_argument(
        "--asked", choices=("questions", "near"), default="questions", help="see docs/evals.md"
    )
    options = parser.parse_args(arguments)
    questions = load_dev(options.path, load_embeddings(), options.asked)
    model = ReaderChatModel()
    for line in table(questions, [ask(model, each) for each in questions]):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
