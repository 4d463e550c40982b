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
    -3.82,
    {
        "quoted": 1.1,
        "name": 0.33,
        "date": 0.19,
        "time": 0.17,
        "phrase": -1.33,
        "expression": -0.23,
        "path": 0.57,
        "two_words": 0.19,
        "more_words": -0.05,
        "whole": 1.22,
        "whole_phrase": -0.59,
        "opens": 0.02,
        "cue_before": 2.68,
        "cue_after": 1.98,
        "described_before": 1.36,
        "described_after": 0.7,
        "meaning_name": 1.08,
        "meaning_description": 0.69,
        "meaning_best": 1.72,
        "option": 3.67,
        "meaning_option": 1.75,
        "tool_words": -3.19,
        "own_words": -3.53,
        "other_words": -1.33,
        "place_named": 0.1,
        "place_in": 1.71,
        "place_phrase": -1.46,
        "person_named": 0.5,
        "person_phrase": -0.18,
        "unit_option": 0.32,
        "timely": 0.66,
        "text_quoted": 0.72,
        "start_from": 1.47,
        "end_to": 1.53,
        "start_to": -1.01,
        "end_from": -0.83,
        "digits": 0.08,
        "order": -0.8,
        "place_name_rank": -0.17,
        "after_in": 0.51,
        "after_at": 0.27,
        "after_on": 0.69,
        "after_from": 0.32,
        "after_to": -0.22,
        "after_for": 0.38,
        "after_of": 0.24,
        "after_with": -0.43,
        "after_by": 0.01,
        "after_about": 0.55,
        "after_near": -0.05,
        "after_between": 0.1,
        "required": 1.56,
        "shared_name_word": -0.04,
        "meaning_margin": 3.95,
        "name_margin": 2.34,
        "kind_agreement": 1.5,
        "part_of_name": -1.48,
        "part_of_quoted": -1.05,
        "long": 0.37,
        "tool_after": 0.68,
        "tool_before": 0.0,
        "lower_single": 0.49,
        "mixed": 0.6,
        "cut_left": -0.29,
        "cut_right": -0.12,
        "comma": -0.43,
        "comma_wanted": 1.37,
        "after_verb": 0.67,
        "described_words": -1.04,
        "timely_elsewhere": -1.68,
        "numbered": 0.21,
        "street": 1.0,
        "numbered_elsewhere": 0.06,
        "called": 0.79,
        "clause": -0.8,
        "moment_right": 1.03,
        "moment_wrong": -1.47,
        "moment_elsewhere": -1.36,
        "verbatim_clause": -0.8,
        "verbatim_words": -0.04,
        "verbatim_short": 0.07,
        "clause_opens": 1.0,
        "clause_ends": 0.51,
        "clause_after_reason": 1.22,
        "clause_verb": 0.53,
        "clause_timely": -0.36,
        "clause_digits": -1.01,
        "clause_person": -0.05,
        "clause_order": -0.25,
    },
)
"""For `mdsa.models.reader.text_features.text_rows`."""

NUMBER_WEIGHTS = Weights(
    -1.78,
    {
        "cue_before": 1.5,
        "cue_after": 2.23,
        "described_before": 0.05,
        "described_after": -0.1,
        "unit": 1.27,
        "unit_elsewhere": -2.88,
        "money": 0.57,
        "money_elsewhere": -0.19,
        "percent": 0.47,
        "percent_elsewhere": -0.79,
        "year": 1.08,
        "year_elsewhere": -0.33,
        "assigned": 1.95,
        "order": -0.25,
        "same_place": 1.27,
        "only_one": 0.15,
        "spelled": 0.54,
        "spelled_beside_digits": -0.12,
        "required": 1.33,
        "shared_cue": -0.57,
        "meaning": 1.87,
        "meaning_margin": 2.68,
        "meaning_below_best": 3.45,
        "dated_elsewhere": -2.6,
    },
)
"""For `mdsa.models.reader.number_features.number_rows`."""
