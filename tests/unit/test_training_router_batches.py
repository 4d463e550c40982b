from dataclasses import replace

import numpy as np
import pytest
from fakes.tiny_bert import labelled_rows, write_tiny_bert

from mdsa.training.router_batches import OUTSIDE, UNLABELLED, epoch_batches
from mdsa.training.router_rows import arrange_rows
from mdsa.training.router_settings import RouterSettings

ROWS = arrange_rows(labelled_rows(30), None, ["sing a song", "what is love"], RouterSettings())


@pytest.fixture(scope="module")
def tokenizer_json(tmp_path_factory):
    folder = write_tiny_bert(tmp_path_factory.mktemp("tiny"))
    return (folder / "tokenizer.json").read_text(encoding="utf-8")


def draw(tokenizer_json, *, rows=ROWS, seed="1", noisy=0.0, outside=0.0, max_tokens=32):
    return epoch_batches(
        rows,
        tokenizer_json,
        batch_size=8,
        max_tokens=max_tokens,
        noisy_share=noisy,
        outside_share=outside,
        seed=seed,
    )


def test_an_epoch_reads_every_row_once(tokenizer_json):
    batches = draw(tokenizer_json)
    rows = [int(row) for batch in batches for row in batch.rows]
    assert sorted(rows) == list(range(len(ROWS.train)))
    for batch in batches:
        assert (ROWS.train.labels[batch.rows] == batch.labels).all()
        assert len(batch.ids) == len(batch.labels) <= 8


def test_batches_hold_texts_of_about_one_length(tokenizer_json):
    longer = replace(ROWS.train, texts=[t * (1 + n % 4) for n, t in enumerate(ROWS.train.texts)])
    batches = draw(tokenizer_json, rows=replace(ROWS, train=longer), max_tokens=64)
    padded = sum(len(batch.ids) * max(map(len, batch.ids)) for batch in batches)
    assert padded < 1.3 * sum(len(ids) for batch in batches for ids in batch.ids)


def test_seeds_decide(tokenizer_json):
    one, same, other = (draw(tokenizer_json, seed=seed, noisy=0.5) for seed in "112")
    assert [batch.ids for batch in one] == [batch.ids for batch in same]
    assert [batch.ids for batch in one] != [batch.ids for batch in other]


def test_noise_changes_that_share_of_texts(tokenizer_json):
    clean = {
        int(row): ids
        for batch in draw(tokenizer_json)
        for row, ids in zip(batch.rows, batch.ids, strict=True)
    }
    noisy = draw(tokenizer_json, noisy=0.5)
    changed = [
        clean[int(row)] != ids
        for batch in noisy
        for row, ids in zip(batch.rows, batch.ids, strict=True)
    ]
    assert 0.3 < sum(changed) / len(changed) < 0.7


def test_out_of_scope_rows_are_mixed_in(tokenizer_json):
    batches = draw(tokenizer_json, outside=0.25)
    labels = [int(label) for batch in batches for label in batch.labels]
    assert labels.count(OUTSIDE) == round(0.25 * len(ROWS.train))


def test_long_texts_are_cut(tokenizer_json):
    batches = draw(tokenizer_json, max_tokens=4)
    assert {len(ids) for batch in batches for ids in batch.ids} == {4}


def test_variations_stand_in_for_their_rows_without_a_label(tokenizer_json):
    count = len(ROWS.train)
    variations = [["track"] * count, ["money back"] * count]
    batches = epoch_batches(
        ROWS,
        tokenizer_json,
        batch_size=8,
        max_tokens=32,
        noisy_share=0.0,
        outside_share=0.0,
        seed="1",
        variations=variations,
        varied_share=0.5,
    )
    rows = np.concatenate([batch.rows for batch in batches])
    labels = np.concatenate([batch.labels for batch in batches])
    lengths = np.array([len(ids) for batch in batches for ids in batch.ids])
    assert sorted(rows % count) == list(range(count))
    varied = rows >= count
    assert 0.35 < varied.mean() < 0.65
    assert (labels[varied] == UNLABELLED).all()
    assert (labels[~varied] == ROWS.train.labels[rows[~varied]]).all()
    # The teacher's answer to the first variation of row n stands at count + n, and so on.
    assert (lengths[varied] == rows[varied] // count + 2).all()
