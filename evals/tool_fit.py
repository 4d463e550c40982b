"""Fits the weights by which the reader gives values of a message to a tool's arguments.

    python -m mdsa.evals.tool_fit --data-dir DIR [--check]

On the half of BFCL's simple and parallel requests that is for fitting, on the requests to
organisations that are, and with a smaller weight on such service calls of `mdsa.evals.sgd_calls`.
For each argument the candidates of the message compete with each other and with no value (a
conditional logit, as in
`mdsa.evals.reader_fit`); a candidate is right where BFCL lists it. Required arguments are seen
again without the candidates that are right: then no value is. `--check` prints instead how often
the best candidate is right on requests of BFCL in five-fold cross-validation, no function in two
folds, and on the services that nothing was fitted on.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha1
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdsa.embeddings import load_embeddings
from mdsa.evals.organisation_requests import load_questions, load_requests
from mdsa.evals.reader_fit import Group, Matrix, fit
from mdsa.evals.sgd_calls import load_service_calls
from mdsa.evals.tool_calls import other_tools
from mdsa.evals.tool_data import TOOL_SETS, ToolCase, load_tools
from mdsa.evals.tool_matching import same_value
from mdsa.models.reader.candidates import Candidate, find_candidates
from mdsa.models.reader.date_slots import admits, texts_for
from mdsa.models.reader.encoder import CachedEncoder
from mdsa.models.reader.features import Question
from mdsa.models.reader.number_features import NUMBER_FEATURES, number_rows
from mdsa.models.reader.render import label
from mdsa.models.reader.slots import Slot, slots
from mdsa.models.reader.text_features import TEXT_FEATURES, text_rows
from mdsa.models.reader.tool_choice import Tool, rank
from mdsa.models.reader.words import content_stems

__all__ = ["Example", "examples", "main"]

_PENALTY = 1.0
_EMPTY_WEIGHT = 0.3
_FOLDS = 5
_SERVICE_SHARE = {"text": 0.35, "number": 0.25}
"""What all service calls count together, BFCL's requests being 1: more does not carry over."""
_ORGANISATION_SHARE = {"text": 0.5, "number": 1.0}
"""The same for the requests to organisations."""
_ORGANISATIONS = Path(__file__).parent / "data" / "organisations"
_MOST_OF_A_TOOL = 60
"""What the examples of one service's tool count at most, before that."""
_ARTICLE = re.compile(r"^(?:the|an?|my|our)\s+", re.IGNORECASE)
_QUESTIONS = 6
_CALLED = 0.35
_CALLED_IN_DOMAIN = 0.7
_OF_WORDS = 5
_OTHERS_COUNT = 2.0
_SEED = 5
_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Example:
    """The candidates for one argument of one request.

    Attributes:
        tool: its name.
        group: the candidates.
    """

    tool: str
    group: Group


def examples(
    cases: Sequence[ToolCase], encoder: CachedEncoder
) -> tuple[list[Example], list[Example]]:
    """Those of text and those of numeric arguments."""
    texts: list[Example] = []
    figures: list[Example] = []
    for case in cases:
        tool = case.tools[0]["function"]
        found = find_candidates(case.request)
        stems = frozenset(content_stems(label(tool["name"])))
        properties = slots(tool["parameters"])
        wordy = [s for s in properties if s.kind == "string" and not s.schema.get("enum")]
        numeric = [s for s in properties if s.kind in ("integer", "number")]
        numbers = [one for one in found if one.kind == "number"]
        for slot in wordy:
            words = [one for one in texts_for([slot], found) if admits(slot, one)]
            if words:
                rows = text_rows(slot, words, case.request, wordy, stems, encoder)
                texts += _examples(case, slot, words, rows, _is_text)
        for slot in numeric if numbers else ():
            rows = number_rows(slot, numbers, case.request, numeric, encoder)
            figures += _examples(case, slot, numbers, rows, _is_number)
    return texts, figures


def by_tool(cases: Sequence[ToolCase]) -> list[ToolCase]:
    """One case for each tool that serves a request, as if no other were on offer."""
    return [
        replace(case, tools=(tool,), expected=calls)
        for case in cases
        for tool in case.tools
        if (calls := tuple(c for c in case.expected if c.name == tool["function"]["name"]))
    ]


