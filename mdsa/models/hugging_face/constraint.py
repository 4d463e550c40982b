"""Output held to a grammar: at each step, tokens that would break it cannot be chosen.

Grammars are llguidance's (Microsoft; an Earley parser over the tokens' bytes), which costs some
50 microseconds a token and nothing beforehand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mdsa.errors import ModelError, ModelUnavailableError

__all__ = ["Constraint", "GrammarError", "Grammars"]

_KEPT = 64
_LETTER = "z"
"""Occurs in no JSON but within strings."""


class GrammarError(ModelError):
    """A schema that no grammar can be made of."""


class Grammars:
    """Grammars over one tokenizer; compiled once each. Thread-safe.

    Args:
        tokenizer: a fast tokenizer of transformers.
        vocabulary: how many scores the model gives, at least as many as there are tokens.
        end_tokens: those that end a reply.
    """

    def __init__(self, tokenizer: Any, vocabulary: int, end_tokens: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._end_tokens = list(end_tokens)
        self._lock = threading.Lock()
        self._compiled: OrderedDict[str, Any] = OrderedDict()
        self._bytes: Any = None
        self._closing: ClosingTokens | None = None

    def matcher(self, grammar: str) -> Any:
        """A matcher (`llguidance.LLMatcher`) at the beginning of a reply.

        Raises:
            GrammarError: the grammar, or a schema within, cannot be held to.
            ModelUnavailableError: the tokenizer has no fast form.
        """
        from llguidance import LLMatcher

        with self._lock:
            if grammar not in self._compiled:
                made = LLMatcher(self._read_tokenizer(), grammar, log_level=0)
                if made.is_error():
                    reason = made.get_error().strip().splitlines()[0]
                    raise GrammarError(
                        f"the schema cannot be held to: {reason}; simplify the tool's or the "
                        "answer's JSON schema."
                    )
                self._compiled[grammar] = made
                if len(self._compiled) > _KEPT:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(grammar)
            return self._compiled[grammar].deep_copy()

    def closing_tokens(self) -> ClosingTokens:
        """What brings JSON to its end."""
        with self._lock:
            if self._closing is None:
                self._closing = ClosingTokens(self._tokenizer.get_vocab(), self._vocabulary)
            return self._closing

    def _read_tokenizer(self) -> Any:
        if self._bytes is None:
            from llguidance.hf import from_tokenizer

            try:
                self._bytes = from_tokenizer(
                    self._tokenizer, n_vocab=self._vocabulary, eos_token=self._end_tokens
                )
            except ValueError as error:
                raise ModelUnavailableError(
                    f"the model's tokenizer ({type(self._tokenizer).__name__}) cannot be used for "
                    f"tool calls and structured output: {error}; use a model with a tokenizer.json."
                ) from error
        return self._bytes


class ClosingTokens:
    """The tokens that bring JSON to its end.

    Args:
        tokens: ids by the tokens' texts.
        vocabulary: how many scores the model gives.
    """

    def __init__(self, tokens: Mapping[str, int], vocabulary: int) -> None:
        import torch

        self._letter = tokens.get(_LETTER)
        self._kinds = {kind: torch.zeros(vocabulary, dtype=torch.bool) for kind in ('"', "}]", ",")}
        for text, number in tokens.items():
            for kind, found in self._kinds.items():
                if text and text[0] in kind and set(text) <= {*kind, "}", "]"}:
                    found[number] = True

    def among(self, allowed: Any) -> Any:
        """Leave of the allowed tokens those that end what is open, where there are such ones.

        A quote ends a string. Elsewhere it would open one: there a brace or a bracket comes first,
        and a comma, which ends a number.
        """
        in_string = self._letter is not None and bool(allowed[self._letter])
        for kind in ('"',) if in_string else ("}]", ",", '"'):
            found = allowed & self._kinds[kind]
            if bool(found.any()):
                return found
        return allowed


class Constraint:
    """Holds one reply to a grammar; used by transformers as a logits processor.

    Towards the last of its tokens it closes what is open, so that a weak model that never ends a
    string still gives whole JSON.

    Args:
        matcher: at the beginning of the reply.
        closing: of the same vocabulary.
        budget: most tokens of the reply.
        may_close: whether what is written now is JSON rather than free text.
    """

    def __init__(
        self, matcher: Any, closing: ClosingTokens, budget: int, may_close: Callable[[], bool]
    ) -> None:
        self._matcher = matcher
        self._closing = closing
        self._left = budget
        self._reserve = min(budget // 2, 96)
        self._may_close = may_close

    @property
    def finished(self) -> bool:
        """Whether nothing may follow any more."""
        return bool(self._matcher.is_stopped())

    def consume(self, token: int) -> None:
        """Go on behind a token that was chosen.

        Raises:
            ModelError: the grammar does not allow it, or has become too complex.
        """
        self._left -= 1
        if not self._matcher.is_stopped() and not self._matcher.consume_token(token):
            raise ModelError(f"constrained generation failed: {self._matcher.get_error()}")

    def __call__(self, _ids: Any, scores: Any) -> Any:
        """Forbid what the grammar does.

        Shapes are those of transformers: (1, tokens) and (1, vocabulary).
        """
        import torch

        allowed = torch.frombuffer(bytearray(self._matcher.compute_logit_bias()), dtype=torch.uint8)
        width = scores.shape[-1]
        mask = allowed[:width] > 0
        if self._left <= self._reserve and self._may_close():
            mask = self._closing.among(mask)
        if mask.numel() < width:
            mask = torch.nn.functional.pad(mask, (0, width - mask.numel()))
        return scores.masked_fill(~mask[:width].to(scores.device), float("-inf"))
