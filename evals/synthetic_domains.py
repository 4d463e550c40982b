"""Made-up customers: random sets of domains over public intent data, described in many styles.

A domain is a few intents of one corpus. What its customer says of it is put together from
`evals/data/routing_intents.json`, which holds a phrase and keywords for every intent, written from
the intents' names. Styles range from labels strung together, over keywords or a description alone,
to sentences and keywords; customers forget some of what a domain does. Messages are the corpora's
training utterances, some with typos. Out of scope are utterances of intents that no domain of the
set covers, and of other corpora whose topics the corpus does not have.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mdsa.errors import InvalidInputError
from mdsa.evals.perturbations import typos
from mdsa.router import RouterDomain

__all__ = ["CORPORA", "DomainSet", "Intent", "draw_set", "read_corpora"]

CORPORA = ("clinc150", "hwu64", "banking77", "bitext_support", "sgd")

_INTENTS = Path(__file__).parent / "data" / "routing_intents.json"
_UTTERANCES_AN_INTENT = 60
_MOST_DOMAINS = 40
_SHARES_OUTSIDE = (0.0, 0.0, 0.1, 0.2, 0.4)
_SHARE_OF_TYPOS = 0.15
_STYLES = ("labels", "keywords", "description", "full", "full", "mixed")
_SENTENCES = (
    "{name}: {about}.",
    "Questions and requests about {about}.",
    "Helps customers with {about}.",
    "Handles {about}.",
    "This domain covers {about}.",
    "Everything to do with {about}.",
    "{About}.",
    "Assists users with {about}. Answers questions and resolves problems.",
)
_OF_LABELS = ("Handle {labels}", "{labels}", "{labels} support", "Deals with {labels}")
_SAYING_NOTHING = ("General requests", "Customer questions", "", "Support", "{name}")

# Topics of other corpora that a corpus does not have: groups, or intents by name.
_ELSEWHERE: dict[str, dict[str, tuple[str, ...]]] = {
    "clinc150": {"bitext_support": ("newsletter", "delivery", "feedback"), "banking77": ("",)},
    "hwu64": {"bitext_support": ("",), "banking77": ("",)},
    "banking77": {
        "clinc150": (
            "kitchen and dining",
            "small talk",
            "work",
            "meta",
            "auto and commute",
            "home",
        ),
        "sgd": ("weather", "movies", "buses", "hotels", "services"),
    },
    "bitext_support": {
        "clinc150": ("kitchen and dining", "small talk", "travel", "work", "auto and commute"),
        "sgd": ("weather", "movies", "buses", "hotels", "services"),
    },
    "sgd": {
        "clinc150": ("small talk", "meta"),
        "bitext_support": ("newsletter", "feedback", "invoice", "shipping address"),
        "banking77": ("",),
    },
}
_SHARED_TOPICS = {
    # Of banking77, what CLINC150's banking, credit cards and travel have as well stays out.
    ("clinc150", "banking77"): re.compile(r"verif|source of funds|automatic|age limit|atm support"),
    ("hwu64", "banking77"): re.compile(r"card|pin|verif|top.up|limit|refund|fee|statement"),
    ("sgd", "banking77"): re.compile(r"card|pin|verif|exchange|limit|refund"),
}


@dataclass(slots=True)
class Intent:
    """An intent with what its customer may say of it.

    Attributes:
        label: its name in words.
        group: the domain that its corpus puts it in; empty if it has none.
        about: phrases that say what it is about.
        keywords: of the intent.
        utterances: messages.
    """

    label: str
    group: str
    about: list[str]
    keywords: list[str]
    utterances: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DomainSet:
    """Domains, and messages with the index of the right one; `len(domains)` means none."""

    corpus: str
    domains: tuple[RouterDomain, ...]
    texts: tuple[str, ...]
    labels: tuple[int, ...]


def read_corpora(data_dir: Path, rng: random.Random) -> dict[str, list[Intent]]:
    """Read the training utterances of every corpus, a sample of each intent.

    Args:
        data_dir: holds `intent/<corpus>/train.jsonl` and `dialogue/sgd_train`.
        rng: draws the samples.

    Raises:
        InvalidInputError: a file is missing or not as published.
    """
    told = json.loads(_INTENTS.read_text(encoding="utf-8"))
    try:
        corpora = {name: _read_intents(data_dir, name, told[name]) for name in CORPORA[:-1]}
        corpora["sgd"] = _read_services(data_dir / "dialogue" / "sgd_train", told["sgd"])
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInputError(f"cannot read the corpora in {data_dir}: {error!r}") from error
    for intents in corpora.values():
        for intent in intents:
            count = min(len(intent.utterances), _UTTERANCES_AN_INTENT)
            intent.utterances = rng.sample(intent.utterances, count)
    return corpora


def draw_set(
    corpora: dict[str, list[Intent]], corpus: str, outside: Sequence[str], rng: random.Random
) -> DomainSet:
    """Draw domains over a corpus, and 16 messages.

    Args:
        corpora: as read.
        corpus: one of them.
        outside: sentences of no topic in particular.
        rng: draws.
    """
    intents = corpora[corpus]
    members = _draw_members(intents, rng)
    style = rng.choice(_STYLES)
    domains = tuple(_describe(number, chosen, style, rng) for number, chosen in enumerate(members))
    covered = {intent.label for chosen in members for intent in chosen}
    near = [intent for intent in intents if intent.label not in covered]
    far = _elsewhere(corpora, corpus)
    share = rng.choice(_SHARES_OUTSIDE)
    texts, labels = [], []
    for _ in range(16):
        label = rng.randrange(len(domains))
        source = [rng.choice(members[label])]
        if rng.random() < share:
            label, kind = len(domains), rng.random()
            source = near if near and kind < 0.5 else far if kind < 0.9 else []
        text = rng.choice(rng.choice(source).utterances if source else outside)
        mistyped = rng.random() < _SHARE_OF_TYPOS
        texts.append(typos(text, rng.getrandbits(32)) if mistyped else text)
        labels.append(label)
    return DomainSet(corpus, domains, tuple(texts), tuple(labels))


def _draw_members(intents: list[Intent], rng: random.Random) -> list[list[Intent]]:
    wanted = round(math.exp(rng.uniform(0, math.log(_MOST_DOMAINS))))
    groups = defaultdict(list)
    for intent in intents:
        groups[intent.group].append(intent)
    if len(groups) > 1 and (len(groups) == len(intents) or rng.random() < 1 / 3):
        # At least one group is left out, so that there are messages near to the set.
        chosen = rng.sample(sorted(groups), min(wanted, len(groups) - 1))
        return [_part(groups[name], rng) for name in chosen]
    size = rng.choice((1, 2, 4, 6))
    left = rng.sample(intents, len(intents))
    if rng.random() < 1 / 2 and len(groups) > 1:
        left.sort(key=lambda intent: intent.group)  # neighbours belong together
    start = rng.randrange(len(left))
    left = (left[start:] + left[:start])[: int(len(left) * 0.85)]
    members: list[list[Intent]] = []
    while left and len(members) < wanted:
        count = rng.randint(1, size)
        members.append(left[:count])
        left = left[count:]
    return members


def _part(intents: list[Intent], rng: random.Random) -> list[Intent]:
    count = len(intents) if rng.random() < 0.6 else rng.randint(1, len(intents))
    return rng.sample(intents, count)


def _describe(number: int, members: list[Intent], style: str, rng: random.Random) -> RouterDomain:
    if style == "mixed":
        style = rng.choice(_STYLES[:4])
    share = rng.choice((1, 1, 0.8, 0.6))
    told = [intent for intent in members if rng.random() < share] or members[:1]
    name = _name(number, members, rng)
    if style == "labels":
        template = rng.choice(_OF_LABELS)
        description = template.format(labels=_listed([intent.label for intent in told]))
    elif style == "keywords":
        description = rng.choice(_SAYING_NOTHING).format(name=name.replace("_", " "))
    else:
        about = _listed([rng.choice(intent.about) for intent in told])
        description = rng.choice(_SENTENCES).format(
            name=name.replace("_", " ").capitalize(),
            about=about,
            About=about[:1].upper() + about[1:],
        )
    keywords = () if style == "description" else _keywords(members, rng)
    return RouterDomain(name, description, keywords)


def _name(number: int, members: list[Intent], rng: random.Random) -> str:
    kind = rng.random()
    group = members[0].group
    if kind < 0.15:
        return f"domain_{number}"
    one_group = group and all(intent.group == group for intent in members)
    if one_group and kind < 0.7:
        return group.replace(" ", "_")
    return rng.choice(members).label.replace(" ", "_")


def _keywords(members: list[Intent], rng: random.Random) -> tuple[str, ...]:
    pool = [keyword for intent in members for keyword in intent.keywords]
    if rng.random() < 0.3:
        pool += [intent.label for intent in members]
    share = rng.choice((1, 0.8, 0.5, 0.3))
    kept = [keyword for keyword in dict.fromkeys(pool) if rng.random() < share] or pool[:1]
    return tuple(rng.sample(kept, min(len(kept), rng.choice((5, 10, 25, 40)))))


def _listed(parts: list[str]) -> str:
    parts = [part.rstrip(".") for part in parts]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _elsewhere(corpora: dict[str, list[Intent]], corpus: str) -> list[Intent]:
    found: list[Intent] = []
    for other, groups in _ELSEWHERE[corpus].items():
        only = _SHARED_TOPICS.get((corpus, other))
        found += [
            intent
            for intent in corpora[other]
            if intent.group in groups and (only is None or only.search(intent.label))
        ]
    return found


def _read_intents(data_dir: Path, corpus: str, told: dict[str, dict[str, object]]) -> list[Intent]:
    intents: dict[str, Intent] = {}
    path = data_dir / "intent" / corpus / "train.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        name = row["intent"]
        if name not in intents:
            scenario = name.split("_")[0] if corpus == "hwu64" else ""
            group = row.get("domain") or row.get("category") or scenario
            intents[name] = _intent(name, group, told[name])
        intents[name].utterances.append(row.get("text") or row["utterance"])
    return list(intents.values())


def _read_services(folder: Path, told: dict[str, dict[str, object]]) -> list[Intent]:
    """SGD: services of one kind are one intent; its messages turn to it for the first time."""
    services: dict[str, Intent] = {}
    for entry in json.loads((folder / "schema.json").read_text(encoding="utf-8")):
        kind = entry["service_name"].split("_")[0]
        service = services.setdefault(kind, _intent(kind, kind, told[kind]))
        service.about.append(entry["description"])
        service.about += [intent["description"] for intent in entry["intents"]]
    with (folder / "dialogues.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            seen: set[str] = set()
            for turn in json.loads(line)["turns"]:
                new = set(turn["d"]) - seen
                seen |= new
                if turn["s"] == "U" and len(new) == len(turn["d"]) == 1:
                    services[new.pop().split("_")[0]].utterances.append(turn["t"])
    return list(services.values())


def _intent(name: str, group: str, told: dict[str, object]) -> Intent:
    about, keywords = told["about"], told["keywords"]
    if not (isinstance(about, str) and isinstance(keywords, list)):
        raise InvalidInputError(f"{_INTENTS.name}: {name!r} needs `about` and a list of `keywords`")
    return Intent(_in_words(name), _in_words(group), [about], list(map(str, keywords)))


def _in_words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").lower().strip("? ")
