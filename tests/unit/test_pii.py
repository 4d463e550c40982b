"""What identifies a person is replaced, and what only looks like it stays."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from mdsa.errors import ConfigError
from mdsa.sessions import strict_serializer
from mdsa.utils import setup_logger
from mdsa.utils.pii import PiiRedactor, redact_within


@pytest.fixture(scope="module")
def redact() -> PiiRedactor:
    return PiiRedactor()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann.lee+shop@mail.example.co.uk.", "write to [email]."),
        ("(ann@example.com)", "([email])"),
        ("pay DE89 3704 0044 0532 0130 00 today", "pay [iban] today"),
        ("GB82WEST12345698765432", "[iban]"),
        ("iban gb82 west 1234 5698 7654 32, please", "iban [iban], please"),
        ("my card is 4111 1111 1111 1111.", "my card is [card]."),
        ("5500-0000-0000-0004", "[card]"),
        ("378282246310005", "[card]"),
        ("SSN 536-90-4399!", "SSN [ssn]!"),
        ("call +44 20 7946 0958 or +1 (415) 555-2671", "call [phone] or [phone]"),
        ("ann@example.com and bob@example.com", "[email] and [email]"),
        # Neither has its checksum.
        ("pay GB98WEST12345698765432 today", "pay GB98WEST12345698765432 today"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        # Numbers that were never given out, orders, versions, times and ids.
        ("000-12-3456", "000-12-3456"),
        ("order 12345678 of 2026-11-23T03:15:33", "order 12345678 of 2026-11-23T03:15:33"),
        ("ORD-10248, version 1.2.3, $19.99", "ORD-10248, version 1.2.3, $19.99"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"),
        ("score 0.4111111111111111", "score 0.4111111111111111"),
        ("user@host, @ann, a@b", "user@host, @ann, a@b"),
        ("", ""),
    ],
)
def test_findings_are_replaced_by_their_kind(redact: PiiRedactor, text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(redact(text)) == expected


def test_phone_numbers_without_a_country_need_a_region(redact: PiiRedactor) -> None:
    text = "call 415-555-2671"

    assert redact(text) == text
    assert PiiRedactor("US")(text) == "call [phone]"
    assert PiiRedactor("DE")("ruf 030 12345678 an") == "ruf [phone] an"
    with pytest.raises(ConfigError, match="'UK'"):
        PiiRedactor("UK")


@pytest.mark.parametrize("text", ["a@" * 10_000, "1 " * 10_000, "DE89" * 5_000, "x.y-" * 5_000])
def test_long_texts_of_almost_findings_end(redact: PiiRedactor, text: str) -> None:
    assert isinstance(redact(text), str)


def test_texts_are_found_inside_mappings_and_lists(redact: PiiRedactor) -> None:
    value = {
        "id": "a@b.example",
        "list": [{"to": "a@b.example"}, 7, None],
        "pair": ("a@b.example",),
    }

    assert redact_within(value, redact, frozenset({"id"})) == {
        "id": "a@b.example",
        "list": [{"to": "[email]"}, 7, None],
        "pair": ("[email]",),
    }


def test_logs_hold_none_of_it(
    tmp_path: Path, redact: PiiRedactor, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = setup_logger("pii_test", logging.INFO, tmp_path, redact=redact, include_content=True)
    try:
        raise ValueError("no ann@example.com")
    except ValueError:
        logger.exception("for %s", "bob@example.com", extra={"to": ["eve@example.com"], "n": 41})

    (line,) = (tmp_path / "pii_test.log").read_text(encoding="utf-8").splitlines()
    written = json.loads(line)
    assert (written["event"], written["to"], written["n"]) == ("for [email]", ["[email]"], 41)
    assert "no [email]" in written["exception"]
    shown = capsys.readouterr().err
    assert shown.count("[email]") >= 3
    assert "@example.com" not in line + shown


def test_a_stored_state_holds_none_of_it_but_what_a_tool_call_needs(redact: PiiRedactor) -> None:
    call = {"name": "find", "args": {"email": "ann@example.com"}, "id": "call-1"}
    checkpoint = {
        "v": 4,
        "id": "0af7651916cd43dd8448eb211c80319c",
        "channel_versions": {"messages": "4111111111111111"},
        "channel_values": {
            "messages": [
                HumanMessage([{"type": "text", "text": "I am ann@example.com"}], id="m-1"),
                AIMessage("hello ann@example.com", tool_calls=[call], id="m-2"),
            ],
            "last_question": "where is ann@example.com",
            "answers": [{"text": "ann@example.com", "tool_calls": [call]}],
        },
    }
    serializer = strict_serializer(redact)

    read = serializer.loads_typed(serializer.dumps_typed(checkpoint))

    human, answer = read["channel_values"]["messages"]
    assert human.content == [{"type": "text", "text": "I am [email]"}]
    assert (answer.content, answer.id) == ("hello [email]", "m-2")
    assert answer.tool_calls[0]["args"] == {"email": "ann@example.com"}
    assert read["channel_values"]["last_question"] == "where is [email]"
    (record,) = read["channel_values"]["answers"]
    assert (record["text"], record["tool_calls"][0]["args"]) == ("[email]", {"email": "[email]"})
    assert read["channel_versions"] == checkpoint["channel_versions"]
    # The turn that goes on keeps what it was given.
    assert checkpoint["channel_values"]["last_question"] == "where is ann@example.com"
