"""What the questions of `mdsa eval routing` share: data, routers, rivals, and work done once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mdsa.errors import InvalidInputError, ModelUnavailableError
from mdsa.evals.routing_baselines import MiniLm, Model2Vec, baselines
from mdsa.evals.routing_data import INTENT_SETS, IntentSet, Part, draw_examples, load_intent_set
from mdsa.evals.routing_report import Section
from mdsa.evals.routing_speed import RoutingSpeed, measure_speed
from mdsa.evals.routing_systems import RouterSystem, Scored, System, new_router, score_with
from mdsa.router import Router, RouterDomain
from mdsa.router.label_model import LabelModel

__all__ = ["FEW", "FEW_TITLE", "TRAINED_TITLE", "Bench", "example_domains"]

TRAINED_TITLE = "TinyBERT, fine-tuned"
FEW = 10
FEW_TITLE = f"TinyBERT, {FEW}-shot"

Progress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""


def _clock(make: Callable[[], Router]) -> RoutingSpeed:
    return measure_speed(new_router=make)


def _open_router(folder: Path) -> Router:
    from mdsa.router.opening import open_router

    return open_router(folder)


@dataclass
class Bench:
    """Everything that a question may need.

    Attributes:
        data_dir: published data; None leaves out the questions that need it.
        router_folders: folder of the trained router of each set.
        own_sets: the user's sets by name.
        own_domains: the user's domains, described for zero-shot routing.
        seeds: draws of few-shot examples.
        with_baselines: measure rivals too.
        resamples: of the bootstrap.
        new_router: makes a router without training.
        open_router: opens the folder of a trained one.
        clock: measures the speed of what makes a router.
        progress: told of what is being done.
    """

    data_dir: Path | None = None
    router_folders: Mapping[str, Path] = field(default_factory=dict)
    own_sets: Mapping[str, IntentSet] = field(default_factory=dict)
    own_domains: Sequence[RouterDomain] = ()
    seeds: int = 5
    with_baselines: bool = True
    resamples: int = 1000
    new_router: Callable[[], Router] = new_router
    open_router: Callable[[Path], Router] = _open_router
    clock: Callable[[Callable[[], Router]], RoutingSpeed] = _clock
    progress: Progress = lambda _what, _done, _total: None

    def __post_init__(self) -> None:
        self._sets: dict[str, IntentSet] = {}
        self._trained: dict[str, Router] = {}
        self._few_shot: dict[str, RouterSystem] = {}
        self._scores: dict[tuple[str, str], Scored] = {}
        self._minilm, self._model2vec = MiniLm(), Model2Vec()

    def sets(self, *names: str) -> list[IntentSet]:
        """The named published sets, where there is a data folder, then the user's own.

        Raises:
            InvalidInputError: a file is missing.
        """
        published = [self.published(name) for name in names] if self.data_dir else []
        return [*published, *self.own_sets.values()]

    def published(self, name: str) -> IntentSet:
        """A published set, read once.

        Raises:
            InvalidInputError: no data folder was given, or a file is missing.
        """
        if self.data_dir is None:
            raise InvalidInputError(f"{name} lies in the published data; give --data-dir.")
        if name not in self._sets:
            self._sets[name] = load_intent_set(name, self.data_dir)
        return self._sets[name]

    def open_routers(self) -> None:
        """Open every trained router, so that a wrong folder is found before the work begins.

        Raises:
            InvalidInputError: a router's name is no set's, or it is not of that set.
            ModelUnavailableError: a folder is damaged.
        """
        for name in self.router_folders:
            if name in self.own_sets:
                self.router_of(self.own_sets[name])
            elif name in INTENT_SETS:
                self.router_of(self.published(name))
            else:
                known = ", ".join((*INTENT_SETS, *self.own_sets))
                raise InvalidInputError(f"--router {name}=…: no set is called so; known: {known}.")

    def router_of(self, data: IntentSet) -> Router | None:
        """The trained router of a set, every label registered; None where none was given.

        Raises:
            InvalidInputError: the folder holds no router that knows the set's labels.
        """
        if data.name not in self.router_folders:
            return None
        if data.name not in self._trained:
            self._trained[data.name] = self.open_trained(data.name, data.labels)
        return self._trained[data.name]

    def open_trained(self, name: str, labels: Sequence[str]) -> Router:
        """Open the trained router of that name, and register labels with it.

        Args:
            name: of the set, as `router_folders` has it.
            labels: what shall be routed to: labels of the router, or their domains.

        Raises:
            InvalidInputError: it is no trained router, or does not know these labels.
            ModelUnavailableError: a file of it is missing or damaged.
        """
        folder = self.router_folders[name]
        if not folder.is_dir():
            raise InvalidInputError(
                f"--router {name}: there is no folder {folder}; mdsa train router --out makes one."
            )
        router = self.open_router(folder)
        model = trained_model(router)
        if model is None:
            raise InvalidInputError(
                f"--router {name}: {folder} holds an encoder, not a trained router or a classifier."
            )
        known = {*model.labels, *model.domains}
        if unknown := sorted(set(labels) - known):
            raise InvalidInputError(
                f"--router {name}: {folder} does not know {len(unknown)} of the set's "
                f"{len(set(labels))} labels, such as {', '.join(unknown[:3])}; it knows "
                f"{', '.join(sorted(known)[:3])} …; give the router that was trained on this set."
            )
        for label in labels:
            router.add_domain(RouterDomain(label, label.replace("_", " ")))
        return router

    def calibrated_router_of(self, data: IntentSet) -> Router | None:
        """The trained router whose calibration rows are about the labels of a set.

        A router of intents that belong to domains is calibrated for the domains.
        """
        own = self.router_folders.get(data.name)
        intents = self._intents_of(data)
        source = data if own else intents
        router = None if source is None else self.router_of(source)
        model = trained_model(router) if router else None
        return router if model and set(model.domains) == set(data.labels) else None

    def trained_scores(self, data: IntentSet, texts: Sequence[str], part: str) -> Scored | None:
        """What the trained router of a set says of texts; None where none was given.

        Domains of a set that has none of its own are scored by the router of the set's intents.

        Args:
            data: the set.
            texts: messages.
            part: a name for them, under which the answer is kept.
        """
        key = data.name, part
        if key not in self._scores:
            if (router := self.router_of(data)) is not None:
                self._scores[key] = score_with(router, texts, self._step(f"{data.title}: {part}"))
            elif (intents := self._intents_of(data)) is not None:
                scored = self.trained_scores(intents, texts, part)
                if scored is None:
                    return None
                self._scores[key] = scored.grouped(intents.domains)
            else:
                return None
        return self._scores[key]

    def few_shot_scores(self, data: IntentSet, texts: Sequence[str], part: str) -> Scored:
        """What the router with few examples (`FEW` of each label, draw 0) says of texts.

        Args:
            data: the set; it has a train part.
            texts: messages.
            part: a name for them, under which the answer is kept.
        """
        key = f"{data.name}, {FEW_TITLE}", part
        if data.name not in self._few_shot:
            system = RouterSystem(FEW_TITLE, self.new_router)
            system.set_up(example_domains(draw_examples(data.train, FEW, 0)))
            self._few_shot[data.name] = system
        if key not in self._scores:
            self.progress(f"{data.title}, {FEW_TITLE}: {part}", 0, 1)
            self._scores[key] = self._few_shot[data.name].score(texts)
        return self._scores[key]

    def scores(
        self, data: IntentSet, texts: Sequence[str], part: str
    ) -> Iterator[tuple[str, Scored]]:
        """What the trained router, and the one with few examples, say of texts, by title."""
        trained = self.trained_scores(data, texts, part)
        if trained is not None:
            yield TRAINED_TITLE, trained
        if data.train.texts and data.name != "clinc150_domains":
            yield FEW_TITLE, self.few_shot_scores(data, texts, part)

    def rivals(self, *, examples: bool) -> list[System]:
        """The baselines; none where they were not asked for."""
        if not self.with_baselines:
            return []
        return baselines(self._minilm, self._model2vec, examples=examples)

    def score_rivals(
        self, domains: Sequence[RouterDomain], texts: Sequence[str], section: Section
    ) -> dict[str, Scored]:
        """Set up each rival and score the texts; what is not installed becomes a note."""
        scored = {}
        rivals = self.rivals(examples=any(domain.examples for domain in domains))
        for done, rival in enumerate(rivals):
            self.progress(f"{section.question}: {rival.name}", done, len(rivals))
            try:
                rival.set_up(domains)
            except ModelUnavailableError as error:
                note = f"{rival.name}: {error}"
                if note not in section.notes:
                    section.notes.append(note)
                continue
            scored[rival.name] = rival.score(texts)
        return scored

    def missing_router(self, data: IntentSet, section: Section) -> None:
        """Note that a trained router of a set would be measured if it were given."""
        section.notes.append(
            f"{data.title}: no trained router; train one on its train part (mdsa train router) and "
            f"give --router {data.name}=DIR."
        )

    def _intents_of(self, data: IntentSet) -> IntentSet | None:
        name = data.name.removesuffix("_domains")
        return self.published(name) if name != data.name and self.data_dir else None

    def _step(self, what: str) -> Callable[[int, int], None]:
        return lambda done, total: self.progress(what, done, total)


def trained_model(router: Router) -> LabelModel | None:
    """The classifier of a trained router; None of another."""
    from mdsa.router.trained import TrainedRouter

    return router.model if isinstance(router, TrainedRouter) else None


def example_domains(examples: Part) -> list[RouterDomain]:
    """Domains that are known by their name and examples alone."""
    return [
        RouterDomain(label, label.replace("_", " "), (), tuple(texts))
        for label, texts in examples.by_label().items()
    ]
