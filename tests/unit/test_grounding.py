"""What of an answer stands in no source."""

from __future__ import annotations

import pytest

from mdsa.models.grounding import find_inventions


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ("It costs $1,000.", "The price is 1000 dollars."),
        ("It costs 6.5 euros.", "The fee of 6.50 euros is due."),
        ("It takes four days.", "Allow 4 days."),
        ("It takes 21 days.", "Allow twenty-one days."),
        ("You have 30 days.", "Returns are accepted for thirty days."),
        ("It opens at 9 a.m.", "Doors open at 9:00."),
        ("It opens at 09:00.", "Doors open at 9 in the morning."),
        ("It closes at 8 pm.", "Open until 20:00."),
        ("It closes at 2:30 pm.", "Open until 14:30."),
        ("Due on March 3, 2026.", "due: 2026-03-03"),
        ("Due on 2026-03-03.", "It is due on 3 March 2026."),
        ("Due on 4 May 2026.", "Until 04.05.2026."),
        ("On Tuesday, September 2.", "Tue, Sept. 2"),
        ("About 2,000,000 people.", "Some 2 million people."),
        ("Take 10 mg.", "Take 10mg each morning."),
        ("Take 10mg.", "The dose is 10 mg."),
        ("It takes 3-5 days.", "Between 3 and 5 days."),
        ("It is the 3rd edition.", "The third edition came out."),
        ("Ines Borg's club.", "The club was founded by Ines Borg."),
        ("It was founded by Ines Borg.", "INES BORG FOUNDED IT."),
        ("The rule of the WHO applies.", "The World Health Organization made a rule."),
        ("Send an E-Mail to the office.", "Write an email."),
        ("It is one of them. First, press the button.", "Press the button."),
        ("Please wait. Unfortunately nothing helps.", "wait, nothing helps"),
        ("It costs 5 euros [2].", "It costs 5 euros."),
        ("1. Empty the tank.\n2. Close the door.", "Empty the tank and close the door."),
        ("Order ORD-1001 is late.", "Where is order ord-1001?"),
        ("The Alders are closed.", "The Alder is closed."),
        ("In general, I could not find that.", "nothing"),
    ],
)
def test_what_the_source_says_in_other_words_is_no_invention(answer: str, source: str) -> None:
    assert find_inventions(answer, [source]) == []


@pytest.mark.parametrize(
    ("answer", "source", "invented"),
    [
        ("It costs $12.", "It costs $21.", ["12"]),
        ("It costs 6.55 euros.", "It costs 6.50 euros.", ["6.55"]),
        ("It takes five days.", "It takes 4 days.", ["five"]),
        ("It takes 3-7 days.", "Between 3 and 5 days.", ["7"]),
        ("It opens at 9:30.", "It opens at 9:00.", ["9:30"]),
        ("Due on March 3, 2027.", "due: 2026-03-03", ["2027"]),
        ("Due on April 3, 2026.", "due: 2026-03-03", ["April"]),
        ("On Mondays. Tuesday is off.", "On Mondays it is closed.", ["Tuesday"]),
        ("It was founded by Marek Kovac.", "It was founded by Ines Borg.", ["Marek", "Kovac"]),
        ("Error F21 shows.", "Error F12 shows.", ["F21"]),
        ("Order ORD-1002 is late.", "Order ORD-1001 is late; 1002 others are not.", ["ORD-1002"]),
        ("The UNHCR pays.", "The World Health Organization pays.", ["UNHCR"]),
        ("Write to McTavish.", "Write to the office.", ["McTavish"]),
        ("1,500 people and 1500 others.", "Many people.", ["1,500", "1500"]),
        ("In Oslo it rains, in Oslo it pours.", "It rains.", ["Oslo"]),
    ],
)
def test_what_stands_in_no_source_is_named_as_it_was_written(
    answer: str, source: str, invented: list[str]
) -> None:
    assert find_inventions(answer, [source]) == invented


def test_a_source_may_be_any_of_several() -> None:
    sources = ["Where is order 77?", "It is in Lyon.", '{"arrives": "2026-05-09"}']

    assert find_inventions("Order 77 is in Lyon and arrives on May 9.", sources) == []


def test_a_capital_at_the_start_of_a_sentence_makes_no_name() -> None:
    assert find_inventions("Returning it is free: Pack it well. Send it.", ["free"]) == []
    assert find_inventions("You may ask Returning.", ["free"]) == ["Returning"]
