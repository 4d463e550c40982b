"""Compounds, follow-ups and speed: measured by their own modules, reported with the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from mdsa.evals.compounds import CompoundFigures, Share, evaluate_compounds
from mdsa.evals.dialogue_data import load_dialogues
from mdsa.evals.follow_ups import FollowUpFigures, Outcome, evaluate_follow_ups
from mdsa.evals.routing_bench import TRAINED_TITLE, Bench
from mdsa.evals.routing_metrics import Estimate, bootstrap, mean_of
from mdsa.evals.routing_report import Figure, Section, Target
from mdsa.evals.zero_shot import described_domains
from mdsa.router import Router, RouterDomain
from mdsa.router.encoder import PACKAGED_FOLDER
from mdsa.router.follow_ups import content_words

__all__ = ["compounds", "follow_ups", "speed"]

_EXACT = Target(0.92)
_SPLIT = Target(0.03, at_most=True)
_BETTER_IN_CONTEXT = Target(0.10)

_KINDS: dict[str, Callable[[Outcome], bool]] = {
    "all turns": lambda _: True,
    "turns without content words": lambda one: not content_words(one.turn.text),
    "turns that switch": lambda one: one.turn.switches,
    "other later turns": lambda one: one.later and not one.turn.switches,
}


def compounds(bench: Bench) -> Section:
    """Messages that ask two domains, and those of one domain that hold "and"."""
    section = Section("compounds", "Several domains in one message")
    data = bench.published("clinc150_domains")
    routers: dict[str, Router] = {}
    given = [name for name in (data.name, "clinc150") if name in bench.router_folders]
    if given:
        routers[TRAINED_TITLE] = bench.open_trained(given[0], data.labels)
    else:
        bench.missing_router(data, section)
    routers["TinyBERT, zero-shot"] = _with_domains(bench, described_domains("clinc150"))
    for done, (system, router) in enumerate(routers.items()):
        bench.progress(f"compounds: {system}", done, len(routers))
        targets = system == TRAINED_TITLE
        figures = evaluate_compounds(router, data.validation)
        section.figures += _compound_figures(bench, data.title, system, figures, targets=targets)
    section.notes.append(
        "Two validation questions of different domains joined in ten ways, 100 of each; the "
        "domains that the gate asks must be exactly theirs. 'parts right' is the share whose two "
        "questions are routed right one by one: no way of splitting does better."
    )
    return section


def follow_ups(bench: Bench) -> Section:
    """Turns of a dialogue, each alone and in its session."""
    section = Section("follow_ups", "Follow-ups in a session (SGD)")
    if bench.data_dir is None:
        section.notes.append("Not measured: the dialogues lie in the published data.")
        return section
    for by_kind in (False, True):
        data = load_dialogues(bench.data_dir, by_kind=by_kind)
        subject = "services of one kind as one domain" if by_kind else "services as domains"
        described: dict[str, Sequence[RouterDomain]] = {
            "TinyBERT, zero-shot": data.described,
            "TinyBERT, few-shot": data.examples,
        }
        for done, (system, domains) in enumerate(described.items()):
            bench.progress(f"{subject}: {system}", done, len(described))
            router = _with_domains(bench, domains)
            figures = evaluate_follow_ups(router, data.held_out)
            section.figures += _follow_up_figures(bench, subject, system, figures)
    section.notes.append(
        "500 dialogues that nothing was fitted on, played as sessions: what the router chose, "
        "right or wrong, is the domain of the turn before."
    )
    return section


def speed(bench: Bench) -> Section:
    """How long one message takes, and what it depends on."""
    section = Section("speed", "Speed on one thread, and size")
    bench.progress("speed", 0, 1)
    found = bench.clock(bench.new_router)
    system = "TinyBERT"
    message = "one message of 16 tokens, 3 domains"
    clocked = [
        (message, system, found.message),
        (message, "the same, with empty caches", found.cold),
        (message, "its encoder alone", found.encoding),
    ]
    if found.similarity:
        clocked.append((message, "MiniLM, sentence-transformers", found.similarity))
    clocked += [(f"one message, {n} tokens", system, one) for n, one in found.by_tokens.items()]
    clocked += [(f"one message, {n} domains", system, one) for n, one in found.by_domains.items()]
    for number, (subject, by, one) in enumerate(clocked):
        for measure, value, bound in (("p50", one.p50_ms, 0.8), ("p99", one.p99_ms, 2.0)):
            target = Target(bound, at_most=True) if number == 0 else None
            section.figures.append(Figure(subject, by, measure, Estimate(value), "ms", target))
    ratios = [
        ("1,000 domains to 3", found.flatness, Target(1.2, at_most=True)),
        (
            f"throughput of batches of 64 in {found.batch_threads} threads to singles in one",
            found.batch_ratio,
            Target(4.0),
        ),
        ("throughput of 8 threads to one", found.threads_ratio, None),
    ]
    if found.times_faster is not None:
        ratios.append(("faster than MiniLM similarity", found.times_faster, Target(15.0)))
    section.figures += [
        Figure(what, system, "ratio", Estimate(value), "times", target)
        for what, value, target in ratios
    ]
    load = Target(0.5, at_most=True)
    size = sum(path.stat().st_size for path in PACKAGED_FOLDER.iterdir()) / 1e6
    section.figures += [
        Figure("load and first message", system, "time", Estimate(found.load_s), "s", load),
        Figure("encoder", system, "size", Estimate(size), "MB", Target(16.0, at_most=True)),
    ]
    section.notes.append("An idle machine is needed: other work slows every row, the p99 most.")
    return section


def _compound_figures(
    bench: Bench, title: str, system: str, figures: CompoundFigures, *, targets: bool
) -> list[Figure]:
    rows = [
        _share(bench, f"{title}, joined by {joiner!r}", system, "exact domains", share)
        for joiner, share in figures.by_joiner.items()
    ]
    subject = f"{title}, two questions in one"
    return [
        _share(bench, subject, system, "exact domains", figures.exact, _EXACT if targets else None),
        _share(bench, subject, system, "parts right", figures.parts_right),
        _share(
            bench,
            f"{title}, one question with 'and'",
            system,
            "split",
            figures.singles_split,
            _SPLIT if targets else None,
        ),
        *rows,
    ]


def _follow_up_figures(
    bench: Bench, subject: str, system: str, figures: FollowUpFigures
) -> list[Figure]:
    rows = []
    for kind, holds in _KINDS.items():
        outcomes = [one for one in figures.outcomes if holds(one)]
        if not outcomes:
            continue
        alone = np.array([one.alone for one in outcomes])
        within = np.array([one.in_context for one in outcomes])
        what = f"{subject}, {kind}"
        target = _BETTER_IN_CONTEXT if kind == "turns without content words" else None
        better = bootstrap(_gain, alone, within, resamples=bench.resamples)
        count = len(outcomes)
        rows += [
            Figure(what, system, measure, _mean(bench, values), "%", None, count)
            for measure, values in (("alone", alone), ("in context", within))
        ]
        rows.append(Figure(what, system, "better", better, "points", target, count))
    lost = figures.switches_lost
    return [*rows, _share(bench, f"{subject}, switches right alone", system, "lost", lost)]


def _with_domains(bench: Bench, domains: Sequence[RouterDomain]) -> Router:
    router = bench.new_router()
    for domain in domains:
        router.add_domain(domain)
    return router


def _share(
    bench: Bench,
    subject: str,
    system: str,
    measure: str,
    share: Share,
    target: Target | None = None,
) -> Figure:
    outcomes = np.repeat([1.0, 0.0], [share.hits, share.count - share.hits])
    estimate = _mean(bench, outcomes) if share.count else Estimate(0.0)
    return Figure(subject, system, measure, estimate, "%", target, share.count)


def _mean(bench: Bench, values: np.ndarray) -> Estimate:
    return bootstrap(mean_of, values, resamples=bench.resamples)


def _gain(alone: np.ndarray, within: np.ndarray) -> float:
    return float(within.mean() - alone.mean())
