from dataclasses import replace

import numpy as np
import pytest
from fakes.tiny_bert import labelled_rows

from mdsa.errors import InvalidInputError
from mdsa.training.router_rows import arrange_rows, label_weights
from mdsa.training.router_settings import RouterSettings
from mdsa.training.rows import LabelledText

SETTINGS = RouterSettings()


def test_every_row_has_one_use():
    rows = labelled_rows(100)
    arranged = arrange_rows(rows, None, [], replace(SETTINGS, held_share=0.2))
    used = [*arranged.train.texts, *arranged.stop.texts, *arranged.sets.texts]
    assert sorted(used) == sorted(row.text for row in rows)
    assert arranged.counts()["train"] == 240
    assert len(arranged.stop) == len(arranged.sets) == 30
    # Every label is held out alike.
    assert set(np.bincount(arranged.stop.labels)) == {10}


def test_held_out_rows_come_back_for_the_last_passes():
    arranged = arrange_rows(labelled_rows(100), None, [], SETTINGS)
    every = arranged.with_held_out()
    assert arranged.held_out_of_train
    assert every.train.texts[: len(arranged.train)] == arranged.train.texts
    assert len(every.train) == len(every.train.labels) == 300
    assert len(every.stop) == len(every.sets) == 0
    validation = arrange_rows(labelled_rows(10), labelled_rows(20, seed=5), [], SETTINGS)
    assert not validation.held_out_of_train


def test_rows_too_few_to_hold_any_out_say_so():
    arranged = arrange_rows(labelled_rows(2), None, [], replace(SETTINGS, held_share=0.01))
    assert arranged.nothing_held_out
    assert arranged.stop is arranged.train
    assert arranged.counts()["held_out_for_stopping_and_calibration"] == 0
    assert not arranged.held_out_of_train


def test_few_held_out_rows_are_not_parted_again():
    arranged = arrange_rows(labelled_rows(20), None, [], SETTINGS)
    assert len(arranged.stop) == 6
    assert len(arranged.sets) == 0


def test_the_held_out_part_is_bounded():
    settings = replace(SETTINGS, held_share=0.5, held_most=60)
    arranged = arrange_rows(labelled_rows(100), None, [], settings)
    assert len(arranged.stop) + len(arranged.sets) == 60


def test_labels_go_to_their_domains():
    arranged = arrange_rows(labelled_rows(10, domains=True), None, [], SETTINGS)
    assert dict(zip(arranged.labels, arranged.domains, strict=True)) == {
        "delivery": "orders",
        "password": "account",
        "refund": "orders",
    }


def test_out_of_scope_texts_that_were_trained_on_do_not_calibrate():
    outside = [f"outside {number}" for number in range(7)]
    arranged = arrange_rows(labelled_rows(10), None, outside, SETTINGS)
    assert sorted(arranged.outside_train + arranged.outside_fit) == outside
    assert not set(arranged.outside_train) & set(arranged.outside_fit)


def test_other_rows_have_another_digest():
    one, two = (arrange_rows(labelled_rows(n), None, [], SETTINGS).digest() for n in (10, 11))
    assert one == arrange_rows(labelled_rows(10), None, [], SETTINGS).digest() != two


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([LabelledText("a", "x"), LabelledText("b", "x")], "two labels or more; the rows have 'x'"),
        (
            [LabelledText("a", "x"), LabelledText("b", "x"), LabelledText("c", "y")],
            "labels with one text only: 'y'",
        ),
        (
            # The same text twice teaches nothing and leaves nothing to hold out.
            [LabelledText(text, label) for text, label in ("ax", "bx", "cy", "Cy")],
            "labels with one text only: 'y'",
        ),
        ([LabelledText(t, t, "d") for t in "aabb"], "one text only"),
        ([LabelledText(f"{t}{n}", t, "d") for t in "ab" for n in "12"], "the domain 'd'"),
    ],
)
def test_rows_that_make_no_router_are_refused(rows, message):
    with pytest.raises(InvalidInputError, match=message):
        arrange_rows(rows, None, [], SETTINGS)


def test_validation_rows_must_fit_the_training_rows():
    rows = labelled_rows(5, domains=True)
    with pytest.raises(InvalidInputError, match="'greeting' in line 3 has no training row"):
        arrange_rows(rows, [LabelledText("hi", "greeting", None, 3)], [], SETTINGS)
    with pytest.raises(InvalidInputError, match="belongs to domain 'shop'"):
        arrange_rows(rows, [LabelledText("hi", "refund", "shop", 3)], [], SETTINGS)


def test_a_text_cannot_be_in_and_out_of_scope():
    rows = labelled_rows(5)
    with pytest.raises(InvalidInputError, match="is also a labelled row"):
        arrange_rows(rows, None, [rows[0].text.upper()], SETTINGS)


def test_labels_of_like_size_weigh_the_same():
    assert label_weights(np.repeat([0, 1], [10, 90]), 2).tolist() == [1, 1]


def test_rare_labels_weigh_more_where_data_is_skewed():
    labels = np.repeat([0, 1, 2], [10, 90, 900])
    weights = label_weights(labels, 3)
    assert weights[0] > weights[1] > weights[2] > 0.5
    assert weights[labels].mean() == pytest.approx(1, abs=0.02)
    assert label_weights(np.repeat([0, 1], [1, 100_000]), 2).max() <= 5
