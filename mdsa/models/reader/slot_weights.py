"""Weights by which values are given to arguments; `python -m mdsa.evals.tool_fit` prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["NUMBER_WEIGHTS", "TEXT_WEIGHTS", "Weights"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear score in log-odds.

    Attributes:
        intercept: of any value against none.
        named: weight of each feature.
    """

    intercept: float
    named: Mapping[str, float]

    def vector(self, features: Sequence[str]) -> NDArray[np.float64]:
        """The weights in the order of the features; 0 for one that was not fitted."""
        return np.array([self.named.get(name, 0.0) for name in features])


TEXT_WEIGHTS = Weights(
    -4.2,
    {
        "quoted": 0.82,
        "name": 0.05,
        "date": 1.25,
        "time": -0.6,
        "phrase": -1.57,
        "expression": -0.07,
        "path": 0.13,
        "two_words": 0.09,
        "more_words": -0.31,
        "whole": 1.66,
        "whole_phrase": -0.77,
        "opens": 0.21,
        "cue_before": 2.22,
        "cue_after": 1.98,
        "described_before": 1.23,
        "described_after": 0.66,
        "meaning_name": 1.45,
        "meaning_description": 0.53,
        "meaning_best": 1.48,
        "option": 3.59,
        "meaning_option": 1.62,
        "tool_words": -2.92,
        "own_words": -3.27,
        "other_words": -1.25,
        "place_named": -0.02,
        "place_in": 1.8,
        "place_phrase": -1.69,
        "person_named": 0.19,
        "person_phrase": -0.26,
        "unit_option": 0.31,
        "timely": 0.38,
        "text_quoted": 0.53,
        "start_from": 1.01,
        "end_to": 1.6,
        "start_to": -1.13,
        "end_from": -1.29,
        "digits": 0.04,
        "order": -0.64,
        "place_name_rank": -0.18,
        "after_in": 0.54,
        "after_at": 0.2,
        "after_on": 0.26,
        "after_from": 0.02,
        "after_to": -0.55,
        "after_for": 0.24,
        "after_of": 0.27,
        "after_with": -0.72,
        "after_by": 0.21,
        "after_about": 0.3,
        "after_near": 0.11,
        "after_between": 0.13,
        "required": 1.83,
        "shared_name_word": 0.17,
        "meaning_margin": 3.16,
        "name_margin": 2.61,
        "kind_agreement": 1.35,
        "part_of_name": -1.48,
        "part_of_quoted": -1.03,
        "long": 0.47,
        "tool_after": 0.61,
        "tool_before": -0.12,
        "lower_single": 0.78,
        "mixed": 0.54,
        "cut_left": -0.19,
        "cut_right": 0.24,
        "comma": -0.27,
        "comma_wanted": 1.25,
        "after_verb": 0.77,
        "described_words": -0.87,
        "timely_elsewhere": -1.92,
        "numbered": 0.26,
        "street": 1.28,
        "numbered_elsewhere": -0.59,
        "called": 0.94,
    },
)
"""For `mdsa.models.reader.text_features.text_rows`."""

NUMBER_WEIGHTS = Weights(
    -1.83,
    {
        "cue_before": 2.27,
        "cue_after": 1.39,
        "described_before": 0.19,
        "described_after": -0.74,
        "unit": 1.87,
        "unit_elsewhere": -2.51,
        "money": -0.17,
        "money_elsewhere": -0.08,
        "percent": 0.44,
        "percent_elsewhere": -1.06,
        "year": 0.27,
        "year_elsewhere": -0.48,
        "assigned": 1.61,
        "order": -0.03,
        "same_place": 2.1,
        "only_one": 0.83,
        "spelled": 0.17,
        "spelled_beside_digits": -1.0,
        "required": 1.56,
        "shared_cue": -0.38,
        "meaning": 1.11,
        "meaning_margin": 3.3,
        "meaning_below_best": 2.86,
        "dated_elsewhere": -2.44,
    },
)
"""For `mdsa.models.reader.number_features.number_rows`."""
