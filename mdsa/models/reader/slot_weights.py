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
    -4.1,
    {
        "quoted": 1.07,
        "name": -0.02,
        "date": 0.97,
        "time": -0.68,
        "phrase": -1.29,
        "expression": -0.16,
        "path": 0.1,
        "two_words": -0.21,
        "more_words": -0.53,
        "whole": 1.63,
        "whole_phrase": -0.75,
        "opens": -0.52,
        "cue_before": 2.69,
        "cue_after": 2.13,
        "described_before": 1.25,
        "described_after": 0.13,
        "meaning_name": 1.38,
        "meaning_description": 0.27,
        "meaning_best": 2.17,
        "option": 4.03,
        "meaning_option": 1.15,
        "tool_words": -3.4,
        "own_words": -3.9,
        "other_words": -1.49,
        "place_named": -0.19,
        "place_in": 1.28,
        "place_phrase": -2.3,
        "person_named": 0.27,
        "person_phrase": -0.95,
        "unit_option": 0.26,
        "timely": 0.57,
        "text_quoted": 1.01,
        "start_from": 1.67,
        "end_to": 2.21,
        "start_to": -1.4,
        "end_from": -1.51,
        "digits": -0.06,
        "order": -0.4,
        "place_name_rank": 0.06,
        "after_in": 0.73,
        "after_at": 0.85,
        "after_on": 0.3,
        "after_from": 0.28,
        "after_to": -0.15,
        "after_for": 0.49,
        "after_of": 0.48,
        "after_with": -0.62,
        "after_by": -0.23,
        "after_about": 0.12,
        "after_near": 0.43,
        "after_between": 0.23,
        "required": 1.66,
        "shared_name_word": 0.63,
        "meaning_margin": 3.5,
        "name_margin": 2.66,
        "kind_agreement": 1.48,
        "part_of_name": -1.89,
        "part_of_quoted": -1.3,
        "long": 0.73,
        "tool_after": 0.71,
        "tool_before": -0.04,
        "lower_single": 0.73,
        "mixed": -1.06,
        "cut_left": -0.15,
        "cut_right": 0.3,
        "comma": -0.12,
        "comma_wanted": 1.62,
        "after_verb": 0.63,
        "described_words": -0.51,
    },
)
"""For `mdsa.models.reader.text_features.text_rows`."""

NUMBER_WEIGHTS = Weights(
    -1.89,
    {
        "cue_before": 3.06,
        "cue_after": 0.8,
        "described_before": 0.33,
        "described_after": -0.8,
        "unit": 1.68,
        "unit_elsewhere": -2.66,
        "money": -0.43,
        "money_elsewhere": -0.03,
        "percent": 0.63,
        "percent_elsewhere": -1.26,
        "year": 0.35,
        "year_elsewhere": -0.65,
        "assigned": 1.93,
        "order": 0.01,
        "same_place": 2.05,
        "only_one": 0.59,
        "spelled": -0.07,
        "spelled_beside_digits": -2.03,
        "required": 1.63,
        "shared_cue": -0.43,
        "meaning": 0.85,
        "meaning_margin": 3.99,
        "meaning_below_best": 3.38,
    },
)
"""For `mdsa.models.reader.number_features.number_rows`."""