def _examples(
    case: ToolCase,
    slot: Slot,
    candidates: Sequence[Candidate],
    rows: Matrix,
    right: Callable[[Candidate, Any], bool],
) -> list[Example]:
    allowed = [value for call in case.expected for value in call.args.get(slot.name, ())]
    labels = np.array([float(any(right(c, value) for value in allowed)) for c in candidates])
    if not labels.any() and slot.required:
        return []  # the right value is none of the candidates
    found = [Example(case.tools[0]["function"]["name"], Group(rows, np.zeros(len(rows)), labels))]
    gold = [c for c, is_right in zip(candidates, labels, strict=True) if is_right]
    left = [
        place
        for place, one in enumerate(candidates)
        if not any(one.start < other.end and other.start < one.end for other in gold)
    ]
    if slot.required and gold and left:
        empty = Group(rows[left], np.zeros(len(left)), np.zeros(len(left)), _EMPTY_WEIGHT)
        found.append(Example(case.tools[0]["function"]["name"], empty))
    return found


def relevance_rows(
    cases: Sequence[ToolCase], encoder: CachedEncoder
) -> tuple[Matrix, NDArray[np.bool_]]:
    """What a request's own tool looks like, and the best of four tools of other requests."""
    found = [
        row
        for case in cases
        for tools, own in ((case.tools, True), (other_tools(case, cases, _SEED, _OTHERS), False))
        if (row := _relevance_row(replace(case, tools=tuple(tools)), encoder, own=own))
    ]
    return np.array([row for row, _ in found]), np.array([own for _, own in found])


def asked_rows(
    cases: Sequence[ToolCase], encoder: CachedEncoder
) -> tuple[Matrix, NDArray[np.bool_]]:
    """What the best tool on offer looks like, where a call is right and where none is."""
    found = [
        row
        for case in cases
        if case.tools and (row := _relevance_row(case, encoder, own=bool(case.expected)))
    ]
    return np.array([row for row, _ in found]), np.array([own for _, own in found])


def _relevance_row(
    case: ToolCase, encoder: CachedEncoder, *, own: bool
) -> tuple[tuple[float, ...], bool] | None:
    """None where a call is right, but of another tool than the one that fits best."""
    tools = [Tool.from_openai(tool) for tool in case.tools]
    best = rank(Question(case.request), tools, encoder, facts={})[0]
    if own and best.tool.name not in {call.name for call in case.expected}:
        return None
    return best.features, own


def _is_text(one: Candidate, value: Any) -> bool:
    if not isinstance(value, str) or value == "":
        return False
    return same_value(_ARTICLE.sub("", one.text), _ARTICLE.sub("", value))


def _is_number(one: Candidate, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    assert isinstance(one.value, int | float)  # noqa: S101  `numbers` holds nothing else
    return any(abs(said - value) < 1e-9 for said in (one.value, one.value / 100))


def _weighted(found: Sequence[Example], total: float) -> list[Group]:
    """Examples of services, so that all count as many as `total` and no tool for too much."""
    count = Counter(one.tool for one in found)
    weights = [min(1, _MOST_OF_A_TOOL / count[e.tool]) * e.group.weight for e in found]
    scale = total / sum(weights)
    return [
        replace(one.group, weight=weight * scale)
        for one, weight in zip(found, weights, strict=True)
    ]


def _check(
    found: Sequence[Example],
    services: Sequence[Group],
    others: Mapping[str, Sequence[Example]],
) -> dict[str, dict[str, float]]:
    """How often the best candidate is right, and how often none is chosen where none is."""
    scored: list[tuple[Group, Matrix]] = []
    for fold in range(_FOLDS):
        held = [_fold(one.tool) == fold for one in found]
        shown = [one.group for one, out in zip(found, held, strict=True) if not out]
        intercept, weights = fit([*shown, *services], _PENALTY)
        groups = [one.group for one, out in zip(found, held, strict=True) if out]
        scored += [(group, group.rows @ weights + intercept) for group in groups]
    intercept, weights = fit([*(one.group for one in found), *services], _PENALTY)
    return {"bfcl": _shares(scored)} | {
        name: _shares([(one.group, one.group.rows @ weights + intercept) for one in rows])
        for name, rows in others.items()
    }


def _fold(tool: str) -> int:
    return int(sha1(tool.encode(), usedforsecurity=False).hexdigest(), 16) // 7 % _FOLDS


def _shares(scored: Sequence[tuple[Group, Matrix]]) -> dict[str, float]:
    best = [bool(group.labels[odds.argmax()]) for group, odds in scored if group.labels.any()]
    none = [
        bool(odds.max() <= 0)
        for group, odds in scored
        if not group.labels.any() and group.weight == 1.0
    ]
    return {
        "arguments": len(best),
        "best_right": round(float(np.mean(best)), 3),
        "left_out": len(none),
        "none_chosen": round(float(np.mean(none)), 3),
    }


def _relevance(
    bfcl: tuple[Matrix, NDArray[np.bool_]],
    asked: tuple[Matrix, NDArray[np.bool_]],
    *,
    check: bool,
) -> dict[str, Any]:
    """By the words on BFCL alone; by what the request is like on both sets, which count the same.

    Tools of other requests count twice in the second: a call that nobody asked for is worse than a
    question back.
    """
    rows, own = (np.concatenate(pair) for pair in zip(bfcl, asked, strict=True))
    from_bfcl = np.arange(len(rows)) < len(bfcl[0])
    weights = np.where(from_bfcl, 1.0, len(bfcl[0]) / len(asked[0]))
    weights = np.where(from_bfcl & ~own, _OTHERS_COUNT * weights, weights)
    words = bfcl[0][:, :_OF_WORDS]
    if not check:
        return {
            "words": _logistic(words, bfcl[1], np.ones(len(words))),
            "in_domain": _logistic(rows, own, weights),
        }
    by_words = _predicted(words, bfcl[1], np.ones(len(words)))
    fixed = _fitted(words, bfcl[1], np.ones(len(words)))
    by_words = np.concatenate([by_words, fixed.predict_proba(asked[0][:, :_OF_WORDS])[:, 1]])
    called = (by_words >= _CALLED) | (_predicted(rows, own, weights) >= _CALLED_IN_DOMAIN)
    return {
        f"{name}_called_where_{where}": round(float(called[part & which].mean()), 3)
        for name, part in (("bfcl", from_bfcl), ("organisations", ~from_bfcl))
        for where, which in (("right", own), ("wrong", ~own))
    }


def _fitted(rows: Matrix, own: NDArray[np.bool_], weights: Matrix) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10, max_iter=2000).fit(rows, own, sample_weight=weights)


