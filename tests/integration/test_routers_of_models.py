"""Routers over a folder of `mdsa train router`, and over Hugging Face classifiers and encoders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes.command_line import assert_failed, json_lines, run_command
from fakes.tiny_bert import labelled_rows, write_tiny_bert
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from mdsa.errors import ModelUnavailableError
from mdsa.router import Route, Router, RouterDomain
from mdsa.router.opening import open_router
from mdsa.router.trained import TrainedRouter
from mdsa.training.router import train_router
from mdsa.training.router_settings import RouterSettings

QUICK = RouterSettings(
    epochs=6,
    batch_size=8,
    learning_rate=5e-3,
    head_rate=5e-3,
    teacher_epochs=0,
    noisy_share=0.1,
    held_share=0.3,
)
TEXTS = [row.text for row in labelled_rows(8, seed=5)]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(write_tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def trained(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("routers") / "model-best-tinybert"
    train_router(labelled_rows(50, domains=True), out, settings=QUICK, start=start)
    return out


@pytest.fixture(scope="module")
def classifier(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as transformers writes it."""
    folder = tmp_path_factory.mktemp("models") / "classifier"
    names = {0: "orders", 1: "account"}
    config = BertConfig.from_pretrained(start, id2label=names, label2id={})
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer_with_padding(start).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def encoder(start: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and its tokenizer, and nothing of sentence-transformers."""
    folder = tmp_path_factory.mktemp("models") / "encoder"
    tokenizer_with_padding(start).save_pretrained(folder)
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((start / name).read_bytes())
    return folder


def tokenizer_with_padding(start: Path) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_file=str(start / "tokenizer.json"),
        pad_token="[PAD]",  # noqa: S106 - no secret
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        model_max_length=128,
    )


def routed(router: Router, *texts: str) -> Iterator[Route]:
    for route in router.route(texts):
        assert sum(route.scores.values()) + route.out_of_scope == pytest.approx(1)
        yield route


def test_a_trained_folder_routes_to_its_domains(trained: Path) -> None:
    router = open_router(trained)
    for name in ("orders", "account"):
        router.add_domain(RouterDomain(name, f"About {name}"))

    routes = list(routed(router, "refund money back", "reset my password login", "parcel courier"))

    assert [route.domain for route in routes] == ["orders", "account", "orders"]
    assert routes[0].evidence == {"orders": "refund"}
    assert router.score_floor(0.2) is not None
    assert router.score_floor(0.001) is None


def test_texts_are_judged_alike_alone_and_together(trained: Path) -> None:
    router = open_router(trained)
    router.add_domain(RouterDomain("orders", "About orders"))

    alone = [next(routed(router, text)).confidence for text in TEXTS]
    together = [route.confidence for route in router.route(TEXTS)]
    with ThreadPoolExecutor(8) as pool:
        threads = [route.confidence for (route,) in pool.map(router.route, [[t] for t in TEXTS])]

    assert threads == alone
    assert together == pytest.approx(alone, abs=0.05)


def test_a_damaged_folder_is_refused_at_once(trained: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in trained.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "model.onnx").write_bytes(b"changed")

    with pytest.raises(ModelUnavailableError, match=r"model\.onnx"):
        open_router(copy)


def test_a_hugging_face_classifier_routes_by_its_labels(classifier: Path) -> None:
    router = open_router(classifier)
    assert isinstance(router, TrainedRouter)
    for name in ("orders", "Account"):
        router.add_domain(RouterDomain(name, f"About {name}"))

    routes = list(routed(router, *TEXTS, "a \ud800 lone surrogate"))

    assert {name for route in routes for name in route.scores} == {"orders", "Account"}
    assert all(route.out_of_scope == pytest.approx(0) for route in routes)
    alone = [next(routed(router, text)).confidence for text in TEXTS]
    assert [route.confidence for route in routes[:-1]] == pytest.approx(alone, abs=1e-5)


def test_a_classifier_without_weights_says_so(classifier: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((classifier / "config.json").read_bytes())
    router = open_router(tmp_path)
    router.add_domain(RouterDomain("orders", "About orders"))

    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        router.route(["refund"])


def test_a_hugging_face_encoder_routes_by_its_embeddings(encoder: Path) -> None:
    router = open_router(encoder)
    router.add_domain(RouterDomain("orders", "refund parcel", ("refund",)))
    router.add_domain(RouterDomain("account", "password login", ("password",)))

    (route,) = routed(router, "password login")

    assert route.domain == "account"


def test_the_command_line_routes_with_a_folder(trained: Path) -> None:
    lines = [*TEXTS, "reset my password login"] * 30
    given = "".join(json.dumps({"text": text}) + "\n" for text in lines)

    verdicts = json_lines(run_command("route", "--router", trained, "--jsonl", given=given))

    assert len(verdicts) == len(lines)
    for verdict in verdicts:
        assert set(verdict) >= {"domain", "confidence", "scores", "decision", "out_of_scope"}
        assert set(verdict["scores"]) == {"orders", "account"}
        assert verdict["confidence"] == max(verdict["scores"].values())
        assert verdict["scores"][verdict["domain"]] == verdict["confidence"]
    assert verdicts[len(TEXTS)]["domain"] == "account"


def test_the_command_line_takes_a_target_error_and_other_domains(
    trained: Path, tmp_path: Path
) -> None:
    domains = tmp_path / "domains.json"
    listed = [
        {"name": "orders", "description": "Orders"},
        {"name": "wine", "description": "Red and white wine.", "keywords": ["wine"]},
    ]
    domains.write_text(json.dumps(listed), encoding="utf-8")

    answer = run_command(
        "--json", "route", "refund money", "--router", trained, "--domains", domains,
        "--target-error", "0.2",
    )  # fmt: skip
    too_small = run_command("--json", "route", "refund", "--router", trained, "--target-error=1e-6")

    verdict = json.loads(answer.stdout)
    assert set(verdict["scores"]) == {"orders", "wine"}
    assert "an error of 0.2" in verdict["reason"]
    assert "takes 999999 calibration rows" in json.loads(too_small.stdout)["reason"]


@pytest.mark.parametrize("router", ["nowhere", "./nowhere"])
def test_the_command_line_refuses_a_router_that_is_not_there(router: str) -> None:
    assert_failed(run_command("--json", "route", "x", "--router", router), "nowhere", "ConfigError")
