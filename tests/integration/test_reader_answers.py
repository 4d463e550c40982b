"""What people complained of: codes, steps, fragments, repeats and telephone lists."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from mdsa.models import ReaderChatModel
from mdsa.models.passages import format_passages

_CODES = [
    (
        "Messages of the washer",
        "When the washer shows F12, the door is not closed. Push it until it clicks. "
        "F31 means that the drain pump is blocked; clean the filter behind the flap.",
    ),
    (
        "Errors of the washer in the app",
        "If the app reports F31 for your washer, something is wrong with the pump. "
        "Check what is in the drum, and tell the app that the washer is fine again.",
    ),
]
_OVEN = [
    (
        "Descaling the oven",
        "The oven asks to be descaled every 40 hours of steam. Loose scale is normal.\n\n"
        "To descale the oven, follow these steps.\n\n"
        "1. Empty the tank.\n2. Pour in the descaler.\n3. Start the programme.",
    ),
    (
        "Descaling the oven",
        "3. Start the programme.\n4. Rinse the tank twice.\n5. Dry the door.",
    ),
    (
        "Setting up the oven",
        "To set up your oven for the first time, follow these steps:\n\n"
        "1. Take out the cardboard.\n2. Set the clock of the oven.\n3. Heat it once for an hour.",
    ),
]
_POST = [
    (
        "Post",
        "A parcel by courier costs 9 euros and arrives within two days. "
        "Letters are free of charge.",
    )
]
_LENDING = [
    (
        "Lending",
        "You may keep a bicycle for 14 days. Tents can be kept for 21 days. "
        "A late fee of 2 euros a day is due from the first day.",
    )
]
_HALLS = [
    (
        "Renting a hall",
        "We rent three halls.\n\n"
        "| Hall | Size | Rent per evening |\n|---|---|---|\n"
        "| Elm | 60 square metres | 120 euros |\n"
        "| Oak | 90 square metres | 210 euros |\n"
        "| Ash | 150 square metres | 390 euros |\n\n"
        "The key is handed over at noon.",
    )
]
_CLUB = [
    (
        "Telephone numbers of the Alder rowing club",
        "The Alder rowing club answers at +49 30 5550 1234 every day, and its boathouse at "
        "+49 30 5550 9876 when a course starts.",
    ),
    ("The club's story", "Ines Borg and four friends founded the rowing club in 1987."),
]


@pytest.fixture(scope="module")
def model() -> ReaderChatModel:
    return ReaderChatModel()


def _ask(
    model: ReaderChatModel,
    passages: Sequence[tuple[str, str]],
    question: str,
    history: Sequence[BaseMessage] = (),
) -> str:
    block = format_passages([Document(text, metadata={"title": title}) for title, text in passages])
    return model.invoke([*history, HumanMessage(f"{block}\n\n{question}")]).text


def test_the_code_asked_about_is_in_the_answer_and_no_other(model: ReaderChatModel) -> None:
    text = _ask(model, _CODES, "The app says F12 for my washer. What's wrong?")

    assert "F12, the door is not closed" in text
    assert "F31" not in text


def test_no_other_code_stands_in_for_one_that_is_nowhere(model: ReaderChatModel) -> None:
    text = _ask(model, _CODES, "The app says F77 for my washer. What's wrong?")

    assert "F31" not in text
    assert "F12" not in text


def test_steps_come_whole_though_a_passage_ends_within_them(model: ReaderChatModel) -> None:
    for order in (_OVEN, _OVEN[::-1]):
        text = _ask(model, order, "How do I descale my oven?")

        assert text.splitlines() == [
            "To descale the oven, follow these steps.",
            "1. Empty the tank.",
            "2. Pour in the descaler.",
            "3. Start the programme.",
            "4. Rinse the tank twice.",
            "5. Dry the door.",
        ]


def test_a_passage_that_ends_before_its_steps_does_not_answer_alone(model: ReaderChatModel) -> None:
    lead = "To descale the oven, follow these steps:"
    cut = [("Descaling the oven", f"Loose scale is normal.\n\n{lead}")]
    rest = [("Descaling the oven", f"{lead}\n\n1. Empty the tank.\n2. Pour in the descaler.")]

    assert lead not in _ask(model, cut, "How do I descale my oven?")
    text = _ask(model, [*cut, *rest], "How do I descale my oven?")
    assert text.splitlines() == [lead, "1. Empty the tank.", "2. Pour in the descaler."]


def test_steps_are_not_given_from_their_middle_on(model: ReaderChatModel) -> None:
    text = _ask(model, _OVEN[1:], "How do I descale my oven?")

    assert "Rinse the tank" not in text
    assert "cardboard" not in text


def test_a_sentence_that_answers_two_parts_is_said_once(model: ReaderChatModel) -> None:
    text = _ask(model, _POST, "How much is a parcel by courier, and how long does it take?")

    assert text.count("9 euros") == 1


def test_a_fragment_puts_its_subject_into_the_question_before(model: ReaderChatModel) -> None:
    first = "How long may I keep a bicycle?"
    history = [HumanMessage(first), AIMessage("You may keep a bicycle for 14 days.")]

    assert _ask(model, _LENDING, first).startswith("You may keep a bicycle for 14 days.")
    text = _ask(model, _LENDING, "And for tents?", history)

    assert "21 days" in text
    assert "bicycle" not in text


def test_telephone_numbers_do_not_say_who_founded_something(model: ReaderChatModel) -> None:
    text = _ask(model, _CLUB, "Who started the Alder rowing club and when?")

    assert "Ines Borg" in text
    assert "1987" in text
    assert "5550" not in text


def test_prose_stays_short_enough_to_read(model: ReaderChatModel) -> None:
    long = " ".join(
        f"A bicycle of class {name} may be kept for {days} days by every member who has paid the "
        "yearly fee and has signed the form about damages."
        for name, days in (("one", 10), ("two", 12), ("three", 14), ("four", 16))
    )
    text = _ask(model, [("Keeping a bicycle", long)], "How long may I keep a bicycle?")

    assert 0 < len(text) <= 400


@pytest.mark.parametrize("most", [1, 3])
def test_a_question_about_one_row_gets_it_under_the_header(most: int) -> None:
    text = _ask(ReaderChatModel(max_sentences=most), _HALLS, "What is the rent of Oak?")

    assert text.splitlines() == [
        "| Hall | Size | Rent per evening |",
        "|---|---|---|",
        "| Oak | 90 square metres | 210 euros |",
    ]


def test_a_question_about_no_row_in_particular_gets_all_that_fit(model: ReaderChatModel) -> None:
    text = _ask(model, _HALLS, "What is the rent for the hall?")

    assert all(hall in text for hall in ("Elm", "Oak", "Ash"))
    assert text.count("Rent per evening") == 1


def test_two_questions_about_one_table_have_its_header_each(model: ReaderChatModel) -> None:
    text = _ask(model, _HALLS, "What is the rent of Oak? What is the rent of Ash?")

    header = "| Hall | Size | Rent per evening |\n|---|---|---|\n"
    assert header + "| Oak | 90" in text
    assert header + "| Ash | 150" in text
