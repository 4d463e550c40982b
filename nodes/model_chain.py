"""Asks models in turn until one answers: each within its time, tried again where that may help.

What to do next is decided in one generator, `_steps`, that does nothing itself; a sync and an
async driver carry out what it yields and send back what came of it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig

from mdsa.errors import ModelError, ModelOutputError, ModelTimeoutError
from mdsa.nodes.failures import (
    CircuitOpenError,
    failure_kind,
    is_model_failure,
    retry_after_s,
)
from mdsa.nodes.first_token import ask_async
from mdsa.nodes.model_choice import ModelChoice, ModelLoader, as_choice
from mdsa.nodes.reply_check import reply_problem

__all__ = ["ModelChain", "ModelRequest"]

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 2.0
"""A server that asks to wait for longer is not waited for."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What a model is asked.

    Attributes:
        prompt: builds the messages; called with True, shorter ones for a model that reads less,
            which may be the same ones where nothing can be left out.
        bind: binds tools, or whatever else, to the model; called with True where it is the first
            of the chain, and with False where it is a fallback.
        tools_offered: whether the model may call tools.
        restarted: called before a model is asked again or another one is: what was streamed of
            the reply so far does not belong to the answer.
    """

    prompt: Callable[[bool], list[BaseMessage]]
    bind: Callable[[BaseChatModel, bool], Runnable[Any, AIMessage]] = lambda model, _: model
    tools_offered: bool = False
    restarted: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class _Limits:
    """Until when a model may answer, on the clock, and how soon it must begin."""

    until: float | None
    first_token_s: float | None
    clock: Callable[[], float]

    def left_s(self) -> float | None:
        return None if self.until is None else self.until - self.clock()


@dataclass(frozen=True, slots=True)
class _Call:
    choice: ModelChoice
    messages: list[BaseMessage]
    timeout_s: float | None
    first_token_s: float | None


@dataclass(frozen=True, slots=True)
class _Pause:
    seconds: float


_Steps = Generator[_Call | _Pause, AIMessage | None, AIMessage]


class ModelChain:
    """Models in the order in which they are asked.

    A model is asked once more where its failure may pass (`retry_after_s`), where its reply cannot
    be used (`reply_problem`), and with a shorter prompt where it reads no longer one. Then the next
    one is asked, which gets the whole prompt again. A model whose breaker is open is passed over.

    The reply's `response_metadata` tells which model answered (`answered_by`), and where it is not
    the first, `degraded` and the `failures` before it, each with `model` and `reason`.

    Args:
        models: the preferred one first.
        timeout_s: longest time for a model's answer, in seconds; the last of several has all the
            time that is left. Only an async run can stop a model; a sync one notices between two.
        first_token_s: longest time until a model that streams begins to answer, likewise.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        models: Sequence[ModelLoader],
        *,
        timeout_s: float | None = None,
        first_token_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._choices = [as_choice(model) for model in models]
        self._timeout_s = timeout_s
        self._first_token_s = first_token_s
        self._clock = clock

    def invoke(
        self, request: ModelRequest, config: RunnableConfig, *, left_s: float | None = None
    ) -> AIMessage:
        """Give the first answer that can be used.

        Args:
            request: what is asked.
            config: of the run.
            left_s: time left for all models together, in seconds. Every model but the last gets
                half of what is left when its turn comes, so that there is time for another one.

        Raises:
            ModelError: no model answered; or any other of `MODEL_FAILURES`, as the last one did.
        """
        steps = self._steps(request, left_s)
        step, outcome, error = None, None, None
        while True:
            try:
                step = steps.throw(error) if error is not None else steps.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # what `_Steps` returns
            outcome, error = None, None
            try:
                outcome = self._carry_out(step, request, config)
            except BaseException as raised:  # noqa: BLE001 - goes on in the generator
                error = raised

    async def ainvoke(
        self, request: ModelRequest, config: RunnableConfig, *, left_s: float | None = None
    ) -> AIMessage:
        """Async twin of `invoke`."""
        steps = self._steps(request, left_s)
        step, outcome, error = None, None, None
        while True:
            try:
                step = steps.throw(error) if error is not None else steps.send(outcome)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # what `_Steps` returns
            outcome, error = None, None
            try:
                outcome = await self._acarry_out(step, request, config)
            except BaseException as raised:  # noqa: BLE001 - goes on in the generator
                error = raised

    def _carry_out(
        self, step: _Call | _Pause, request: ModelRequest, config: RunnableConfig
    ) -> AIMessage | None:
        if isinstance(step, _Pause):
            time.sleep(step.seconds)
            return None
        bound = request.bind(step.choice(), step.choice is self._choices[0])
        return bound.invoke(step.messages, config)

    async def _acarry_out(
        self, step: _Call | _Pause, request: ModelRequest, config: RunnableConfig
    ) -> AIMessage | None:
        if isinstance(step, _Pause):
            await asyncio.sleep(step.seconds)
            return None
        name = step.choice.reference or "the model"
        limit = asyncio.timeout(step.timeout_s)
        try:
            async with limit:
                model = await asyncio.to_thread(step.choice)
                bound = request.bind(model, step.choice is self._choices[0])
                return await ask_async(
                    model, bound, step.messages, config, step.first_token_s, name
                )
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise ModelTimeoutError(
                f"{name} did not answer within {step.timeout_s:.3g} s; raise "
                "MDSA_REQUEST_TIMEOUT_S, or use a smaller model."
            ) from error

    def _steps(self, request: ModelRequest, left_s: float | None) -> _Steps:
        ends = None if left_s is None else self._clock() + left_s
        failures: list[dict[str, str]] = []
        last: BaseException | None = None
        for index, choice in enumerate(self._choices):
            limits = self._limits(ends, is_last=index == len(self._choices) - 1)
            if last is not None:
                request.restarted()
            try:
                reply = yield from self._ask(choice, request, limits)
            except Exception as error:
                if not is_model_failure(error):
                    raise
                kind = failure_kind(error)
                _log.log(
                    # One that is passed over has been told of when it failed.
                    logging.INFO if kind == "circuit_open" else logging.WARNING,
                    "a model did not answer: %s: %s",
                    type(error).__name__,
                    error,
                    extra={"model": choice.reference, "reason": kind},
                )
                failures.append({"model": choice.reference, "reason": kind})
                last = error
            else:
                return _marked(reply, choice, failures)
        raise last or ModelError("no model was given; name one for the domain.")

    def _limits(self, ends: float | None, *, is_last: bool) -> _Limits:
        """The limits of a model, from now on; one that is asked twice shares the time of one."""
        now = self._clock()
        # Where nobody comes after it, stopping a fallback early helps nobody.
        final = is_last and len(self._choices) > 1
        own = None if final or self._timeout_s is None else now + self._timeout_s
        shared = None if ends is None else (ends if is_last else now + (ends - now) / 2)
        until = min((limit for limit in (own, shared) if limit is not None), default=None)
        return _Limits(until, None if final else self._first_token_s, self._clock)

    def _ask(self, choice: ModelChoice, request: ModelRequest, limits: _Limits) -> _Steps:
        permit = choice.breaker.admit() if choice.breaker is not None else None
        if choice.breaker is not None and permit is None:
            raise CircuitOpenError(
                f"{choice.reference} failed several times in a row and is not asked for a while; "
                f"its last failure: {choice.breaker.reason}"
            )
        try:
            reply = yield from self._persist(choice, request, limits)
        except Exception as error:
            # A prompt that is too long, or input that no model may be given, says nothing about it.
            failed = is_model_failure(error) and failure_kind(error) != "context_overflow"
            if permit is not None and failed:
                permit.failed(f"{type(error).__name__}: {error}")
            raise
        else:
            if permit is not None:
                permit.succeeded()
            return reply
        finally:
            if permit is not None:
                permit.abandoned()

    def _persist(self, choice: ModelChoice, request: ModelRequest, limits: _Limits) -> _Steps:
        """Ask one model, at most once more for each reason that allows it."""
        messages = request.prompt(False)
        retried = shortened = False
        while True:
            timeout_s = limits.left_s()
            if timeout_s is not None and timeout_s <= 0:
                raise ModelTimeoutError(f"no time was left for {choice.reference or 'the model'}")
            try:
                reply = yield _Call(choice, messages, timeout_s, limits.first_token_s)
                if reply is None:
                    raise RuntimeError("a driver answered a call with nothing")
                problem = reply_problem(reply, tools_offered=request.tools_offered)
                if problem is None:
                    return reply
                raise ModelOutputError(f"{choice.reference or 'the model'} wrote {problem}")
            except Exception as error:
                if not is_model_failure(error):
                    raise
                kind = failure_kind(error)
                if kind == "context_overflow" and not shortened:
                    shorter = request.prompt(True)
                    if shorter == messages:
                        raise
                    messages, shortened, pause = shorter, True, 0.0
                elif kind == "bad_output" and not retried:
                    retried, pause = True, 0.0
                elif not retried and _may_pass(error, limits.left_s()):
                    retried, pause = True, retry_after_s(error) or 0.0
                else:
                    raise
                _log.info("%s is asked once more: %s", choice.reference or "the model", error)
            if pause:
                yield _Pause(pause)
            request.restarted()


def _may_pass(error: BaseException, left_s: float | None) -> bool:
    """Whether the same call may succeed after a pause that there is time for."""
    pause = retry_after_s(error)
    longest = _LONGEST_PAUSE_S if left_s is None else min(_LONGEST_PAUSE_S, left_s)
    return pause is not None and pause <= longest


def _marked(reply: AIMessage, choice: ModelChoice, failures: list[dict[str, str]]) -> AIMessage:
    """The reply with who answered, and whether that was the model that was meant to."""
    metadata = {**reply.response_metadata}
    if choice.reference:
        metadata["answered_by"] = choice.reference
    if failures:
        metadata |= {"degraded": True, "failures": failures}
    return reply.model_copy(update={"response_metadata": metadata})
