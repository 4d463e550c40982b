"""The routing evaluation on a set of eight messages whose every figure is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from fakes.labelling import TableModel
from fakes.routing import WordRouter

from mdsa.errors import InvalidInputError
from mdsa.evals.routing import QUESTIONS, evaluate_routing
from mdsa.evals.routing_bench import Bench
from mdsa.evals.routing_data import IntentSet, Part
from mdsa.evals.routing_metrics import Estimate
from mdsa.evals.routing_output import write_report
from mdsa.evals.routing_page import report_page
from mdsa.evals.routing_report import Figure, RoutingReport, Section, Target, figure_tables
from mdsa.evals.routing_speed import Clocked, RoutingSpeed
from mdsa.router import Route, Router, RouterDomain
from mdsa.router.trained import TrainedRouter

CATS = ("cat one", "cat two", "cat three", "cat four")
DOGS = ("dog one", "dog two", "dog three", "dog four")
TABLE = {
    **dict.fromkeys(CATS[:3], (0.9, 0.1)),
    CATS[3]: (0.4, 0.6),
    **dict.fromkeys(DOGS, (0.2, 0.8)),
}
PETS = IntentSet(
    "pets",
    "Pets",
    Part((*CATS, *DOGS), ("cat",) * 4 + ("dog",) * 4),
    Part(("a cat", "my cat", "a dog", "my dog"), ("cat", "cat", "dog", "dog")),
    ("what is the weather", "sing a song"),
)


SPEED = RoutingSpeed(
    message=Clocked(0.5, 3.0),
    cold=Clocked(0.5, 3.0),
    encoding=Clocked(0.4, 1.0),
    by_tokens={8: Clocked(0.3, 0.9)},
    by_domains={3: Clocked(0.5, 1.0), 1000: Clocked(0.55, 1.0)},
    batch_ratio=3.0,
    batch_cpu_ratio=1.5,
    batch_threads=2,
    threads_ratio=1.5,
    load_s=0.4,
    similarity=Clocked(10.0, 12.0),
)


class ExampleRouter(WordRouter):
    """Takes the last word of every example for a keyword."""

    def __init__(self) -> None:
        super().__init__({})

    def add_domain(self, domain: RouterDomain) -> None:
        words = tuple(dict.fromkeys(text.split()[-1] for text in domain.examples))
        super().add_domain(RouterDomain(domain.name, domain.description, words))


def bench(tmp_path: Path, floor: float | None = 0.5, **given: object) -> Bench:
    def open_router(_: Path) -> Router:
        return TrainedRouter(TableModel(("cat", "dog"), TABLE, floor=floor), WordRouter({}))

    settings: dict[str, object] = {
        "own_sets": {"pets": PETS},
        "router_folders": {"pets": tmp_path},
        "with_baselines": False,
        "resamples": 20,
        "seeds": 2,
        "new_router": ExampleRouter,
        "open_router": open_router,
        "clock": lambda _: SPEED,
    }
    return Bench(**(settings | given))  # type: ignore[arg-type]  # a table of its fields


def figures(report: RoutingReport, system: str = "TinyBERT, fine-tuned") -> dict[str, Figure]:
    """Figures of one system by subject and measure."""
    return {
        f"{figure.subject}: {figure.measure}": figure
        for section in report.sections
        for figure in section.figures
        if figure.system == system
    }


def values(report: RoutingReport, system: str = "TinyBERT, fine-tuned") -> dict[str, float]:
    return {name: figure.estimate.value for name, figure in figures(report, system).items()}


def test_a_trained_router_by_hand(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path), ["intents"])
    assert values(report) == {
        "Pets: accuracy": 7 / 8,
        "Pets: macro-F1": pytest.approx((6 / 7 + 8 / 9) / 2),
        # Gaps: 0.1 of three messages, 0.6 of one, 0.2 of four.
        "Pets: ECE": pytest.approx((3 * 0.1 + 0.6 + 4 * 0.2) / 8),
        "Pets: AURC": pytest.approx(1 / 64),
        "Pets: Brier": pytest.approx((3 * 0.02 + 0.72 + 4 * 0.08) / 8),
    }
    accuracy = figures(report)["Pets: accuracy"].estimate
    assert accuracy.low is not None
    assert accuracy.low < 7 / 8 <= (accuracy.high or 0)
    (confusion,) = report.sections[0].confusions
    assert (confusion.right, confusion.taken_for, confusion.count) == ("cat", "dog", 1)
    assert (confusion.of, confusion.examples) == (4, ("cat four",))


def test_out_of_scope_and_calibration_by_hand(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path), ["out_of_scope", "calibration"])
    found = values(report)
    assert found["Pets, 8 in scope and 2 out: AUROC"] == 1
    assert found["Pets, 8 in scope and 2 out: FPR95"] == 0
    assert found["Pets, in scope: ECE"] == pytest.approx(1.7 / 8)
    # Two more messages, both wrong, with the confidence 0.1.
    assert found["Pets, out of scope mixed in: ECE"] == pytest.approx((1.7 + 2 * 0.1) / 10)
    assert figures(report)["Pets, in scope: ECE"].met is False
    # Of eight messages that much is chance, even if every confidence were exactly right.
    chance = figures(report)["Pets, in scope: ECE by chance"].estimate
    assert 0.1 < chance.value < 0.3
    assert (chance.low or 0) < 1.7 / 8 < (chance.high or 0)


def test_prediction_sets_by_hand(tmp_path: Path):
    found = values(evaluate_routing(bench(tmp_path), ["conformal"]))
    own = "Pets, the folder's own calibration"
    assert found[f"{own}: error"] == 1 / 8
    assert found[f"{own}: coverage"] == 7 / 8
    assert found[f"{own}: domains a set"] == 1
    assert found[f"{own}: one domain"] == 1
    # Four rows cannot promise 2 %: every set holds everything.
    assert found["Pets, 20 splits: error"] == 0
    assert found["Pets, 20 splits: domains a set"] == 2
    assert found["Pets, 20 splits: one domain"] == 0


def test_a_router_without_calibration_rows_is_noted(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path, floor=None), ["conformal"])
    assert "Pets: the folder holds too few calibration rows." in report.sections[0].notes
    assert not any("own calibration" in name for name in values(report))


def test_changed_messages_by_hand(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path), ["typos"])
    found = values(report)
    # The table does not know capitals: all eight go to the first label.
    assert found["Pets, all capitals: accuracy"] == 4 / 8
    assert found["Pets, all capitals: lost"] == pytest.approx(3 / 8)
    assert found["Pets, all capitals: routes flipped"] == 5 / 8
    assert figures(report)["Pets, all capitals: lost"].met is False
    assert "Pets: lower case changes no message." in report.sections[0].notes
    few = values(report, "TinyBERT, 10-shot")
    assert few["Pets, all capitals: lost"] == 0


def test_speed_against_its_targets(tmp_path: Path):
    found = figures(evaluate_routing(bench(tmp_path), ["speed"]), "TinyBERT")
    message = "one message of 16 tokens, 3 domains"
    assert (found[f"{message}: p50"].met, found[f"{message}: p99"].met) == (True, False)
    assert found["one message, 8 tokens: p50"].shown == "0.300"
    ratio = found["1,000 domains to 3: ratio"]
    assert (ratio.shown, ratio.met) == ("1.100", True)
    batches = "throughput of batches of 64 in 2 threads to singles in one: ratio"
    assert found[batches].met is False
    assert found["faster than MiniLM similarity: ratio"].shown == "20.0"
    assert found["load and first message: time"].met is True
    assert found["encoder: size"].estimate.value > 1


def test_few_examples_by_hand(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path), ["few_shot"])
    found = values(report, "TinyBERT, few-shot")
    assert found["Pets, 5 shots: accuracy"] == 1
    assert found["Pets, 5 shots: spread"] == 0
    assert found["Pets, 5 shots: ECE"] == pytest.approx(0.1)
    assert found["Pets, 10 shots: accuracy"] == 1


def test_own_domains_are_routed_without_examples(tmp_path: Path):
    def words() -> Router:
        return WordRouter({})

    domains = [RouterDomain("cat", "Cats.", ("cat",)), RouterDomain("dog", "Dogs.", ("one",))]
    report = evaluate_routing(bench(tmp_path, own_domains=domains, new_router=words), ["zero_shot"])
    # Of the dogs, only the first is known; "cat one" is a tie, which goes to the first.
    assert values(report, "TinyBERT, zero-shot")["Pets: accuracy"] == 5 / 8 + 3 / 8 * 0


def test_what_cannot_be_measured_is_said(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path, router_folders={}), ["intents"])
    assert "give --router pets=DIR" in report.sections[0].notes[0]
    everything = {
        section.question: section for section in evaluate_routing(bench(tmp_path)).sections
    }
    assert list(everything) == list(QUESTIONS)
    assert everything["compounds"].notes[0].startswith("Not measured: clinc150_domains lies in")


def test_what_was_asked_for_by_name_must_be_there(tmp_path: Path):
    with pytest.raises(InvalidInputError, match="give --data-dir"):
        evaluate_routing(bench(tmp_path), ["compounds"])
    with pytest.raises(InvalidInputError, match="unknown question 'speeed'; known are intents"):
        evaluate_routing(bench(tmp_path), ["speeed"])


def test_a_router_that_does_not_fit_is_refused_before_the_work(tmp_path: Path):
    seen: list[str] = []

    def progress(what: str, done: int, total: int) -> None:
        seen.append(what)

    cases: list[tuple[dict[str, object], str]] = [
        ({"router_folders": {"pets": tmp_path / "none"}}, "there is no folder"),
        ({"router_folders": {"cats": tmp_path}}, "no set is called so; known: clinc150"),
        ({"open_router": lambda _: WordRouter({})}, "holds an encoder"),
        (
            {"open_router": lambda _: TrainedRouter(TableModel(("cat",), {}), WordRouter({}))},
            "does not know 1 of the set's 2 labels, such as dog; it knows cat",
        ),
    ]
    for given, message in cases:
        with pytest.raises(InvalidInputError, match=message):
            evaluate_routing(bench(tmp_path, progress=progress, **given))
    assert seen == []


def test_figures_as_people_read_them():
    share = Figure("a", "b", "accuracy", Estimate(0.9612, 0.95, 0.97), "%", Target(0.96))
    assert (share.shown, share.target_shown, share.met) == ("96.1 ±1.0", "≥ 96.0", True)
    assert (share.head, share.interval_shown) == ("accuracy (%)", "95.0 to 97.0")
    error = Figure("a", "b", "ECE", Estimate(0.0212), "", Target(0.015, at_most=True))
    assert (error.shown, error.target_shown, error.met) == ("0.021", "≤ 0.015", False)
    assert error.as_dict()["low"] is None
    assert json.loads(json.dumps(share.as_dict()))["value"] == 0.9612


def test_subjects_with_the_same_measures_share_a_table():
    one = Figure("first", "ours", "accuracy", Estimate(1.0))
    two = Figure("first", "theirs", "accuracy", Estimate(0.5))
    three = Figure("first", "ours", "ECE", Estimate(0.1), "")
    four = Figure("second", "ours", "AUROC", Estimate(0.9), "")
    tables = figure_tables([one, two, three, four])
    assert [table.heads for table in tables] == [["accuracy (%)", "ECE"], ["AUROC"]]
    assert tables[0].rows == [("first", "ours", [one, three]), ("first", "theirs", [two, None])]


def test_the_page_needs_nothing_else(tmp_path: Path):
    report = evaluate_routing(bench(tmp_path), ["intents"])
    report.sections.append(Section("x", "<b>", notes=["a < b"]))
    plot = tmp_path / "plot.png"
    plot.write_bytes(b"png")
    page = report_page(report, {"intents": [plot]})
    assert "http" not in page
    assert "<b>" not in page
    assert "a &lt; b" in page
    assert 'src="data:image/png;base64,cG5n"' in page
    assert "cat four" in page
    assert "87.5" in page


def test_the_report_is_written_with_its_plots(tmp_path: Path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "out"
    report = evaluate_routing(bench(tmp_path), ["intents", "calibration"])
    assert write_report(report, out) == []
    assert json.loads((out / "report.json").read_text())["sections"][0]["question"] == "intents"
    names = sorted(path.name for path in out.glob("*.png"))
    assert names == [
        "calibration_pets_out_of_scope_mixed_in_reliability.png",
        "calibration_pets_out_of_scope_mixed_in_risk_coverage.png",
        "intents_pets_reliability.png",
        "intents_pets_risk_coverage.png",
    ]
    assert (out / names[0]).read_bytes().startswith(b"\x89PNG")
    assert (out / "report.html").read_text().count("data:image/png") == 4


def test_every_route_names_every_domain(tmp_path: Path):
    class Forgetful(ExampleRouter):
        def route(self, texts: Sequence[str]) -> list[Route]:
            return [
                Route(dict(reversed(route.scores.items())), route.out_of_scope)
                if number % 2
                else route
                for number, route in enumerate(super().route(texts))
            ]

    # The order in which a route names domains does not matter.
    report = evaluate_routing(bench(tmp_path, new_router=Forgetful), ["few_shot"])
    assert values(report, "TinyBERT, few-shot")["Pets, 5 shots: accuracy"] == 1
