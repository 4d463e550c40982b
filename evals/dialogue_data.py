"""User turns of the Schema-Guided Dialogue set with the services that they belong to.

Rastogi et al., "Towards Scalable Multi-Domain Conversational Agents: The Schema-Guided Dialogue
Dataset", arXiv:1909.05855. Services are the domains. Several are of one kind (`Hotels_1` to
`Hotels_3`), and no message alone tells those apart, so they can also be taken as one.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mdsa.errors import InvalidInputError
from mdsa.router import RouterDomain

__all__ = ["Dialogue", "DialogueSet", "UserTurn", "load_dialogues"]

_FIT, _HELD_OUT = 1500, 500
_EXAMPLES = 20
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class UserTurn(NamedTuple):
    """What a user says, and where it belongs.

    Attributes:
        text: the message.
        domains: those that are right: what is new in it where the user turns to another domain.
        switches: the user turns to another domain.
        asked_back: the agent's message before it ends with a question.
    """

    text: str
    domains: frozenset[str]
    switches: bool
    asked_back: bool


Dialogue = tuple[UserTurn, ...]


@dataclass(frozen=True, slots=True)
class DialogueSet:
    """Parts that share no dialogue.

    Attributes:
        described: the domains by name, description and keywords.
        examples: the same with opening messages as examples.
        fit: to fit on.
        held_out: to measure on.
    """

    described: tuple[RouterDomain, ...]
    examples: tuple[RouterDomain, ...]
    fit: tuple[Dialogue, ...]
    held_out: tuple[Dialogue, ...]


def load_dialogues(data_dir: Path, *, by_kind: bool = False, seed: int = 0) -> DialogueSet:
    """Read the train part of SGD and split it by dialogue: 1,500 to fit, 500 held out.

    The other dialogues give the examples of the domains, the openings of twenty each.

    Args:
        data_dir: holds `dialogue/sgd_train/` with `dialogues.jsonl` and `schema.json`.
        by_kind: services of one kind are one domain.
        seed: of the split.

    Raises:
        InvalidInputError: a file is missing or not as described.
    """
    folder = data_dir / "dialogue" / "sgd_train"
    try:
        lines = (folder / "dialogues.jsonl").read_text(encoding="utf-8").split("\n")
        dialogues = [_dialogue(json.loads(line), by_kind) for line in lines if line.strip()]
        schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
        described = _described(schema, by_kind)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInputError(
            f"cannot read the dialogues in {folder} ({error!r}); they are the train part of "
            "github.com/google-research-datasets/dstc8-schema-guided-dialogue, one a line."
        ) from error
    random.Random(seed).shuffle(dialogues)  # repeatable, no secret
    rest = dialogues[_FIT + _HELD_OUT :]
    openings = _openings(rest)
    return DialogueSet(
        described=described,
        examples=tuple(
            RouterDomain(one.name, one.description, one.keywords, tuple(openings[one.name]))
            for one in described
        ),
        fit=tuple(dialogues[:_FIT]),
        held_out=tuple(dialogues[_FIT : _FIT + _HELD_OUT]),
    )


def _dialogue(row: dict[str, Any], by_kind: bool) -> Dialogue:
    turns: list[UserTurn] = []
    before: frozenset[str] = frozenset()
    said = ""
    for turn in row["turns"]:
        if turn["s"] != "U":
            said = turn["t"].rstrip()
            continue
        services = frozenset(_domain(name, by_kind) for name in turn["d"])
        new = services - before if before else frozenset()
        turns.append(UserTurn(turn["t"], new or services, bool(new), said.endswith("?")))
        before = services
    return tuple(turns)


def _domain(service: str, by_kind: bool) -> str:
    return service.partition("_")[0] if by_kind else service


def _described(schema: list[dict[str, Any]], by_kind: bool) -> tuple[RouterDomain, ...]:
    services: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for service in schema:
        services[_domain(service["service_name"], by_kind)].append(service)
    return tuple(
        RouterDomain(
            name,
            "; ".join(member["description"] for member in members),
            tuple(
                dict.fromkeys(
                    _CAPITAL.sub(" ", intent["name"]).lower()
                    for member in members
                    for intent in member["intents"]
                )
            ),
        )
        for name, members in sorted(services.items())
    )


def _openings(dialogues: Sequence[Dialogue]) -> dict[str, list[str]]:
    openings: dict[str, list[str]] = defaultdict(list)
    for dialogue in dialogues:
        for at, turn in enumerate(dialogue):
            if len(turn.domains) == 1 and (at == 0 or turn.switches):
                known = openings[next(iter(turn.domains))]
                if len(known) < _EXAMPLES and turn.text not in known:
                    known.append(turn.text)
    return openings
