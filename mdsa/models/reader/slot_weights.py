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
    -4.08,
    {
        "quoted": 1.01,
        "name": -0.05,
        "date": 0.81,
        "time": -0.57,
        "phrase": -1.22,
        "expression": -0.03,
        "path": 0.05,
        "two_words": -0.2,
        "more_words": -0.48,
        "whole": 1.64,
        "whole_phrase": -0.8,
        "opens": -0.37,
        "cue_before": 2.37,
        "cue_after": 1.86,
        "described_before": 1.01,
        "described_after": 0.07,
        "meaning_name": 1.12,
        "meaning_description": 0.54,
        "meaning_best": 1.67,
        "option": 3.44,
        "meaning_option": 1.12,
        "tool_words": -2.87,
        "own_words": -2.95,
        "other_words": -1.05,
        "place_named": -0.04,
        "place_in": 1.14,
        "place_phrase": -1.85,
        "person_named": 0.33,
        "person_phrase": -0.83,
        "unit_option": 0.29,
        "timely": 0.53,
        "text_quoted": 0.77,
        "start_from": 1.32,
        "end_to": 1.63,
        "start_to": -1.06,
        "end_from": -1.08,
        "digits": -0.02,
        "order": -0.41,
        "place_name_rank": 0.09,
        "after_in": 0.68,
        "after_at": 0.62,
        "after_on": 0.2,
        "after_from": 0.27,
        "after_to": 0.01,
        "after_for": 0.44,
        "after_of": 0.45,
        "after_with": -0.5,
        "after_by": -0.12,
        "after_about": 0.07,
        "after_near": 0.27,
        "after_between": 0.17,
        "required": 1.52,
        "shared_name_word": 0.41,
        "meaning_margin": 2.88,
        "name_margin": 2.34,
        "kind_agreement": 1.39,
        "part_of_name": -1.69,
        "part_of_quoted": -0.98,
        "long": 0.47,
        "tool_after": 0.77,
        "tool_before": -0.01,
        "lower_single": 0.7,
        "mixed": -0.88,
        "cut_left": -0.15,
        "cut_right": 0.23,
        "comma": -0.02,
        "comma_wanted": 1.2,
        "after_verb": 0.47,
        "described_words": -0.32,
    },
)
"""For `mdsa.models.reader.text_features.text_rows`."""

NUMBER_WEIGHTS = Weights(
    -1.61,
    {
        "cue_before": 2.5,
        "cue_after": 0.75,
        "described_before": 0.25,
        "described_after": -0.52,
        "unit": 1.55,
        "unit_elsewhere": -2.27,
        "money": -0.34,
        "money_elsewhere": -0.11,
        "percent": 0.5,
        "percent_elsewhere": -1.04,
        "year": 0.37,
        "year_elsewhere": -0.48,
        "assigned": 1.67,
        "order": 0.01,
        "same_place": 1.96,
        "only_one": 0.51,
        "spelled": -0.22,
        "spelled_beside_digits": -1.31,
        "required": 1.24,
        "shared_cue": -0.24,
        "meaning": 0.86,
        "meaning_margin": 3.28,
        "meaning_below_best": 2.45,
    },
)
"""For `mdsa.models.reader.number_features.number_rows`."""
