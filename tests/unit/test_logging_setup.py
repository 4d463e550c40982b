from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from mdsa.errors import InvalidInputError, StorageError
from mdsa.utils import setup_logger


@pytest.fixture
def name() -> Iterator[str]:
    """A logger of the test's own: the logging module keeps loggers for ever."""
    name = f"mdsa_test_{uuid4().hex}"
    yield name
    for handler in list(logging.getLogger(name).handlers):
        logging.getLogger(name).removeHandler(handler)
        handler.close()


def _lines(name: str) -> list[dict[str, object]]:
    text = Path("logs", f"{name}.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_goes_to_the_console_and_as_json_into_the_file(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = setup_logger(name, level=logging.INFO, log_dir="./logs")

    logger.info("answered %s requests", 3, extra={"domain": "orders", "latency_ms": 1.5})

    (line,) = _lines(name)
    assert line["event"] == "answered 3 requests"
    assert (line["domain"], line["latency_ms"]) == ("orders", 1.5)
    assert (line["level"], line["logger"]) == ("info", name)
    assert str(line["timestamp"]).endswith("Z")
    captured = capsys.readouterr()
    assert "answered 3 requests" in captured.err
    assert captured.out == ""


def test_without_a_folder_only_the_console_is_written(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    setup_logger(name).warning("low on memory")

    assert "low on memory" in capsys.readouterr().err
    assert not Path("logs").exists()


def test_a_second_call_replaces_the_first(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    setup_logger(name, log_dir="logs")
    logger = setup_logger(name, level="WARNING", log_dir="logs")

    logger.info("too quiet to be heard")
    logger.warning("once")

    assert [line["event"] for line in _lines(name)] == ["once"]
    assert capsys.readouterr().err.count("once") == 1


def test_handlers_of_the_application_stay(name: str) -> None:
    own = logging.NullHandler()
    logging.getLogger(name).addHandler(own)
    setup_logger(name)
    setup_logger(name)

    assert own in logging.getLogger(name).handlers


def test_an_exception_is_written_with_its_traceback_but_not_with_local_variables(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = setup_logger(name, log_dir="logs")

    def fail() -> None:
        message = "my card number is 4111"
        if message:
            raise ValueError("the model is gone")

    try:
        fail()
    except ValueError as error:
        logger.error(f"Request processing failed: {error!s}", exc_info=True)

    (line,) = _lines(name)
    written = str(line["exception"])
    console = capsys.readouterr().err
    for text in (written, console):
        assert "Traceback (most recent call last)" in text
        assert "ValueError: the model is gone" in text
        assert "4111" not in text


def test_what_people_wrote_is_replaced_by_its_length(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = setup_logger(name, log_dir="logs")

    logger.info(
        "done",
        extra={
            "query": "my secret question",
            "response": None,
            "messages": ["secret", "secret"],
            "payload": {"Content": "secret", "steps": [{"text": "secret"}], "domain": "orders"},
            "result": {"text": "secret"},
        },
    )

    (line,) = _lines(name)
    assert line["query"] == "[18 characters]"
    assert line["response"] is None
    assert line["messages"] == "[2 items]"
    assert line["result"] == "[1 items]"
    assert line["payload"] == {
        "Content": "[6 characters]",
        "steps": [{"text": "[6 characters]"}],
        "domain": "orders",
    }
    assert "secret" not in capsys.readouterr().err


def test_content_is_written_where_it_was_asked_for(name: str) -> None:
    logger = setup_logger(name, log_dir="logs", include_content=True)
    logger.info("done", extra={"query": "where is it? ñ"})

    assert _lines(name)[0]["query"] == "where is it? ñ"


def test_a_value_that_json_does_not_know_is_written_as_text(name: str) -> None:
    setup_logger(name, log_dir="logs").info("made", extra={"folder": Path("a") / "b"})

    assert _lines(name)[0]["folder"] == str(Path("a") / "b")


def test_a_folder_that_cannot_be_written_is_a_storage_error_and_changes_nothing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = setup_logger(name)
    Path("occupied").write_text("a file, not a folder", encoding="utf-8")
    with pytest.raises(StorageError, match=r"cannot write the log file occupied.*choose another"):
        setup_logger(name, log_dir="occupied")

    logger.info("still here")
    assert "still here" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["", "a/b", "../up", "a b"])
def test_a_name_that_is_no_file_name_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot name a logger"):
        setup_logger(wrong)


@pytest.mark.parametrize("level", ["LOUD", 1.5])
def test_an_unknown_level_is_refused(name: str, level: object) -> None:
    with pytest.raises(InvalidInputError, match="not a logging level; use DEBUG"):
        setup_logger(name, level=level)  # type: ignore[arg-type]  # on purpose


def test_the_file_is_rotated_and_old_ones_are_kept(name: str) -> None:
    logger = setup_logger(name, log_dir="logs")
    for _ in range(3):
        logger.info("x" * 6_000_000)

    assert sorted(path.name for path in Path("logs").iterdir()) == [
        f"{name}.log",
        f"{name}.log.1",
        f"{name}.log.2",
    ]
