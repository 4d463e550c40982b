"""The chain of models: who is asked, how often, and what the reply says of it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fakes.model_chains import (
    LONG,
    SHORT,
    OutOfMemoryError,
    answer,
    both_ways,
    choice,
    http_error,
    request,
    scripted,
)
from langchain_core.exceptions import ContextOverflowError as LangChainContextOverflowError
from langchain_core.exceptions import ModelRateLimitError

from mdsa.errors import (
    ContextOverflowError,
    InvalidInputError,
    ModelError,
    ModelMemoryError,
    ModelOutputError,
    ModelUnavailableError,
)
from mdsa.models.circuit_breaker import CircuitBreaker
from mdsa.nodes.failures import CircuitOpenError, failure_kind
from mdsa.nodes.model_chain import ModelChain, ModelRequest


@both_ways
async def test_the_first_model_that_answers_is_named(run_async: bool) -> None:
    reply = await answer(ModelChain([choice(scripted("yes"))]), run_async=run_async)

    assert reply.text == "yes"
    assert reply.response_metadata["answered_by"] == "fake://a"
    assert "degraded" not in reply.response_metadata


@both_ways
@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (ModelUnavailableError("no server"), "unavailable"),
        (ModelError("refused"), "error"),
        (ModelError("busy", retry_after_s=60), "busy"),
        (TimeoutError("slow"), "timeout"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (ModelMemoryError("too large"), "out_of_memory"),
        (MemoryError(), "out_of_memory"),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "out_of_memory"),
        (
            ModelError("model requires more system memory (8 GiB) than is available"),
            "out_of_memory",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
async def test_the_next_model_answers_where_one_fails(
    failure: Exception, kind: str, run_async: bool
) -> None:
    first, second = scripted(failure), scripted("from the second")
    chain = ModelChain([choice(first), choice(second, "fake://b")])

    reply = await answer(chain, run_async=run_async)

    assert reply.text == "from the second"
    metadata = reply.response_metadata
    assert metadata["degraded"] is True
    assert metadata["answered_by"] == "fake://b"
    assert metadata["failures"] == [{"model": "fake://a", "reason": kind}]
    assert len(first.prompts) == 1


@both_ways
@pytest.mark.parametrize(
    "failure",
    [
        ConnectionResetError("reset"),
        httpx.ConnectError("refused"),
        ModelUnavailableError("restarting", retry_after_s=0.01),
        ModelError("HTTP 503", retry_after_s=0.0),
        ModelError("HTTP 429", retry_after_s=-1.0),
        http_error(429, "-1"),
        ModelRateLimitError("HTTP 429"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_may_pass_is_tried_once_more(failure: Exception, run_async: bool) -> None:
    model = scripted(failure, "second try")

    reply = await answer(ModelChain([choice(model)]), run_async=run_async)

    assert reply.text == "second try"
    assert "degraded" not in reply.response_metadata


@both_ways
async def test_it_is_tried_once_more_and_no_oftener(run_async: bool) -> None:
    model = scripted(ConnectionResetError("reset"))

    with pytest.raises(ConnectionResetError):
        await answer(ModelChain([choice(model)]), run_async=run_async)
    assert len(model.prompts) == 2


@both_ways
async def test_nobody_waits_longer_than_there_is_time(run_async: bool) -> None:
    model = scripted(ModelError("busy", retry_after_s=1.5))

    with pytest.raises(ModelError, match="busy"):
        await answer(ModelChain([choice(model)]), run_async=run_async, left_s=1.0)
    assert len(model.prompts) == 1


@both_ways
async def test_a_bug_is_no_failure_of_the_model(run_async: bool) -> None:
    second = scripted("x")

    with pytest.raises(KeyError):
        await answer(
            ModelChain([choice(scripted(KeyError("bug"))), choice(second)]), run_async=run_async
        )
    assert second.prompts == []


@both_ways
@pytest.mark.parametrize(
    "bad", ["", "<|im_end|>", "again and again. " * 30, "\ufffd\ufffd\ufffd\ufffd"]
)
async def test_an_unusable_reply_is_asked_for_once_more(bad: str, run_async: bool) -> None:
    model = scripted(bad, "better")

    assert (await answer(ModelChain([choice(model)]), run_async=run_async)).text == "better"


@both_ways
async def test_after_two_unusable_replies_the_next_model_answers(run_async: bool) -> None:
    first = scripted("")
    chain = ModelChain([choice(first), choice(scripted("fine"), "fake://b")])

    reply = await answer(chain, run_async=run_async)

    assert len(first.prompts) == 2
    assert reply.response_metadata["failures"] == [{"model": "fake://a", "reason": "bad_output"}]


@both_ways
async def test_an_unusable_reply_of_the_last_model_comes_through(run_async: bool) -> None:
    with pytest.raises(ModelOutputError, match="fake://a wrote nothing"):
        await answer(ModelChain([choice(scripted(" "))]), run_async=run_async)


@both_ways
@pytest.mark.parametrize("kind", [ContextOverflowError, LangChainContextOverflowError])
async def test_a_prompt_that_is_too_long_is_shortened(
    kind: type[Exception], run_async: bool
) -> None:
    breaker = CircuitBreaker(failures=1)
    model = scripted(kind("too long"), "short and well")

    reply = await answer(ModelChain([choice(model, breaker=breaker)]), run_async=run_async)

    assert reply.text == "short and well"
    assert model.prompts == [LONG, SHORT]
    assert breaker.state == "closed"


@both_ways
async def test_a_prompt_that_is_still_too_long_goes_whole_to_the_next_model(
    run_async: bool,
) -> None:
    breaker = CircuitBreaker(failures=1)
    first, second = scripted(ContextOverflowError("too long")), scripted("fine")
    chain = ModelChain([choice(first, breaker=breaker), choice(second)])

    reply = await answer(chain, run_async=run_async)

    assert (first.prompts, second.prompts) == ([LONG, SHORT], [LONG])
    assert reply.response_metadata["failures"][0]["reason"] == "context_overflow"
    assert breaker.state == "closed", "a long prompt says nothing about the model"


@both_ways
async def test_a_prompt_that_cannot_be_shortened_is_not_sent_twice(run_async: bool) -> None:
    model = scripted(ContextOverflowError("too long"))

    with pytest.raises(ContextOverflowError):
        await answer(
            ModelChain([choice(model)]), ModelRequest(lambda _: list(LONG)), run_async=run_async
        )
    assert len(model.prompts) == 1


@both_ways
async def test_a_model_whose_breaker_is_open_is_not_asked(run_async: bool) -> None:
    breaker = CircuitBreaker(failures=2)
    first = scripted(ModelError("no weights"))
    chain = ModelChain([choice(first, breaker=breaker), choice(scripted("fine"), "fake://b")])

    replies = [await answer(chain, run_async=run_async) for _ in range(4)]

    assert len(first.prompts) == 2
    assert [reply.response_metadata["failures"][0]["reason"] for reply in replies] == [
        "error",
        "error",
        "circuit_open",
        "circuit_open",
    ]


@both_ways
async def test_an_open_breaker_without_another_model_says_why(run_async: bool) -> None:
    breaker = CircuitBreaker(failures=1)
    chain = ModelChain([choice(scripted(ModelError("no weights")), breaker=breaker)])

    with pytest.raises(ModelError):
        await answer(chain, run_async=run_async)
    with pytest.raises(CircuitOpenError, match="no weights"):
        await answer(chain, run_async=run_async)


@both_ways
async def test_a_bug_does_not_leave_a_probe_open(run_async: bool) -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=1, recovery_s=1, clock=lambda: now[0])
    model = scripted(ModelError("x"), KeyError("bug"), "back")
    chain = ModelChain([choice(model, breaker=breaker)])
    with pytest.raises(ModelError):
        await answer(chain, run_async=run_async)

    now[0] += 1
    with pytest.raises(KeyError):
        await answer(chain, run_async=run_async)
    now[0] += 2

    assert (await answer(chain, run_async=run_async)).text == "back"
    assert breaker.state == "closed"


@both_ways
async def test_bad_input_of_one_caller_does_not_close_a_model_to_the_others(
    run_async: bool,
) -> None:
    breaker = CircuitBreaker(failures=1)
    model = scripted(InvalidInputError("it takes no images"), "fine")
    chain = ModelChain([choice(model, breaker=breaker)])

    with pytest.raises(InvalidInputError):
        await answer(chain, run_async=run_async)

    assert breaker.state == "closed"
    assert (await answer(chain, run_async=run_async)).text == "fine"


async def test_a_cancelled_probe_leaves_the_next_call_to_probe() -> None:
    now = [0.0]
    breaker = CircuitBreaker(failures=1, recovery_s=1, clock=lambda: now[0])
    asked = asyncio.Event()

    async def hang(_: object) -> str:
        asked.set()
        return await asyncio.Future()

    chain = ModelChain([choice(scripted(ModelError("x"), hang, "back"), breaker=breaker)])
    with pytest.raises(ModelError):
        await answer(chain)
    now[0] += 1
    probe = asyncio.create_task(answer(chain))
    await asked.wait()

    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe

    assert (await answer(chain)).text == "back"


@both_ways
async def test_the_listener_is_told_before_every_new_attempt(run_async: bool) -> None:
    restarts: list[int] = []
    model = scripted(ConnectionResetError("reset"), ModelError("x"))
    asked = request(restarted=lambda: restarts.append(len(model.prompts)))

    await answer(ModelChain([choice(model), choice(scripted("fine"))]), asked, run_async=run_async)

    assert restarts == [1, 2]


def test_a_chain_without_models_says_so() -> None:
    with pytest.raises(ModelError, match="no model was given"):
        ModelChain([]).invoke(request(), {})


def test_an_http_answer_that_asks_to_wait_is_a_busy_one() -> None:
    response = httpx.Response(
        503, headers={"retry-after": "7"}, request=httpx.Request("GET", "http://x")
    )
    error = httpx.HTTPStatusError("503", request=response.request, response=response)

    assert failure_kind(error) == "busy"
