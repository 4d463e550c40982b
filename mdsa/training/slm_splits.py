"""Samples of messages that are split for several domains, and of answers that are merged."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mdsa.errors import InvalidInputError
from mdsa.models.partial_answers import PartialAnswer, merge_prompt
from mdsa.models.smollm2.prompt import ABSTENTION, answer_prompt, split_prompt
from mdsa.nodes.split_request import split_prompt as split_messages
from mdsa.training.slm_facts import draw_entity, draw_fact, entity_kinds
from mdsa.training.slm_sample import Sample

__all__ = ["merge_samples", "split_sample", "split_samples"]

_CLINC = {
    "auto_and_commute": "Cars and getting to work: routes, traffic, petrol, tyres, oil, repairs.",
    "banking": "Bank accounts: balance, transfers, bills, checks, PINs, transactions, fraud.",
    "credit_cards": "Credit cards: applications, limits, rates, rewards, scores, lost cards.",
    "home": "The household: shopping and to-do lists, reminders, calendar, orders, smart home.",
    "kitchen_and_dining": "Food: recipes, ingredients, calories, restaurants and reservations.",
    "meta": "The assistant itself: its name, language, voice, volume, settings; yes, no, repeat.",
    "small_talk": "Chat: greetings, thanks, jokes, fun facts, who made you, how are you.",
    "travel": "Trips: flights, hotels, visas, luggage, plugs, exchange rates, translation.",
    "utility": "Small helpers: time, timer, alarm, weather, sums, units, spelling, calls, texts.",
    "work": "Jobs: leave, pay, taxes, pension, insurance, meetings, direct deposit.",
}
_HWU = {
    "alarm": "Setting, listing and removing alarms.",
    "audio": "Volume up, down and mute.",
    "calendar": "Events and meetings: what is planned, adding, removing.",
    "cooking": "Recipes and how to cook.",
    "datetime": "Date and time here and elsewhere.",
    "email": "Reading and sending e-mail, contacts.",
    "iot": "Lights, plugs, vacuum cleaner, coffee machine.",
    "lists": "Shopping and other lists.",
    "music": "What is playing, likes and dislikes of songs.",
    "news": "Headlines and news.",
    "play": "Playing songs, radio, podcasts, audio books and games.",
    "qa": "Facts, definitions, sums, stock prices and currencies.",
    "recommendation": "Events, films and places worth visiting.",
    "social": "Posts and tweets.",
    "takeaway": "Ordering food to take away.",
    "transport": "Trains, taxis, tickets and traffic.",
    "weather": "Forecasts, rain and temperature.",
}
_JOINERS = (
    " and ", ", and ", " and also ", ". ", "? ", " also ", ", also ", " plus ", "; ", " then ",
    " & ", " as well as ", "? by the way, ", ". oh and ", ", and by the way ",
    " and could you tell me ",
)  # fmt: skip
_COUNTS = (1, 1, 2, 2, 2, 2, 2, 3)
_SHARES = (0.45, 0.25, 0.3)


@dataclass(frozen=True, slots=True)
class _App:
    """Domains of one application, with messages to each."""

    name: str
    descriptions: Mapping[str, str]
    messages: Mapping[str, Sequence[str]]


def split_samples(data_dir: Path, count: int, rng: random.Random) -> Iterator[Sample]:
    """Messages of CLINC150, HWU64 and SGD to fit on, alone and joined, with the domains on offer.

    Raises:
        InvalidInputError: a file is missing or not as published.
    """
    try:
        apps = [
            _App("clinc150", _CLINC, _rows(data_dir / "intent/clinc150/train.jsonl", "domain")),
            _App("hwu64", _HWU, _rows(data_dir / "intent/hwu64/train.jsonl", "intent")),
            _services(data_dir / "dialogue" / "sgd_train"),
        ]
    except (OSError, ValueError, KeyError) as error:
        folders = f"{data_dir / 'intent'} or {data_dir / 'dialogue'}"
        raise InvalidInputError(f"cannot read {folders}: {error!r}.") from error
    for _ in range(count):
        app = rng.choices(apps, _SHARES)[0]
        yield split_sample(app.name, app.descriptions, app.messages, rng)


def split_sample(
    source: str,
    descriptions: Mapping[str, str],
    messages: Mapping[str, Sequence[str]],
    rng: random.Random,
) -> Sample:
    """One message, put together from questions to one, two or three domains.

    Args:
        source: of the questions.
        descriptions: of the domains.
        messages: questions by domain.
        rng: of the draws.
    """
    known = [name for name in sorted(descriptions) if name in messages]
    wanted = rng.sample(known, min(rng.choice(_COUNTS), len(known)))
    offered = {*wanted, *rng.sample(known, min(rng.randint(2, 7), len(known)))}
    parts = [rng.choice(messages[domain]) for domain in wanted]
    text = parts[0]
    for part in parts[1:]:
        text = text.rstrip(" .?!") + rng.choice(_JOINERS) + part
    listing = {domain: descriptions[domain] for domain in sorted(offered)}
    asked = [{"domain": d, "query": q} for d, q in zip(wanted, parts, strict=True)]
    return Sample(
        "split",
        source,
        split_prompt(split_messages(text, listing, 3)),
        json.dumps({"questions": asked}, ensure_ascii=False),
    )


def _rows(path: Path, key: str) -> dict[str, list[str]]:
    """Texts by domain; HWU64's domain is the first part of its intent."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        domain = row[key] if key == "domain" else row[key].split("_")[0]
        found.setdefault(domain, []).append(row["text"].strip())
    return found


def _services(folder: Path) -> _App:
    """SGD's services, with what people open a dialogue with that needs one of them alone."""
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    descriptions: dict[str, str] = {}
    for service in schema:
        descriptions.setdefault(_domain(service["service_name"]), service["description"])
    messages: dict[str, list[str]] = {}
    with (folder / "dialogues.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            opening = row["turns"][0]
            if len(row["services"]) == 1 and opening["s"] == "U" and len(opening["t"]) < 120:
                messages.setdefault(_domain(row["services"][0]), []).append(opening["t"].strip())
    return _App("sgd", descriptions, messages)


def _domain(service: str) -> str:
    return service.split("_")[0].lower()


def merge_samples(count: int, rng: random.Random) -> Iterator[Sample]:
    """Answers of several specialists, and the one message that keeps every fact of them."""
    for _ in range(count):
        facts = []
        for _ in range(rng.choice([2, 2, 3])):
            kind = rng.choice(entity_kinds())
            facts.append(draw_fact(rng, draw_entity(kind, rng), kind))
        texts = [ABSTENTION if rng.random() < 0.1 else fact.answer for fact in facts]
        answers = [PartialAnswer(f.question, text) for f, text in zip(facts, texts, strict=True)]
        prompt = answer_prompt(merge_prompt(" ".join(f.question for f in facts), answers))
        yield Sample("merge", "templates", prompt, _merged(texts))


def _merged(texts: Sequence[str]) -> str:
    known = list(dict.fromkeys(text for text in texts if text != ABSTENTION))
    if not known:
        return ABSTENTION
    rest = [] if len(known) == len(texts) else ["I could not find the rest in my documents."]
    return " ".join([*known, *rest])
