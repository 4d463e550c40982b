"""Fits the weights that decide where a message is split, on compounds made of training rows.

    python -m mdsa.evals.clause_fit --data-dir DATA

Questions come from the train parts of CLINC150 (domains), HWU64 (scenarios) and bitext
(categories). Each set's rows are halved; a router learns from the examples of one half, and the
messages are made of the other, so that it has not seen them. A router that knows descriptions alone
takes part as well, and one that was trained on CLINC150 where its folder is given. Messages are

- two or three questions of different domains, joined in many ways, with and without punctuation and
  capitals,
- two questions of one domain, joined likewise,
- every single question that could be cut anywhere,
- turns of SGD's dialogues: one alone, and two that follow each other, where the second often points
  back to the first,
- what people send to the made-up organisations of `evals/data/organisations/fit`: their compounds
  and their questions of one domain. Their routers know descriptions, and once more the documents as
  well.

What people send to organisations weighs most, since routers of domains like theirs are the rule.

The likelihood of all readings that split rightly is maximised, with a penalty on the squares of the
weights: a message of one domain is read right where it stays whole, wherever it is sent then.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mdsa.evals.dialogue_data import Dialogue, load_dialogues
from mdsa.evals.organisation_messages import OrganisationMessages, load_messages
from mdsa.evals.organisation_routers import knowing_router
from mdsa.evals.routing_data import Part, load_intent_set
from mdsa.evals.zero_shot import described_domains
from mdsa.router import Router, RouterDomain, route_reading
from mdsa.router.clause_model import FEATURES, Label, Lattice
from mdsa.router.connectives import candidate_segments
from mdsa.router.opening import open_router

__all__ = ["Choice", "Message", "choices", "fit", "intent_messages", "split_share", "weighed"]

_DESCRIBED = {
    "clinc150_domains": "clinc150",
    "hwu64_scenarios": "hwu64",
    "bitext_categories": "bitext_support",
}
"""Data sets, and the names of the files that describe their domains."""
# What is drawn more often stands here several times.
_JOINERS = (
    *(" and ", " and ", " and ", ", and ", ", and ", " and also ", "; ", ". ", ". ", " then "),
    *(" plus ", " & ", ", also ", " as well as ", "? by the way, ", "? ", "\n", ", oh and "),
    *(" btw ", " also ", " ", " ", ", ", ", ", ", then ", ". also, ", ", but also ", ", and then "),
    *(" and then ", " oh and ", ", plus ", ". and ", ". oh, and ", "... ", " - ", "; also "),
    ". besides that, ",
)
_PENALTY = 0.0003
_SHARES = {"organisations": 1.0, "trained": 0.4, "published": 0.2}
"""Weight in the fit of all messages of a kind of source, over that of the organisations'. With the
published messages as heavy as they are many, compounds that people write were split too seldom."""
_ORGANISATIONS = Path(__file__).parent / "data" / "organisations" / "fit"
_TRAINED = "clinc150_domains, trained"
_MOST_CUTS = 5
_EXAMPLES = 150
_QUESTIONS, _COMPOUNDS, _DIALOGUES = 1500, 300, 200
_BATCH = 64

Vector = NDArray[np.float64]

_CAUTION: Vector = np.array([float(name in ("and_other", "and_request")) for name in FEATURES])
"""Taken off the weights of a bare "and". How sure a trained router is of half a question differs
from one training to the next: of CLINC150's validation questions with "and", a second one split
0.068 instead of 0.014, and 0.007 with this; of its compounds 0.940 stay right instead of 0.941, and
of those of `calibration` with documents 0.625 instead of 0.648."""


class Message(NamedTuple):
    """A message and the domains that it asks."""

    text: str
    domains: frozenset[str]


class Choice(NamedTuple):
    """The readings of a message.

    Attributes:
        features: (readings, features).
        right: whether a reading has the right domains, (readings,).
        split: whether it has several, (readings,).
        wanted: the message asks several domains.
        weight: of the message in the fit.
    """

    features: Vector
    right: NDArray[np.bool_]
    split: NDArray[np.bool_]
    wanted: bool
    weight: float = 1.0

    @property
    def telling(self) -> bool:
        """Some readings are right and some are not; others say nothing of the weights."""
        return bool(self.right.any()) and not self.right.all()


def intent_messages(rows: Part, count: int, chooser: random.Random) -> list[Message]:
    """Make messages of questions: `count` pairs of domains, and others in proportion."""
    questions = list(zip(rows.texts, rows.labels, strict=True))
    by_domain = rows.by_label()
    messages = [
        Message(text, frozenset({domain}))
        for text, domain in questions
        if candidate_segments(text).cuts
    ]
    for number in range(count + count // 4):
        drawn = chooser.sample(questions, 2 if number < count else 3)
        messages.append(
            Message(
                _join([text for text, _ in drawn], chooser),
                frozenset(domain for _, domain in drawn),
            )
        )
    for domain, texts in by_domain.items():
        for _ in range(count // (4 * len(by_domain))):
            drawn_texts = chooser.sample(texts, 2)
            messages.append(Message(_join(drawn_texts, chooser), frozenset({domain})))
    return messages


def dialogue_messages(dialogues: Sequence[Dialogue], chooser: random.Random) -> list[Message]:
    """Turns alone and in pairs; turns of several services are left out."""
    messages = []
    for dialogue in dialogues:
        for first, second in pairwise(dialogue):
            if len(first.domains) != 1 or len(second.domains) != 1:
                continue
            messages.append(Message(second.text, second.domains))
            # A pair without a subject of its own has no right answer.
            if first is dialogue[0] or first.switches:
                text = _join([first.text, second.text], chooser)
                messages.append(Message(text, first.domains | second.domains))
    return [message for message in messages if candidate_segments(message.text).cuts]


def choices(
    router: Router, messages: Sequence[Message], reading: Collection[str] = ()
) -> Iterator[Choice]:
    """Lay out the readings of messages; those of very many readings are left out.

    Args:
        router: scores their parts.
        messages: what is read.
        reading: domains whose documents count.
    """
    for start in range(0, len(messages), _BATCH):
        batch = messages[start : start + _BATCH]
        candidates = [candidate_segments(message.text) for message in batch]
        texts = [message.text for message in batch]
        texts += [text for segments in candidates for text in segments.texts]
        routes = iter(route_reading(router, texts, reading))
        wholes = [next(routes) for _ in batch]
        for message, segments, whole in zip(batch, candidates, wholes, strict=True):
            parts = [next(routes) for _ in segments.texts]
            if len(segments.cuts) > _MOST_CUTS:
                continue
            readings = list(Lattice(segments, whole, parts).readings())
            found = [_domains_in_turn(labels) for labels, _ in readings]
            wanted = len(message.domains) > 1
            yield Choice(
                np.array([features for _, features in readings]),
                np.array(
                    [
                        len(domains) == len(message.domains) and message.domains == set(domains)
                        if wanted
                        else len(domains) <= 1
                        for domains in found
                    ]
                ),
                np.array([len(domains) > 1 for domains in found]),
                wanted,
            )


def _domains_in_turn(labels: Sequence[Label]) -> list[str]:
    named = [label.domain for label in labels if label.domain is not None]
    return [domain for domain, _ in groupby(named)]


def fit(examples: Sequence[Choice], penalty: float = _PENALTY) -> Vector:
    """Maximise the weighted mean log-likelihood of the right readings.

    Messages of which no reading or every reading is right say nothing and are left out.
    """
    telling = [one for one in examples if one.telling]
    features = np.concatenate([one.features for one in telling])
    right = np.concatenate([one.right for one in telling])
    lengths = np.array([len(one.right) for one in telling])
    starts = np.concatenate([[0], lengths.cumsum()[:-1]])
    owner = np.repeat(np.arange(len(telling)), lengths)
    shares = np.array([one.weight for one in telling])
    shares /= shares.sum()

    def log_sums(values: Vector) -> Vector:
        highest = np.maximum.reduceat(values, starts)
        sums = np.add.reduceat(np.exp(values - highest[owner]), starts)
        result: Vector = highest + np.log(sums)
        return result

    def loss(weights: Vector) -> tuple[float, Vector]:
        values = features @ weights
        rightful = np.where(right, values, -np.inf)
        every, wanted = log_sums(values), log_sums(rightful)
        excess = np.exp(values - every[owner]) - np.exp(rightful - wanted[owner])
        value = float(shares @ (every - wanted)) + penalty * float(weights @ weights) / 2
        return value, features.T @ (excess * shares[owner]) + penalty * weights

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B")
    weights: Vector = found.x
    return weights


def weighed(sources: Mapping[str, Sequence[Choice]]) -> list[Choice]:
    """Choices that tell something, with weights by which each source has its share."""
    telling = {source: [one for one in found if one.telling] for source, found in sources.items()}
    return [
        one._replace(weight=_SHARES[source] / len(found))
        for source, found in telling.items()
        for one in found
    ]


def split_share(examples: Sequence[Choice], weights: Vector, *, wanted: bool) -> float:
    """Share of the messages with (or without) several domains that are read right (or split)."""
    outcomes = []
    for one in examples:
        if one.wanted == wanted:
            best = int((one.features @ weights).argmax())
            outcomes.append(one.right[best] if wanted else one.split[best])
    return float(np.mean(outcomes)) if outcomes else 0.0


def _join(texts: Sequence[str], chooser: random.Random) -> str:
    joined = texts[0].rstrip(" .?!")
    for text in texts[1:]:
        joined += chooser.choice(_JOINERS) + _dress(text, chooser, 0.2)
    if chooser.random() < 0.05:
        joined = f"first {joined}"
    return _dress(joined, chooser, 0.3)


def _dress(text: str, chooser: random.Random, share: float) -> str:
    """Give some texts a capital, and some a mark at the end or none."""
    text = text[:1].upper() + text[1:] if chooser.random() < share else text
    if chooser.random() < share:
        text = text.rstrip(" .?!")
    return text + chooser.choice(".?") if chooser.random() < share else text


def _routers(
    data_dir: Path,
    make: Callable[[Sequence[RouterDomain]], Router],
    chooser: random.Random,
    trained: str | None = None,
) -> Iterator[tuple[str, Router, list[Message]]]:
    """Routers, each with messages that it has not seen."""
    for name, descriptions in _DESCRIBED.items():
        rows = load_intent_set(name, data_dir).train
        pairs = sorted(set(zip(rows.texts, rows.labels, strict=True)))
        chooser.shuffle(pairs)
        halves = [pairs[0::2], pairs[1::2]]
        described = make(described_domains(descriptions))
        for known, unseen in (halves, halves[::-1]):
            examples = Part.of(known).by_label()
            taught = make(
                [RouterDomain(one, one, (), tuple(examples[one][:_EXAMPLES])) for one in examples]
            )
            messages = intent_messages(Part.of(unseen[:_QUESTIONS]), _COMPOUNDS, chooser)
            yield f"{name}, examples", taught, messages
            yield f"{name}, descriptions", described, messages
    if trained is not None:
        rows = load_intent_set("clinc150_domains", data_dir).train
        pairs = sorted(set(zip(rows.texts, rows.labels, strict=True)))
        chooser.shuffle(pairs)
        router = open_router(trained)
        for name in rows.by_label():
            router.add_domain(RouterDomain(name, name))
        messages = intent_messages(Part.of(pairs[: 4 * _QUESTIONS]), 500, chooser)
        yield _TRAINED, router, messages
    data = load_dialogues(data_dir, by_kind=True)
    messages = dialogue_messages(data.fit[:_DIALOGUES], chooser)
    yield "sgd, examples", make(data.examples), messages
    yield "sgd, descriptions", make(data.described), messages


def organisation_messages(organisation: OrganisationMessages) -> list[Message]:
    """Compounds and questions as they are sent."""
    return [Message(*one) for one in (*organisation.compounds, *organisation.questions)]


def _router_of(domains: Sequence[RouterDomain]) -> Router:
    # The encoder's own: with another's vectors, the probabilities are none of the product's.
    router = open_router()
    for domain in domains:
        router.add_domain(domain)
    return router


def main() -> None:
    """Fit, and print the weights with what they do on a held-out fifth of the messages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--router", help="folder of a router trained on CLINC150")
    parser.add_argument("--organisations", type=Path, default=_ORGANISATIONS, help="folder")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chooser = random.Random(arguments.seed)  # repeatable, no secret
    fitted: dict[str, list[Choice]] = {source: [] for source in _SHARES}
    held_out: dict[str, list[Choice]] = {}

    def take(source: str, title: str, laid_out: list[Choice]) -> None:
        chooser.shuffle(laid_out)
        fitted[source].extend(laid_out[len(laid_out) // 5 :])
        held_out.setdefault(title, []).extend(laid_out[: len(laid_out) // 5])

    for title, router, messages in _routers(
        arguments.data_dir, _router_of, chooser, arguments.router
    ):
        source = "trained" if title == _TRAINED else "published"
        take(source, title, list(choices(router, messages)))
    for organisation in load_messages(arguments.organisations):
        messages = organisation_messages(organisation)
        names = [domain.name for domain in organisation.domains]
        for title, reads in (("organisations", False), ("organisations, documents", True)):
            router = knowing_router(organisation, reads_documents=reads)
            take("organisations", title, list(choices(router, messages, names)))
    weights = fit(weighed(fitted)) - _CAUTION
    lines = [f'    "{name}": {value:.2f},' for name, value in zip(FEATURES, weights, strict=True)]
    for title, examples in held_out.items():
        right = split_share(examples, weights, wanted=True)
        split = split_share(examples, weights, wanted=False)
        lines.append(f"{title}: compounds right {right:.3f}, others split {split:.3f}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
