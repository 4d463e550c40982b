"""The demo shop: its folders hold together, and its questions can be answered from them."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from mdsa.cli.demo_turns import DEMO_TURNS
from mdsa.domains.config import DomainConfig

ROOT = Path(__file__).parents[2]
DOMAINS = ROOT / "domains"
NAMES = ("customer_support", "order_tracking", "technical_support")
SHARED = "shared"
DOCUMENTS = {
    path.relative_to(DOMAINS).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(DOMAINS.glob("*/documents/*"))
}
QUESTIONS: list[dict[str, Any]] = json.loads(
    (ROOT / "tests/data/demo/questions.json").read_text(encoding="utf-8")
)
LEAST = {
    "knowledge": 32,
    "tool": 6,
    "multi": 8,
    "follow_up": 6,
    "ambiguous": 4,
    "out_of_scope": 8,
    "forbidden": 1,
}


def _kind(*kinds: str) -> list[dict[str, Any]]:
    return [entry for entry in QUESTIONS if entry["kind"] in kinds]


def _texts(folder: str) -> list[str]:
    return [text for path, text in DOCUMENTS.items() if path.startswith(f"{folder}/")]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


@pytest.mark.parametrize(("folder", "least"), [*((name, 15) for name in NAMES), (SHARED, 12)])
def test_each_folder_holds_enough_documents(folder: str, least: int) -> None:
    assert len(_texts(folder)) >= least


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_is_markdown_with_one_title_and_a_sensible_length(path: str) -> None:
    text = DOCUMENTS[path]
    assert path.endswith(".md")
    assert re.match(r"# \S.*\n\n\S", text), "starts with a title and a blank line"
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
    assert 120 <= len(text.split()) <= 350


def test_titles_and_file_names_are_unique() -> None:
    titles = Counter(text.splitlines()[0] for text in DOCUMENTS.values())
    stems = Counter(Path(path).stem for path in DOCUMENTS)
    assert [title for title, count in titles.items() if count > 1] == []
    assert [stem for stem, count in stems.items() if count > 1] == []


def test_no_two_documents_are_near_identical() -> None:
    shingles = {path: _shingles(text) for path, text in DOCUMENTS.items()}
    near = [
        (one, other)
        for one, other in combinations(shingles, 2)
        if len(shingles[one] & shingles[other]) > 0.1 * len(shingles[one] | shingles[other])
    ]
    assert near == []


@pytest.mark.parametrize("name", NAMES)
def test_a_domain_folder_is_complete_and_valid(name: str) -> None:
    folder = DOMAINS / name
    assert {path.name for path in folder.iterdir()} == {"domain.yaml", "prompt.md", "documents"}
    fields = yaml.safe_load((folder / "domain.yaml").read_text(encoding="utf-8"))
    prompt = (folder / "prompt.md").read_text(encoding="utf-8")
    config = DomainConfig(**fields, system_prompt=prompt)
    assert config.name == name
    assert config.model_name is None, "the app file chooses the model"
    assert 12 <= len(set(config.keywords)) == len(config.keywords) <= 25
    assert 8 <= len(set(config.examples)) == len(config.examples) <= 12
    assert 30 <= len(config.system_prompt.split()) <= 250


def test_keywords_and_examples_belong_to_one_domain() -> None:
    words: Counter[str] = Counter()
    for name in NAMES:
        fields = yaml.safe_load((DOMAINS / name / "domain.yaml").read_text(encoding="utf-8"))
        words.update(word.lower() for word in fields["keywords"] + fields["examples"])
    assert [word for word, count in words.items() if count > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_example_of_the_router_is_what_the_demo_or_a_test_asks(name: str) -> None:
    fields = yaml.safe_load((DOMAINS / name / "domain.yaml").read_text(encoding="utf-8"))
    asked = [turn.question for turn in DEMO_TURNS] + [entry["question"] for entry in QUESTIONS]

    near = [
        (example, question)
        for example in fields["examples"]
        for question in asked
        if len(_words(question)) > 3
        and len(_words(example) & _words(question)) > 0.6 * len(_words(question))
    ]

    assert near == []
    assert not set(fields["examples"]) & set(asked)


def test_only_order_tracking_has_tools() -> None:
    tools = {
        name: yaml.safe_load((DOMAINS / name / "domain.yaml").read_text(encoding="utf-8"))["tools"]
        for name in NAMES
    }
    assert tools == {
        "customer_support": [],
        "order_tracking": [
            "get_order_status",
            "list_order_items",
            "get_shipment_history",
            "cancel_order",
            "change_delivery_address",
        ],
        "technical_support": [],
    }


def test_the_app_file_names_folders_that_exist() -> None:
    app = yaml.safe_load((DOMAINS / "mdsa.yaml").read_text(encoding="utf-8"))
    assert tuple(app["domains"]) == NAMES
    assert [DOMAINS / path for path in app["knowledge"]["global"]] == [
        DOMAINS / SHARED / "documents"
    ]
    assert all((DOMAINS / path).is_dir() for path in app["knowledge"]["global"])


def test_there_are_enough_questions_of_each_kind() -> None:
    kinds = Counter(entry["kind"] for entry in QUESTIONS)
    assert set(kinds) == set(LEAST)
    assert [kind for kind, least in LEAST.items() if kinds[kind] < least] == []
    asked = Counter(entry["domain"] for entry in _kind("knowledge"))
    assert [domain for domain in (*NAMES, None) if asked[domain] < 8] == []
    questions = Counter(
        (entry["question"].lower(), tuple(entry.get("history", ()))) for entry in QUESTIONS
    )
    assert [question for question, count in questions.items() if count > 1] == []


@pytest.mark.parametrize(
    "entry",
    [entry for entry in QUESTIONS if "document" in entry],
    ids=lambda entry: entry["question"],
)
def test_the_gold_document_holds_the_answer(entry: dict[str, Any]) -> None:
    assert entry["document"].split("/")[0] == (entry["domain"] or SHARED)
    text = DOCUMENTS[entry["document"]]
    assert [part for part in entry["answer_contains"] if part not in text] == []


@pytest.mark.parametrize("entry", _kind("knowledge"), ids=lambda entry: entry["question"])
def test_a_knowledge_question_is_a_paraphrase_with_an_answer(entry: dict[str, Any]) -> None:
    assert entry["answer_contains"]
    assert all(part not in entry["question"] for part in entry["answer_contains"])
    copied = _shingles(entry["question"]) & _shingles(DOCUMENTS[entry["document"]])
    assert len(copied) <= 0.2 * len(_shingles(entry["question"])), copied


@pytest.mark.parametrize("entry", _kind("multi", "ambiguous"), ids=lambda entry: entry["question"])
def test_a_request_between_domains_names_them(entry: dict[str, Any]) -> None:
    assert entry["domain"] is None
    assert 2 <= len(set(entry["domains"])) == len(entry["domains"])
    assert set(entry["domains"]) <= set(NAMES)
    own = " ".join(text for name in entry["domains"] for text in _texts(name))
    from_documents = [part for part in entry["answer_contains"] if not part.startswith("ORD-")]
    assert [part for part in from_documents if part not in own] == []


def test_a_tool_request_names_an_order_and_a_tool_of_its_domain() -> None:
    fields = yaml.safe_load((DOMAINS / "order_tracking/domain.yaml").read_text(encoding="utf-8"))
    for entry in _kind("tool"):
        assert entry["domain"] == "order_tracking"
        assert entry["tool"] in fields["tools"]
        assert entry["answer_contains"] == re.findall(r"ORD-\d{4}", entry["question"].upper())


def test_a_follow_up_has_a_history_of_user_messages() -> None:
    for entry in _kind("follow_up"):
        assert entry["history"]
        assert all(isinstance(message, str) and message for message in entry["history"])


def test_what_a_forbidden_answer_must_lack_stands_in_forbidden_documents_only() -> None:
    for entry in _kind("forbidden"):
        allowed = entry["allowed_domains"]
        wanted = entry.get("domains", [entry["domain"]])
        denied = [name for name in wanted if name not in allowed]
        assert denied
        secret = " ".join(text for name in denied for text in _texts(name))
        open_text = " ".join(text for name in (*allowed, SHARED) for text in _texts(name))
        for part in entry["answer_lacks"]:
            assert part in secret
            assert part not in open_text


def test_an_out_of_scope_question_expects_no_domain_and_no_answer() -> None:
    for entry in _kind("out_of_scope"):
        assert entry["domain"] is None
        assert entry["answer_contains"] == []
