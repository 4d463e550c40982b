"""What a user's message must be before anything else reads it."""

from __future__ import annotations

import unicodedata

from mdsa.errors import InvalidInputError

__all__ = ["clean_message"]

_ALLOWED_CONTROLS = frozenset("\n\t\r")


def clean_message(text: object, max_chars: int) -> str:
    """Check a user's message and bring it to Unicode's composed form (NFC).

    Control characters and lone surrogates are refused rather than removed: they cannot be stored
    or encoded safely, and a message that silently changed could be answered wrongly. Every other
    character passes: right-to-left scripts, emoji with their joiners, combining marks. White space
    at both ends goes.

    Args:
        text: the message as the caller gave it.
        max_chars: the longest message, counted in code points after composing.

    Returns:
        The message in NFC, with something visible in it.

    Raises:
        InvalidInputError: it is no text, has nothing visible, is too long, or holds a control
            character other than newline, carriage return and tab, or half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise InvalidInputError(
            f"the message is of type {type(text).__name__}, not str; pass the user's text."
        )
    # Composing turns at most four code points into one, so this bounds the work on huge input.
    if len(text) > 4 * max_chars:
        raise _too_long(len(text), max_chars)
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category == "Cs":
            raise InvalidInputError(
                f"the message holds half of a surrogate pair, {character!a}, at position "
                f"{position}; decode the input as UTF-8 (or UTF-16) before you pass it."
            )
        if category == "Cc" and character not in _ALLOWED_CONTROLS:
            raise InvalidInputError(
                f"the message holds the control character {character!a} at position "
                f"{position}; remove it, or decode the input before you pass it."
            )
    composed = unicodedata.normalize("NFC", text).strip()
    if all(
        character.isspace() or unicodedata.category(character) == "Cf" for character in composed
    ):
        raise InvalidInputError("the message is empty; pass a text with something visible in it.")
    if len(composed) > max_chars:
        raise _too_long(len(composed), max_chars)
    return composed


def _too_long(length: int, max_chars: int) -> InvalidInputError:
    return InvalidInputError(
        f"the message has {length} characters, the most is {max_chars}; shorten it, or raise "
        "MDSA_MAX_MESSAGE_CHARS."
    )
