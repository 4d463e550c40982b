"""The command as a process: exit codes, pipes and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_MDSA = [sys.executable, "-m", "mdsa"]


def _routing() -> subprocess.Popen[str]:
    """A process that routes the lines it is given."""
    return subprocess.Popen(
        [*_MDSA, "route", "--jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_MDSA, *arguments], input=given, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ask", ""], "error: the message is empty"),
        (["ask", b"\xff\xfe"], "error: the message holds half of a surrogate pair"),
        (["ask", "hi", "--allow", "nobody"], "error: unknown domain 'nobody'"),
        (["ask", "hi", "--app", "missing.yaml"], "error: missing.yaml does not exist"),
        (["ingest", "x.md", "--domain", "nobody"], "error: unknown domain 'nobody'"),
        (["sessions", "show", "nobody"], "error: no session 'nobody'"),
    ],
)
def test_an_error_is_one_line_and_code_2(arguments: list[str | bytes], message: str) -> None:
    answer = subprocess.run([*_MDSA, *arguments], capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith(message)
    assert answer.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    answer = _run("--data-dir", str(tmp_path), "ask", "Where is my order?")

    assert answer.returncode == 2
    assert answer.stderr.count("\n") == 1
    assert str(tmp_path) in answer.stderr


def test_the_log_level_is_obeyed_and_the_log_stays_off_standard_output(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("INTENT_MODEL_PATH", "no-such-router")
    loud = _run("ask", "--json", "Where is order ORD-1001?")
    monkeypatch.setenv("LOG_LEVEL", "CRITICAL")
    quiet = _run("ask", "--json", "Where is order ORD-1001?")

    assert "no-such-router" in loud.stderr
    assert quiet.stderr == ""
    assert json.loads(loud.stdout)["domain"] == json.loads(quiet.stdout)["domain"]


def test_a_wrong_log_level_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "CHATTY")

    answer = _run("sessions", "list")

    assert answer.returncode == 2
    assert answer.stderr.startswith("error: 'CHATTY' is not a logging level")


def test_route_answers_each_line_before_the_next_is_written() -> None:
    with subprocess.Popen(
        [*_MDSA, "route", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("Where is my parcel?", "I want a refund for this jacket."):
            process.stdin.write(json.dumps({"text": text}) + "\n")
            process.stdin.flush()
            assert "domain" in json.loads(process.stdout.readline())
        process.stdin.close()
        assert process.wait() == 0


def test_a_broken_line_ends_the_process_though_its_input_is_open() -> None:
    with _routing() as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("broken\n")
        process.stdin.flush()
        assert process.wait() == 2
        assert "line 1" in process.stderr.read()


def test_a_reader_that_goes_away_is_no_error() -> None:
    lines = '{"text": "Where is my parcel?"}\n' * 2000

    with _routing() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        try:
            process.stdin.write(lines)
            process.stdin.close()
        except BrokenPipeError:
            pass
        process.wait()
        assert process.stderr.read() == ""


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_is_quiet() -> None:
    with subprocess.Popen(
        [*_MDSA, "chat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background of a shell, the signal is ignored from birth.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("/session\n")
        process.stdin.flush()
        process.stdout.readline()  # it has started, and waits for the next line
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == ""
