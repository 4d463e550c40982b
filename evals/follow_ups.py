"""Measures routing in a session against routing each message alone, on held-out dialogues.

    python -m mdsa.evals.follow_ups --data-dir DATA [--by-kind] [--examples]

Sessions run as they do in use: the last domain is the one that was chosen, right or wrong. Turns
without content words hold none but function words, courtesies, numbers, dates and times
(`mdsa.router.follow_ups.content_words`). Switches are turns in which the user goes on to another
domain.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mdsa.evals.compounds import Share
from mdsa.evals.dialogue_data import Dialogue, UserTurn, load_dialogues
from mdsa.graph.context import RunContext
from mdsa.graph.state import Classification
from mdsa.nodes.classify import Turn, classify_turns
from mdsa.router import Router, RouterDomain
from mdsa.router.follow_ups import content_words
from mdsa.router.pronouns import points_back

__all__ = ["FollowUpFigures", "Outcome", "evaluate_follow_ups", "play_sessions"]

_MOST_CHARS = 500
"""Of the question before, as the graph keeps it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One turn: whether it was right alone and in its session."""

    turn: UserTurn
    later: bool
    alone: bool
    in_context: bool


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """Accuracy of the domain, alone and in context, by kind of turn."""

    outcomes: list[Outcome] = field(default_factory=list)

    def accuracy(self, kind: str) -> tuple[Share, Share]:
        """Alone and in context.

        Args:
            kind: "all", "no content words", "switches", or "others": later turns that stay.
        """
        chosen = [one for one in self.outcomes if _KINDS[kind](one)]
        alone = Share.of(one.alone for one in chosen)
        return alone, Share.of(one.in_context for one in chosen)

    @property
    def switches_lost(self) -> Share:
        """Switches that were right alone and are wrong in context."""
        right = [one for one in self.outcomes if one.turn.switches and one.alone]
        return Share.of(not one.in_context for one in right)

    def lines(self) -> list[str]:
        """The figures as lines of text."""
        lines = [f"{'turns':<18}{'count':>7}{'alone':>8}{'in context':>12}"]
        for kind in _KINDS:
            alone, within = self.accuracy(kind)
            lines.append(f"{kind:<18}{alone.count:>7}{alone.value:>8.3f}{within.value:>12.3f}")
        lost = self.switches_lost
        return [*lines, f"switches lost     {lost.count:>7}{lost.value:>20.3f}"]


_KINDS: dict[str, Callable[[Outcome], bool]] = {
    "all": lambda _: True,
    "no content words": lambda one: not content_words(one.turn.text),
    "switches": lambda one: one.turn.switches,
    "others": lambda one: one.later and not one.turn.switches,
}


def evaluate_follow_ups(
    router: Router, dialogues: Sequence[Dialogue], context: RunContext | None = None
) -> FollowUpFigures:
    """Play dialogues on a router whose domains are registered, and count right domains."""
    figures = FollowUpFigures()

    def choose(found: Classification, turn: UserTurn, last: str | None) -> str | None:
        scores = found["message"]["scores"]
        best = min(scores, key=lambda name: (-scores[name], name), default=None)
        stays = last is not None and found["stays"] >= (context or RunContext()).stay_threshold
        chosen = last if stays else best
        figures.outcomes.append(
            Outcome(turn, last is not None, best in turn.domains, chosen in turn.domains)
        )
        return chosen

    names = frozenset().union(*(turn.domains for dialogue in dialogues for turn in dialogue))
    play_sessions(router, dialogues, names, choose)
    return figures


def play_sessions(
    router: Router,
    dialogues: Sequence[Dialogue],
    permitted: frozenset[str],
    choose: Callable[[Classification, UserTurn, str | None], str | None],
) -> None:
    """Go through dialogues turn by turn, all of them side by side.

    Args:
        router: scores the messages.
        dialogues: what the users say.
        permitted: domains that they may use.
        choose: says which domain answers a turn, from what was found and the domain before.
    """
    last: list[str | None] = [None] * len(dialogues)
    question = [""] * len(dialogues)
    for at in range(max(map(len, dialogues), default=0)):
        live = [number for number, dialogue in enumerate(dialogues) if at < len(dialogue)]
        turns = [
            Turn(
                dialogues[number][at].text,
                question[number],
                last[number],
                dialogues[number][at].asked_back,
            )
            for number in live
        ]
        for number, turn, found in zip(
            live, turns, classify_turns(router, turns, permitted), strict=True
        ):
            chosen = choose(found, dialogues[number][at], last[number])
            follows = chosen == last[number] and (
                not content_words(turn.message) or points_back(turn.message)
            )
            asked = f"{question[number]} {turn.message}" if follows else turn.message
            question[number] = asked.strip()[-_MOST_CHARS:]
            last[number] = chosen


def new_router(domains: Sequence[RouterDomain]) -> Router:
    """The default router with these domains."""
    from mdsa.router.opening import open_router

    router = open_router(None)
    for domain in domains:
        router.add_domain(domain)
    return router


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--by-kind", action="store_true", help="services of one kind are one")
    parser.add_argument("--examples", action="store_true", help="give the router examples too")
    arguments = parser.parse_args()
    data = load_dialogues(arguments.data_dir, by_kind=arguments.by_kind)
    router = new_router(data.examples if arguments.examples else data.described)
    sys.stdout.write("\n".join(evaluate_follow_ups(router, data.held_out).lines()) + "\n")


if __name__ == "__main__":
    main()
