from __future__ import annotations

import pytest

from mdsa.models.reader.answer_types import AnswerType, expected_type, holds


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How long does shipping take?", AnswerType.DURATION),
        ("how many days do I have?", AnswerType.DURATION),
        ("How much does it cost?", AnswerType.MONEY),
        ("What is the fee for express?", AnswerType.MONEY),
        ("How many devices can I use?", AnswerType.COUNT),
        ("When do you open?", AnswerType.TIME),
        ("Who founded it?", AnswerType.PERSON),
        ("Where is the store?", AnswerType.PLACE),
        ("How do I return an item?", AnswerType.STEPS),
        ("How can I contact support?", AnswerType.CONTACT),
        ("What is your phone number?", AnswerType.PHONE),
        ("What is your e-mail address?", AnswerType.EMAIL),
        ("Why is it red?", AnswerType.REASON),
        ("Do you ship to Canada?", AnswerType.YES_NO),
        ("What percentage is off?", AnswerType.PERCENT),
        ("Tell me about the warranty", AnswerType.OTHER),
    ],
)
def test_a_question_asks_for_a_kind_of_thing(question: str, kind: AnswerType) -> None:
    assert expected_type(question) is kind


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        (AnswerType.DURATION, "It takes 3 to 5 business days.", "It costs $5."),
        (AnswerType.MONEY, "The fee is $4.99.", "It takes 5 days."),
        (AnswerType.MONEY, "Returns are free.", "Returns are easy."),
        (AnswerType.COUNT, "Up to five devices.", "Many devices."),
        (AnswerType.PHONE, "Call +1 555 0142.", "It sends a code to your phone."),
        (AnswerType.EMAIL, "Write to help@shop.example.", "Write to us by e-mail."),
        (AnswerType.PERCENT, "You get 20% off.", "You get 20 stickers."),
        (AnswerType.STEPS, "Open Settings and choose Reset.", "The reset is quick."),
    ],
)
def test_a_sentence_holds_it_or_does_not(kind: AnswerType, yes: str, no: str) -> None:
    assert holds(kind, yes, "?")
    assert not holds(kind, no, "?")


def test_what_the_question_names_itself_is_no_answer() -> None:
    question = "What happened in 1990?"

    assert not holds(AnswerType.COUNT, "It was in 1990.", question)
    assert holds(AnswerType.COUNT, "In 1990 there were 12.", question)
