"""What of a conversation a domain may see."""

from __future__ import annotations

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from mdsa.nodes.history import last_question_index, message_text, own_turns, question_text


def turn(question: str, answer: str, *domains: str) -> list[AnyMessage]:
    reply = AIMessage(answer, response_metadata={"domains": list(domains)})
    return [HumanMessage(question), reply]


def texts(messages: list[AnyMessage], domain: str, max_tokens: int = 1000) -> list[str]:
    return [str(message.text) for message in own_turns(messages, domain, max_tokens=max_tokens)]


def test_a_domain_sees_only_the_turns_that_it_alone_answered() -> None:
    messages = [
        *turn("q1", "a1", "orders"),
        *turn("q2", "a2", "payroll"),
        *turn("q3", "a3", "orders", "payroll"),
        *turn("q4", "a4"),
        *turn("q5", "a5", "orders"),
        HumanMessage("q6"),
    ]

    assert texts(messages, "orders") == ["q1", "a1", "q5", "a5"]
    assert texts(messages, "payroll") == ["q2", "a2"]
    assert texts(messages, "unmatched") == []


def test_a_question_that_was_never_answered_belongs_to_nobody() -> None:
    messages = [HumanMessage("secret"), *turn("q", "a", "orders")]

    assert texts(messages, "orders") == ["q", "a"]


def test_history_is_cut_to_whole_turns_the_latest_first() -> None:
    messages = [message for n in range(50) for message in turn(f"q{n}", "word " * 40, "orders")]

    kept = own_turns(messages, "orders", max_tokens=300)

    assert 2 <= len(kept) <= 10
    assert isinstance(kept[0], HumanMessage)
    assert len(kept) % 2 == 0
    assert kept[-2].text == "q49"


def test_a_turn_that_alone_exceeds_the_limit_is_left_out() -> None:
    assert own_turns(turn("q", "word " * 1000, "orders"), "orders", max_tokens=100) == []


def test_the_question_is_the_text_of_the_last_human_message() -> None:
    messages = [
        HumanMessage("first"),
        HumanMessage([{"type": "text", "text": "second"}, {"type": "image_url", "image_url": "x"}]),
        AIMessage("reply"),
    ]

    assert question_text(messages) == "second"
    assert last_question_index(messages) == 1
    assert message_text(messages[2]) == "reply"
    assert question_text([AIMessage("reply")]) == ""
    assert last_question_index([]) == -1