def _predicted(rows: Matrix, own: NDArray[np.bool_], weights: Matrix) -> Matrix:
    """Probabilities of rows that the model was not fitted to."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    model = LogisticRegression(C=10, max_iter=2000)
    given = {"sample_weight": weights}
    odds = cross_val_predict(model, rows, own, cv=8, method="predict_proba", params=given)
    return np.asarray(odds[:, 1])


def _logistic(rows: Matrix, own: NDArray[np.bool_], weights: Matrix) -> dict[str, Any]:
    model = _fitted(rows, own, weights)
    return {
        "intercept": round(float(model.intercept_[0]), 2),
        "weights": [round(float(weight), 2) for weight in model.coef_[0]],
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the weights as JSON, ready for `mdsa.models.reader.slot_weights`."""
    parser = argparse.ArgumentParser(prog="mdsa.evals.tool_fit")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--check", action="store_true", help="cross-validate instead")
    options = parser.parse_args(arguments)
    cases = [
        case for name in TOOL_SETS for case in load_tools(name, options.data_dir, held_out=False)
    ]
    encoder = CachedEncoder(load_embeddings(), size=100_000)
    seen = examples(load_service_calls(options.data_dir, held_out=False), encoder)
    asked = examples(by_tool(load_requests(_ORGANISATIONS / "fit")), encoder)
    unseen = {
        "services": load_service_calls(options.data_dir),
        "organisations": by_tool(load_requests(_ORGANISATIONS / "calibration")),
    }
    others = {n: examples(rows, encoder) for n, rows in unseen.items()} if options.check else {}
    result: dict[str, Any] = {}
    kinds = (("text", TEXT_FEATURES), ("number", NUMBER_FEATURES))
    for place, found in enumerate(examples(cases, encoder)):
        kind, names = kinds[place]
        more = [
            *_weighted(seen[place], _SERVICE_SHARE[kind] * len(found)),
            *_weighted(asked[place], _ORGANISATION_SHARE[kind] * len(found)),
        ]
        if options.check:
            left = {name: rows[place] for name, rows in others.items()}
            result[kind] = _check(found, more, left)
            continue
        intercept, weights = fit([*(one.group for one in found), *more], _PENALTY)
        named = zip(names, weights, strict=True)
        result[kind] = {
            "intercept": round(intercept, 2),
            "weights": {name: round(float(weight), 2) for name, weight in named},
        }
    asked_for = [*load_requests(_ORGANISATIONS / "fit")]
    asked_for += load_questions(_ORGANISATIONS / "fit", _QUESTIONS)
    result["relevance"] = _relevance(
        relevance_rows(cases, encoder), asked_rows(asked_for, encoder), check=options.check
    )
    sys.stdout.write(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
