"""`hf://`: a chat model over a causal language model that runs in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict, Field

from mdsa.errors import ModelError
from mdsa.models.chat_template import INSTRUCT_STOP, render_prompt
from mdsa.models.weights import LoadedModel, LocalWeights

__all__ = ["HuggingFaceChatModel"]


class HuggingFaceChatModel(BaseChatModel):
    """Generates with transformers, on weights that are on this machine already.

    Every call may raise ModelUnavailableError where they are not, with the command that downloads
    them. Async calls run in a thread. One answer at a time is generated for each set of weights.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    weights: LocalWeights = Field(exclude=True, description="Shared weights and tokenizer.")
    temperature: float | None = Field(
        default=None, ge=0, description="Randomness; None and 0 take the likeliest token."
    )
    max_tokens: int = Field(default=512, gt=0, description="Longest answer, in tokens.")
    stop: list[str] | None = Field(default=None, description="Texts before which an answer ends.")

    @property
    def _llm_type(self) -> str:
        return "mdsa-huggingface"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {
            "model_name": f"hf://{self.weights.name}",
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
        }

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        params["ls_provider"] = "huggingface"
        params["ls_model_name"] = kwargs.get("model", self.weights.name)
        return params

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],  # noqa: ARG002
        *,
        tool_choice: str | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Refuse: calls by local models come with constrained decoding, later.

        Raises:
            ModelError: always.
        """
        raise ModelError(
            f"model 'hf://{self.weights.name}' cannot call tools in this version of MDSA; take the "
            "tools from the domain, or use an ollama:// model or embedded://reader for it."
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,  # noqa: ARG002
        **kwargs: Any,
    ) -> ChatResult:
        chunks = list(self._stream(messages, stop, None, **kwargs))
        total = chunks[0].message
        for chunk in chunks[1:]:
            total = total + chunk.message
        message = AIMessage(
            content=total.content,
            usage_metadata=chunks[-1].message.usage_metadata,  # type: ignore[attr-defined]  # an AIMessageChunk
            response_metadata=total.response_metadata,
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        loaded = self.weights.load()
        prompt = render_prompt(messages, loaded.tokenizer)
        # A template writes its own special tokens.
        plain = not getattr(loaded.tokenizer, "chat_template", None)
        inputs = loaded.tokenizer(prompt, return_tensors="pt", add_special_tokens=plain)
        sent = int(inputs["input_ids"].shape[1])
        longest = int(kwargs.get("max_tokens") or self.max_tokens)
        longest = self._room(loaded, sent, longest)
        stops = [*(stop or self.stop or []), *([INSTRUCT_STOP] if plain else [])]
        generation = _Generation(loaded, self.weights, inputs, longest, self._sampling(kwargs))
        ended = "length"
        try:
            for text, ending in _until_stop(generation, stops):
                ended = "stop" if ending else ended
                if text:
                    chunk = ChatGenerationChunk(message=AIMessageChunk(content=text))
                    if run_manager:
                        run_manager.on_llm_new_token(text, chunk=chunk)
                    yield chunk
        finally:
            generation.cancel()
        made = generation.tokens
        last = AIMessageChunk(
            content="",
            usage_metadata=UsageMetadata(
                input_tokens=sent, output_tokens=made, total_tokens=sent + made
            ),
            response_metadata={
                "model_name": f"hf://{self.weights.name}",
                "finish_reason": "stop" if made < longest else ended,
            },
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=last)

    def _sampling(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        temperature = kwargs.get("temperature", self.temperature)
        if not temperature:
            # Left in place, a model's own sampling settings would make transformers warn.
            return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        return {"do_sample": True, "temperature": float(temperature)}

    def _room(self, loaded: LoadedModel, sent: int, longest: int) -> int:
        limit = loaded.context_length
        if limit is None or sent + longest <= limit:
            return longest
        if sent >= limit:
            raise ModelError(
                f"the prompt has {sent} tokens and model 'hf://{self.weights.name}' reads {limit}; "
                "retrieve fewer passages (top_k) or use a model with a longer context."
            )
        return limit - sent


class _Generation:
    """One run of `generate` in a thread; iterating gives text as it comes."""

    def __init__(
        self,
        loaded: LoadedModel,
        weights: LocalWeights,
        inputs: Any,
        longest: int,
        sampling: dict[str, Any],
    ) -> None:
        from transformers import StoppingCriteriaList, TextIteratorStreamer

        self.tokens = 0
        self._cancelled = threading.Event()
        self._error: BaseException | None = None
        self._streamer = TextIteratorStreamer(
            loaded.tokenizer, skip_prompt=True, skip_special_tokens=True
        )
        sent = int(inputs["input_ids"].shape[1])

        def count(ids: Any, _scores: Any, **_kwargs: Any) -> bool:
            self.tokens = int(ids.shape[1]) - sent
            return self._cancelled.is_set()

        pad = loaded.tokenizer.pad_token_id
        arguments = {
            **inputs.to(loaded.model.device),
            **sampling,
            "max_new_tokens": longest,
            "pad_token_id": pad if pad is not None else loaded.tokenizer.eos_token_id,
            "streamer": self._streamer,
            "stopping_criteria": StoppingCriteriaList([count]),
        }
        self._thread = threading.Thread(
            target=self._run, args=(loaded.model, weights, arguments), daemon=True
        )
        self._thread.start()

    def _run(self, model: Any, weights: LocalWeights, arguments: dict[str, Any]) -> None:
        import torch

        try:
            with weights.generating, torch.inference_mode():
                if not self._cancelled.is_set():
                    model.generate(**arguments)
        except (RuntimeError, ValueError, IndexError) as error:  # out of memory, a bad token …
            self._error = error
        finally:
            self._streamer.end()  # type: ignore[no-untyped-call]  # transformers leaves it untyped

    def __iter__(self) -> Iterator[str]:
        yield from self._streamer
        self._thread.join()
        if self._error is not None:
            raise ModelError(
                f"generation failed: {self._error}; a smaller model or a shorter prompt may fit."
            ) from self._error

    def cancel(self) -> None:
        """Stop at the next token and wait for it."""
        self._cancelled.set()
        self._thread.join()


def _until_stop(
    pieces: Sequence[str] | _Generation, stops: Sequence[str]
) -> Iterator[tuple[str, bool]]:
    """Pass text on up to the first stop text, holding back what might begin one.

    Yields (text, whether a stop text ended it).
    """
    held = ""
    longest = max((len(mark) for mark in stops), default=0)
    for piece in pieces:
        held += piece
        places = [place for mark in stops if (place := held.find(mark)) >= 0]
        if places:
            yield held[: min(places)], True
            return
        keep = min(longest - 1, len(held)) if longest else 0
        if len(held) > keep:
            yield held[: len(held) - keep], False
            held = held[len(held) - keep :]
    yield held, False
