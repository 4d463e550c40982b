"""One reply: from a conversation to text and calls, in the calling thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any, Literal

from langchain_core.messages import BaseMessage

from mdsa.errors import ContextOverflowError, InvalidInputError, ModelError, ModelMemoryError
from mdsa.models.hugging_face.call_reader import Part, PlainReader, make_reader
from mdsa.models.hugging_face.call_syntax import lark_grammar
from mdsa.models.hugging_face.chat_template import Prompt, render_prompt
from mdsa.models.hugging_face.constraint import Constraint, GrammarError
from mdsa.models.hugging_face.images import read_image
from mdsa.models.hugging_face.sampling import Sampler
from mdsa.models.hugging_face.stop_texts import StopTexts
from mdsa.models.hugging_face.token_text import TokenText, special_tokens
from mdsa.models.hugging_face.weights import LoadedModel
from mdsa.models.json_schema import without_keyword
from mdsa.models.out_of_memory import is_out_of_memory
from mdsa.models.tool_schema import MAX_CALLS

__all__ = ["Finish", "Request", "write_reply"]

_LEAST_ANSWER = 64
"""Tokens; in fewer an answer is cut off before it says something."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model.

    Attributes:
        messages: the conversation.
        max_tokens: longest reply.
        tools: in OpenAI's form.
        choice: as `read_tool_choice` gives it.
        answer: JSON schema of the answer; None for free text.
        stop: texts before which the answer ends.
        temperature: None and 0 take the likeliest token.
        top_p: see `Sampler`; likewise `top_k` and `seed`.
        max_calls: most calls in the reply.
    """

    messages: Sequence[BaseMessage]
    max_tokens: int
    tools: Sequence[Mapping[str, Any]] = ()
    choice: str = "auto"
    answer: Mapping[str, Any] | None = None
    stop: Sequence[str] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    max_calls: int = MAX_CALLS


@dataclass(frozen=True, slots=True)
class Finish:
    """How a reply ended, and the tokens read and written."""

    reason: Literal["stop", "length"]
    input_tokens: int
    output_tokens: int


def write_reply(
    loaded: LoadedModel, request: Request, emit: Callable[[Part], None], cancelled: Event
) -> Finish:
    """Generate a reply.

    Args:
        loaded: the model; one reply at a time.
        request: what is asked.
        emit: takes the parts as soon as they are known.
        cancelled: ends the generation at the next token.

    Raises:
        ContextOverflowError: the prompt leaves too little of what the model reads to the answer.
        InvalidInputError: an image or another part of a message cannot be read.
        ModelMemoryError: there is no memory for it.
        ModelError: the generation failed.
    """
    import torch
    from transformers import StoppingCriteriaList

    prompt = render_prompt(
        request.messages,
        loaded.tokenizer,
        tools=request.tools,
        choice=request.choice,
        answer=request.answer,
        processor=loaded.processor,
    )
    inputs = _encode(loaded, prompt)
    sent = int(inputs["input_ids"].shape[1])
    longest = _room(loaded, sent, request.max_tokens)
    writer = _Writer(loaded, request, prompt, longest, emit, cancelled)
    processors: list[Any] = [] if writer.constraint is None else [writer.constraint]
    if request.temperature:
        sampler = Sampler(request.temperature, request.top_p, request.top_k, request.seed)
        processors.append(sampler)
    pad = loaded.tokenizer.pad_token_id
    try:
        with torch.inference_mode():
            loaded.model.generate(
                **inputs.to(loaded.model.device),
                max_new_tokens=longest,
                # Chance is the sampler's; a model's own settings would make transformers warn.
                do_sample=False,
                num_beams=1,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=pad if pad is not None else (loaded.end_tokens or [0])[0],
                logits_processor=processors,
                stopping_criteria=StoppingCriteriaList([writer]),
            )
    except ModelError:
        raise
    except (RuntimeError, ValueError, IndexError) as error:
        if is_out_of_memory(error):
            raise ModelMemoryError(
                f"memory ran out at a prompt of {sent} tokens: {error}; retrieve fewer passages "
                "(top_k), or use a smaller or a quantized model."
            ) from error
        raise ModelError(
            f"generation failed: {error}; a smaller model or a shorter prompt may fit."
        ) from error
    writer.finish()
    return Finish(writer.reason, sent, writer.tokens)


class _Writer:
    """Follows a generation token by token; transformers asks it whether to stop."""

    def __init__(
        self,
        loaded: LoadedModel,
        request: Request,
        prompt: Prompt,
        longest: int,
        emit: Callable[[Part], None],
        cancelled: Event,
    ) -> None:
        syntax = prompt.syntax
        self.tokens = 0
        self.reason: Literal["stop", "length"] = "length"
        self._emit = emit
        self._cancelled = cancelled
        self._ends = frozenset(loaded.end_tokens)
        self._text = TokenText(loaded.tokenizer, frozenset({syntax.begin, syntax.end}))
        self._stops = StopTexts([*request.stop, *prompt.stops])
        self._reader: PlainReader = make_reader(syntax, request.tools, request.choice)
        self._is_json = request.answer is not None
        self.constraint: Constraint | None = None
        matcher = _matcher(loaded, request, prompt)
        if matcher is not None:
            closing = loaded.grammars.closing_tokens()
            self.constraint = Constraint(matcher, closing, longest, self._may_close)

    def __call__(self, ids: Any, _scores: Any, **_kwargs: Any) -> bool:
        """Take the latest token of (1, tokens); whether the reply ends with it."""
        token = int(ids[0, -1])
        self.tokens += 1
        if token in self._ends:
            self.reason = "stop"
        else:
            self._pass_on(self._stops.feed(self._text.feed(token)))
            if self.constraint is not None:
                self.constraint.consume(token)
        if self._stops.stopped or (self.constraint is not None and self.constraint.finished):
            self.reason = "stop"
        return self.reason == "stop" or self._cancelled.is_set()

    def finish(self) -> None:
        """Pass on what was held back."""
        self._pass_on(self._stops.feed(self._text.finish()))
        self._pass_on(self._stops.finish())
        for part in self._reader.finish():
            self._emit(part)

    def _pass_on(self, text: str) -> None:
        for part in self._reader.feed(text) if text else ():
            self._emit(part)

    def _may_close(self) -> bool:
        return self._is_json or self._reader.collecting


def _matcher(loaded: LoadedModel, request: Request, prompt: Prompt) -> Any:
    def build(tools: Sequence[Mapping[str, Any]], answer: Mapping[str, Any] | None) -> str | None:
        return lark_grammar(
            prompt.syntax,
            tools,
            request.choice,
            answer=answer,
            max_calls=request.max_calls,
            special_tokens=special_tokens(loaded.tokenizer),
        )

    grammar = build(request.tools, request.answer)
    if grammar is None:
        return None
    try:
        return loaded.grammars.matcher(grammar)
    except GrammarError:
        # Patterns that look around, say; the reply is checked against them when it is read.
        tools = [_without_patterns(tool) for tool in request.tools]
        answer = request.answer and without_keyword(request.answer, "pattern")
        looser = build(tools, answer)
        if looser is None or looser == grammar:
            raise
        return loaded.grammars.matcher(looser)


def _without_patterns(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = dict(tool["function"])
    if function.get("parameters"):
        function["parameters"] = without_keyword(function["parameters"], "pattern")
    return {**tool, "function": function}


def _encode(loaded: LoadedModel, prompt: Prompt) -> Any:
    images = [read_image(block) for block in prompt.images]
    try:
        if images:
            return loaded.processor(
                text=prompt.text,
                images=images,
                return_tensors="pt",
                add_special_tokens=prompt.plain,
            )
        return loaded.tokenizer(
            prompt.text,
            return_tensors="pt",
            return_token_type_ids=False,
            add_special_tokens=prompt.plain,
        )
    except (RuntimeError, ValueError) as error:
        if is_out_of_memory(error):
            raise ModelMemoryError(
                f"memory ran out at the preparation of a prompt with {len(images)} images: "
                f"{error}; send fewer or smaller ones, or use a smaller model."
            ) from error
        if images:
            sizes = ", ".join(f"{image.width} x {image.height}" for image in images)
            raise InvalidInputError(
                f"the model cannot take the images of the message ({sizes} pixels): {error}; send "
                "fewer of them, or cut or scale them to a more usual size."
            ) from error
        raise ModelError(
            f"the prompt cannot be made into tokens: {error}; see whether the model's tokenizer "
            "files are whole."
        ) from error


def _room(loaded: LoadedModel, sent: int, longest: int) -> int:
    limit = loaded.context_length
    if limit is None or sent + longest <= limit:
        return longest
    least = min(longest, _LEAST_ANSWER)
    if limit - sent < least:
        raise ContextOverflowError(
            f"the prompt has {sent} tokens and the model reads {limit}, with {least} of them kept "
            "for the answer; retrieve fewer passages (top_k) or use a model with a longer context."
        )
    return limit - sent
