"""Tokens as text, one at a time."""

from __future__ import annotations

from typing import Any

__all__ = ["TokenText", "special_tokens"]


def special_tokens(tokenizer: Any) -> dict[str, int]:
    """Tokens that stand outside of the text, such as the end of a turn: what they are called."""
    special = {
        token.content: number
        for number, token in tokenizer.added_tokens_decoder.items()
        if token.special
    }
    named = zip(tokenizer.all_special_tokens, tokenizer.all_special_ids, strict=True)
    return {**special, **dict(named)}


class TokenText:
    """Decodes a stream of tokens; a character of several tokens comes with the last of them.

    Args:
        tokenizer: of transformers.
        shown: special tokens whose names are part of the text; the others are left out.
    """

    def __init__(self, tokenizer: Any, shown: frozenset[str] = frozenset()) -> None:
        self._tokenizer = tokenizer
        self._special = {number: name for name, number in special_tokens(tokenizer).items()}
        self._shown = shown
        self._ids: list[int] = []
        self._written = 0
        self._stream = self._new_stream()

    def feed(self, token: int) -> str:
        """Take a token; give the text that is whole with it."""
        name = self._special.get(token)
        if name is not None:
            rest = self.finish()
            return rest + (name if name in self._shown else "")
        if self._stream is not None:
            return self._stream.step(self._tokenizer.backend_tokenizer, token) or ""
        self._ids.append(token)
        text = self._decode()
        if text.endswith("�"):  # the character is not whole yet
            return ""
        new, self._written = text[self._written :], len(text)
        return new

    def finish(self) -> str:
        """Give what is left, which is no whole character, and begin anew."""
        rest = self._decode()[self._written :] if self._ids else ""
        self._ids, self._written = [], 0
        self._stream = self._new_stream()
        return rest

    def _decode(self) -> str:
        return str(self._tokenizer.decode(self._ids, skip_special_tokens=True))

    def _new_stream(self) -> Any:
        if not getattr(self._tokenizer, "is_fast", False):
            return None
        from tokenizers.decoders import DecodeStream

        return DecodeStream(skip_special_tokens=True)
