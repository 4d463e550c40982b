"""What an OpenAI-compatible server's refusal becomes."""

from __future__ import annotations

import httpx
import openai
import pytest

from mdsa.errors import ModelUnavailableError
from mdsa.models.openai_server.failures import explained


@pytest.mark.parametrize(
    ("header", "pause_s"),
    [
        ({}, 0.5),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "-1"}, 0.0),
        ({"retry-after": "inf"}, 0.5),
        ({"retry-after": "nan"}, 0.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.5),
    ],
    ids=lambda value: str(value),
)
def test_a_busy_server_is_given_a_pause_that_can_be_waited_for(
    header: dict[str, str], pause_s: float
) -> None:
    asked = httpx.Request("POST", "http://model.example/v1/chat/completions")
    response = httpx.Response(429, headers=header, request=asked)
    error = openai.RateLimitError("slow down", response=response, body=None)

    with (
        pytest.raises(ModelUnavailableError, match="too busy") as caught,
        explained("m", "http://model.example/v1", 60),
    ):
        raise error

    assert caught.value.retry_after_s == pause_s


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("http://127.0.0.1:8000/v1", "start it, or correct the reference."),
        ("https://api.example/v1", "look whether it is up and can be reached from here"),
    ],
)
def test_only_a_server_on_this_machine_is_ours_to_start(url: str, mend: str) -> None:
    with pytest.raises(ModelUnavailableError) as caught, explained("m", url, 60):
        raise httpx.ConnectError("Connection refused")

    assert str(caught.value).partition("; ")[2].startswith(mend)
