"""How splits and questions back are counted on made-up organisations."""

from __future__ import annotations

import json
from pathlib import Path

from fakes.routing import WordRouter

from mdsa.evals.organisation_messages import load_messages
from mdsa.evals.organisation_splits import SplitFigures, count_splits
from mdsa.graph.context import RunContext

ORDERS, RETURNS = "orders", "returns"
ROUTER = WordRouter({ORDERS: ["parcel"], RETURNS: ["refund"]})


def _write(folder: Path) -> None:
    domains = [
        {"name": name, "description": name, "keywords": [name], "documents": []}
        for name in (ORDERS, RETURNS)
    ]
    content = {
        "name": "Shop",
        "domains": domains,
        "shared": [],
        "questions": [{"question": "where is my parcel", "domain": ORDERS}],
        "compounds": [
            {"message": "where is my parcel? how do I get a refund", "domains": [ORDERS, RETURNS]},
            {"message": "where is my thing", "domains": [ORDERS, RETURNS]},
        ],
        "vague": [],
        "outside": ["sing a song"],
    }
    (folder / "shop.json").write_text(json.dumps(content), encoding="utf-8")


def test_compounds_questions_and_what_is_outside_are_counted_apart(tmp_path: Path) -> None:
    _write(tmp_path)
    (shop,) = load_messages(tmp_path)
    figures = SplitFigures()

    count_splits(shop, ROUTER, RunContext(), figures)

    assert figures.exact == [True, False]
    assert figures.split == [True, False]
    assert figures.questions_split == [False]
    assert [miss["message"] for miss in figures.misses] == ["where is my thing"]
    assert figures.decisions["questions"]["direct"] == 1
    assert figures.asked_back("outside").count == 1
    assert figures.asked_back("vague").count == 0
    lines = list(figures.lines())
    assert lines[0].split()[-2:] == ["0.500", "2"]
