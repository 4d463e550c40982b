"""Days and times in a person's own words, and which argument takes them."""

from __future__ import annotations

import pytest

from mdsa.models.reader.candidates import find_candidates
from mdsa.models.reader.date_slots import admits, moment_wanted
from mdsa.models.reader.slots import Slot
from mdsa.models.reader.time_phrases import time_phrases


@pytest.mark.parametrize(
    ("message", "phrase"),
    [
        ("hi, the Stag saturday around noon, frame M", "saturday around noon"),
        ("a check-up next tuesday after 4, please", "next tuesday after 4"),
        ("put it to the 14th of May, three nights", "the 14th of May"),
        ("Could it be any Wednesday after 10?", "any Wednesday after 10"),
        ("is it going tomorrow at half past nine or not", "tomorrow at half past nine"),
        ("going to Tunisia on 3 April. Green card please.", "3 April"),
        ("some morning in the first week of March", "some morning in the first week of March"),
        ("Harbour Room tomorrow 12.30. One of us", "tomorrow 12.30"),
    ],
)
def test_a_day_with_its_time_is_one_phrase(message: str, phrase: str) -> None:
    assert phrase in [one.text for one in time_phrases(message) if one.whole]


def test_the_day_and_the_time_stand_by_themselves_as_well() -> None:
    found = {one.part: one.text for one in time_phrases("on Thursday at 3 pm")}
    assert found == {"both": "Thursday at 3 pm", "day": "Thursday", "time": "3 pm"}


@pytest.mark.parametrize("message", ["may I come in?", "we march on", "two weeks and 12 pieces"])
def test_ordinary_words_are_no_day(message: str) -> None:
    assert list(time_phrases(message)) == []


def _slot(name: str, description: str) -> Slot:
    return Slot(name, "string", {"type": "string", "description": description}, required=True)


def test_a_slot_for_the_day_takes_the_time_where_no_other_does() -> None:
    day = _slot("day", "Wished day, as said")
    time = _slot("time", "Wished time, as said")
    assert moment_wanted(day, [day]) == "both"
    assert (moment_wanted(day, [day, time]), moment_wanted(time, [day, time])) == ("day", "time")
    assert moment_wanted(_slot("name", "Name, as said"), [day]) is None


def test_a_date_goes_as_said_where_the_words_are_asked_for() -> None:
    candidates = [one for one in find_candidates("born on 4 March 1991") if one.start == 8]
    said = _slot("birth_date", "Date of birth as said")
    computed = _slot("birth_date", "Date of birth")
    assert "4 March 1991" in [one.value for one in candidates if admits(said, one)]
    assert "1991-03-04" not in [one.value for one in candidates if admits(said, one)]
    assert [one.value for one in candidates if admits(computed, one)] == ["1991-03-04"]
