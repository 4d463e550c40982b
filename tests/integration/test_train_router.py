import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from fakes.tiny_bert import labelled_rows, write_tiny_bert
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from mdsa.errors import ConfigError, InvalidInputError, ModelUnavailableError, StorageError
from mdsa.router.text_graph import TextGraph
from mdsa.router.trained_folder import read_trained_folder
from mdsa.router.trained_model import TrainedModel
from mdsa.training.router import train_router
from mdsa.training.router_settings import RouterSettings

QUICK = RouterSettings(
    epochs=4,
    batch_size=8,
    learning_rate=5e-3,
    head_rate=5e-3,
    teacher_epochs=0,
    noisy_share=0.1,
    held_share=0.3,
)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return write_tiny_bert(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def trained(start, tmp_path_factory):
    out = tmp_path_factory.mktemp("routers") / "model-best-tinybert"
    outside = [f"sing about the {thing}" for thing in ("moon", "sea", "rain", "sun")]
    settings = replace(QUICK, epochs=12)
    return train_router(
        labelled_rows(50, domains=True), out, outside=outside, settings=settings, start=start
    )


def graph_of(path):
    folder = read_trained_folder(path)
    return TextGraph(
        folder.model, folder.tokenizer_json, folder.manifest.max_tokens, ["embedding", "logits"]
    )


def test_the_folder_is_whole_and_says_what_was_measured(trained):
    manifest = read_trained_folder(trained.path).manifest
    assert manifest.labels == ("delivery", "password", "refund")
    assert manifest.domains == ("orders", "account", "orders")
    assert manifest.metrics["label_accuracy"] > 0.8
    assert manifest.metrics["domain_accuracy"] >= manifest.metrics["label_accuracy"]
    assert manifest.data["train"] + manifest.data["held_out_for_sets_and_figures"] < 150
    assert len(manifest.conformal) == manifest.metrics["rows"]
    assert "model-best-tinybert" in (trained.path / "README.md").read_text(encoding="utf-8")
    # Nothing else is left behind.
    assert [path.name for path in trained.path.parent.iterdir()] == ["model-best-tinybert"]


def test_transformers_loads_the_folder_and_agrees_with_the_graph(trained):
    texts = [row.text for row in labelled_rows(10, seed=7)]
    model = AutoModelForSequenceClassification.from_pretrained(trained.path).eval()
    tokenizer = AutoTokenizer.from_pretrained(trained.path)
    with torch.inference_mode():
        expected = model(**tokenizer(texts, return_tensors="pt", padding=True)).logits.numpy()
    _, logits = graph_of(trained.path).many(texts)
    assert model.config.id2label == {0: "delivery", 1: "password", 2: "refund"}
    assert np.abs(logits - expected).max() < 0.1 * np.abs(expected).max()
    assert (logits.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_typing_errors_are_mended_towards_the_training_words(trained):
    model = TrainedModel(trained.path)
    right, slip = model.judge(["where is my parcel"]), model.judge(["where is my parcle"])
    assert "parcel" in read_trained_folder(trained.path).words
    assert np.array_equal(right.labels, slip.labels)


def test_the_last_passes_read_all_rows_and_a_validation_file_never(start, tmp_path):
    stages = []
    settings = replace(QUICK, epochs=1, last_epochs=2)
    rows = labelled_rows(20)
    held, plain = (
        train_router(
            rows,
            tmp_path / name,
            settings=replace(settings, last_epochs=count),
            start=start,
            progress=lambda stage, _done, total: stages.append((stage, total)),
        )
        for name, count in (("a", 2), ("b", 0))
    )
    batches = -(-len(rows) // QUICK.batch_size)
    assert ("last passes", 2 * batches) in stages
    assert held.manifest.training["last_passes_on_all_rows"] == 2
    # What was measured is the network before them, and what serves another.
    assert held.manifest.metrics == plain.manifest.metrics
    assert held.manifest.temperature == plain.manifest.temperature
    texts = [row.text for row in rows]
    logits = [graph_of(tmp_path / name).many(texts)[1] for name in "ab"]
    assert not np.array_equal(*logits)
    assert "before the last passes" in (tmp_path / "a" / "README.md").read_text(encoding="utf-8")

    stages.clear()
    train_router(
        rows,
        tmp_path / "c",
        validation=labelled_rows(20, seed=5),
        settings=settings,
        start=start,
        progress=lambda stage, _done, total: stages.append((stage, total)),
    )
    assert "last passes" not in dict(stages)


def test_calibration_on_training_rows_is_said(start, tmp_path):
    report = train_router(
        labelled_rows(2), tmp_path / "x", settings=replace(QUICK, held_share=0.01), start=start
    )
    assert report.manifest.data["held_out_for_stopping_and_calibration"] == 0
    assert report.manifest.metrics["rows_trained_on"]
    assert "trained on" in (tmp_path / "x" / "README.md").read_text(encoding="utf-8")


def test_a_kill_between_the_renames_of_publishing_loses_no_router(start, tmp_path):
    out = tmp_path / "router"
    quick = replace(QUICK, epochs=1)
    train_router(labelled_rows(8), out, settings=quick, start=start)
    before = read_trained_folder(out).manifest
    work = tmp_path / ".router.training"
    work.mkdir()
    out.rename(work / "former")

    def stop(stage, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_router(labelled_rows(9), out, settings=quick, start=start, progress=stop)
    assert read_trained_folder(out).manifest == before


def test_a_folder_with_a_changed_byte_is_refused(start, tmp_path):
    out = tmp_path / "router"
    train_router(labelled_rows(8), out, settings=replace(QUICK, epochs=1), start=start)
    data = bytearray((out / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (out / "model.onnx").write_bytes(data)
    with pytest.raises(ModelUnavailableError, match=r"model\.onnx.*changed"):
        read_trained_folder(out)


def test_equal_seeds_give_equal_routers(start, tmp_path):
    settings = replace(QUICK, epochs=2)
    rows = labelled_rows(12)
    logits = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        train_router(rows, tmp_path / name, settings=replace(settings, seed=seed), start=start)
        logits.append(graph_of(tmp_path / name).many([row.text for row in rows])[1])
    assert np.array_equal(logits[0], logits[1])
    assert not np.array_equal(logits[0], logits[2])


KILLED = """
import os, signal, sys
from pathlib import Path
from fakes.tiny_bert import labelled_rows
from mdsa.training.router import train_router
from mdsa.training.router_settings import RouterSettings

def die_in_epoch_three(stage, done, total):
    if stage == "router" and done > total * 0.6:
        os.kill(os.getpid(), signal.SIGKILL)

settings = RouterSettings(**{settings!r})
train_router(labelled_rows(12), Path({out!r}), settings=settings, start=Path({start!r}),
             progress=die_in_epoch_three)
"""


def test_a_killed_run_goes_on_where_it_was(start, tmp_path):
    # No early stop, so that the kill comes before the end.
    settings = {**vars_of(QUICK), "patience": 9}
    out = tmp_path / "killed"
    code = KILLED.format(settings=settings, out=str(out), start=str(start))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert process.returncode == -signal.SIGKILL
    assert not out.exists()

    steps = []
    report = train_router(
        labelled_rows(12),
        out,
        settings=RouterSettings(**settings),
        start=start,
        resume=True,
        progress=lambda stage, done, total: steps.append((stage, done / total)),
    )
    assert report.resumed
    assert min(share for stage, share in steps if stage == "router") > 0.5
    assert len(report.history) == 4

    whole = train_router(
        labelled_rows(12), tmp_path / "whole", settings=RouterSettings(**settings), start=start
    )
    texts = [row.text for row in labelled_rows(12)]
    assert whole.history == report.history
    assert np.array_equal(graph_of(tmp_path / "whole").many(texts)[1], graph_of(out).many(texts)[1])


def vars_of(settings):
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_only_the_same_run_is_resumed(start, tmp_path):
    with pytest.raises(ConfigError, match="there is none"):
        train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=start, resume=True)

    def stop(stage, done, total):
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=start, progress=stop)
    with pytest.raises(ConfigError, match="were others"):
        train_router(labelled_rows(9), tmp_path / "x", settings=QUICK, start=start, resume=True)
    # Without insisting, other rows begin anew.
    report = train_router(labelled_rows(9), tmp_path / "x", settings=QUICK, start=start)
    assert not report.resumed


def test_training_stops_when_nothing_gets_better(start, tmp_path):
    settings = replace(QUICK, epochs=30, patience=2)
    report = train_router(labelled_rows(20), tmp_path / "x", settings=settings, start=start)
    assert len(report.history) == report.manifest.training["epochs_run"] < 30
    *before, second_last, last = report.history
    for name in ("accuracy", "log_likelihood"):
        assert max(second_last[name], last[name]) <= max(entry[name] for entry in before)


def test_a_former_router_is_replaced_and_other_folders_are_not(start, tmp_path):
    out = tmp_path / "router"
    quick = replace(QUICK, epochs=1)
    train_router(labelled_rows(8), out, settings=quick, start=start)
    (out / "note.txt").write_text("mine", encoding="utf-8")
    train_router(labelled_rows(9), out, settings=quick, start=start)
    assert not (out / "note.txt").exists()
    assert read_trained_folder(out).manifest.data["train"] > 0

    other = tmp_path / "holiday"
    other.mkdir()
    (other / "photo.jpg").write_text("sun", encoding="utf-8")
    with pytest.raises(ConfigError, match="holiday is not empty"):
        train_router(labelled_rows(8), other, settings=quick, start=start)
    with pytest.raises(ConfigError, match=r"photo\.jpg is a file"):
        train_router(labelled_rows(8), other / "photo.jpg", settings=quick, start=start)
    with pytest.raises(StorageError, match="cannot write beside"):
        train_router(labelled_rows(8), other / "photo.jpg" / "x", settings=quick, start=start)


def test_a_larger_model_teaches_first(start, tmp_path):
    stages = []
    report = train_router(
        labelled_rows(20),
        tmp_path / "x",
        settings=replace(QUICK, epochs=1, teacher_epochs=2, variations=1),
        start=start,
        progress=lambda *told: stages.append(told[0]),
    )
    assert list(dict.fromkeys(stages)) == ["teacher", "router", "calibration", "last passes"]
    assert report.manifest.training["settings"]["teacher_epochs"] == 2


def test_a_disk_that_fills_up_is_said(start, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(StorageError, match=r"cannot write beside.*make room"):
            train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=start)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "x").exists()
    train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=start)


def test_two_runs_for_one_folder_do_not_mix(start, tmp_path):
    def begin_another(stage, done, total):
        with pytest.raises(StorageError, match="another process is training"):
            train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=start)

    quick = replace(QUICK, epochs=1)
    rows = labelled_rows(8)
    train_router(rows, tmp_path / "x", settings=quick, start=start, progress=begin_another)


def test_a_validation_file_is_used(start, tmp_path):
    report = train_router(
        labelled_rows(10),
        tmp_path / "x",
        validation=labelled_rows(20, seed=5),
        settings=QUICK,
        start=start,
    )
    data = report.manifest.data
    assert data["train"] == 30
    assert data["held_out_for_stopping_and_calibration"] == 30
    assert data["held_out_for_sets_and_figures"] == 30


def test_a_start_that_is_no_encoder_is_refused(tmp_path):
    with pytest.raises(ModelUnavailableError, match="cannot start from"):
        train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}), encoding="utf-8")
    with pytest.raises(ModelUnavailableError, match="cannot start from"):
        train_router(labelled_rows(8), tmp_path / "x", settings=QUICK, start=tmp_path)


def test_settings_out_of_range_are_refused():
    with pytest.raises(InvalidInputError, match="epochs is 0"):
        RouterSettings(epochs=0)
    with pytest.raises(InvalidInputError, match="teacher_share"):
        RouterSettings(teacher_share=1.5)
