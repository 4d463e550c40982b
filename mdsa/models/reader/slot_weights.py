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
    -4.15,
    {
        "quoted": 1.05,
        "name": -0.03,
        "date": 0.96,
        "time": -0.69,
        "phrase": -1.31,
        "expression": -0.09,
        "path": 0.11,
        "two_words": -0.2,
        "more_words": -0.53,
        "whole": 1.69,
        "whole_phrase": -0.71,
        "opens": -0.53,
        "cue_before": 2.73,
        "cue_after": 2.05,
        "described_before": 1.24,
        "described_after": 0.13,
        "meaning_name": 1.48,
        "meaning_description": -0.07,
        "meaning_best": 2.09,
        "option": 3.81,
        "meaning_option": 1.07,
        "tool_words": -3.51,
        "own_words": -3.76,
        "other_words": -1.56,
        "place_named": -0.26,
        "place_in": 1.3,
        "place_phrase": -2.32,
        "person_named": 0.26,
        "person_phrase": -1.03,
        "unit_option": 0.31,
        "timely": 0.81,
        "text_quoted": 0.95,
        "start_from": 1.66,
        "end_to": 2.16,
        "start_to": -1.41,
        "end_from": -1.52,
        "digits": -0.08,
        "order": -0.38,
        "place_name_rank": 0.09,
        "after_in": 0.7,
        "after_at": 0.82,
        "after_on": 0.33,
        "after_from": 0.26,
        "after_to": -0.13,
        "after_for": 0.59,
        "after_of": 0.48,
        "after_with": -0.65,
        "after_by": -0.22,
        "after_about": 0.12,
        "after_near": 0.41,
        "after_between": 0.21,
        "required": 1.69,
        "shared_name_word": 0.66,
        "meaning_margin": 3.4,
        "name_margin": 2.73,
        "kind_agreement": 1.5,
        "part_of_name": -1.91,
        "part_of_quoted": -1.3,
        "long": 0.72,
        "tool_after": 0.73,
        "tool_before": -0.03,
        "lower_single": 0.66,
        "mixed": -0.67,
        "cut_left": -0.12,
        "cut_right": 0.35,
        "comma": -0.12,
        "comma_wanted": 1.63,
        "after_verb": 0.6,
    },
)
"""For `mdsa.models.reader.text_features.text_rows`."""

NUMBER_WEIGHTS = Weights(
    -2.08,
    {
        "cue_before": 2.97,
        "cue_after": 1.26,
        "described_before": 0.36,
        "described_after": -0.22,
        "unit": 1.05,
        "unit_elsewhere": -2.68,
        "money": -0.58,
        "money_elsewhere": -0.01,
        "percent": 0.51,
        "percent_elsewhere": -1.45,
        "year": 0.15,
        "year_elsewhere": -0.77,
        "assigned": 1.92,
        "order": -0.05,
        "same_place": 2.01,
        "only_one": 0.56,
        "spelled": -0.08,
        "spelled_beside_digits": -2.07,
        "required": 1.71,
        "shared_cue": -0.36,
        "meaning": 0.99,
        "meaning_margin": 3.79,
        "meaning_below_best": 3.61,
    },
)
"""For `mdsa.models.reader.number_features.number_rows`."""
