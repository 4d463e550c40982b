"""Strict reading of checkpoints: a stored blob may name data types, never call anything else."""

from __future__ import annotations

import copy
from typing import Any, Final

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from mdsa.errors import ConfigError
from mdsa.sessions.redacting import RedactingSerializer
from mdsa.utils.pii import Redact

__all__ = ["ensure_strict", "strict_serializer"]

_WAY_OUT: Final = (
    "give the saver serde=mdsa.sessions.strict_serializer(), or a JsonPlusSerializer whose "
    "allowed_msgpack_modules names the few types that your state needs"
)


def strict_serializer(redact: Redact | None = None) -> JsonPlusSerializer:
    """Return a serializer that rebuilds only LangGraph's list of safe types.

    Args:
        redact: applied to the texts that are stored; see `RedactingSerializer`.

    LangGraph's own default imports and calls whatever a msgpack blob names, unless
    `LANGGRAPH_STRICT_MSGPACK` was set before its first import. This one does not look at the
    variable. A type outside the list comes back as its plain data.
    """
    if redact is not None:
        return RedactingSerializer(redact)
    return JsonPlusSerializer(
        pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=None
    )


def ensure_strict(saver: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
    """Return a saver that reads strictly, for a saver that the application hands in.

    A saver with a strict serializer (a list of allowed types counts as strict) is returned as it
    is. One with LangGraph's permissive default is returned as a shallow copy with a strict
    serializer: it shares the connection and the data. Encryption is kept.

    Raises:
        ConfigError: the serializer was made permissive on purpose (pickle, every JSON
            constructor, a hook of its own) or is of a kind whose strictness cannot be known.
    """
    strict = _strict_version(saver.serde, type(saver).__name__)
    if strict is saver.serde:
        return saver
    clone = copy.copy(saver)
    clone.serde = strict
    return clone


def _strict_version(serde: SerializerProtocol, owner: str) -> SerializerProtocol:
    if isinstance(serde, EncryptedSerializer):
        inner = _strict_version(serde.serde, owner)
        return serde if inner is serde.serde else EncryptedSerializer(serde.cipher, inner)
    if type(serde) is not JsonPlusSerializer:
        raise ConfigError(
            f"{owner} uses the serializer {type(serde).__name__}, which cannot be shown to be "
            f"strict; {_WAY_OUT}."
        )
    # LangGraph offers no public way to ask; were these names to go, the attribute error would
    # stop the start rather than let a permissive saver through.
    permissions = {
        "pickle_fallback": serde.pickle_fallback,
        "allowed_json_modules=True": serde._allowed_json_modules is True,
        "an unpack hook of its own": serde._custom_unpack_ext_hook,
    }
    if granted := [name for name, on in permissions.items() if on]:
        raise ConfigError(
            f"{owner} uses a serializer with {' and '.join(granted)}, so that a stored blob "
            f"could run code; {_WAY_OUT}."
        )
    if serde._allowed_msgpack_modules is not True:
        return serde
    return JsonPlusSerializer(
        allowed_json_modules=serde._allowed_json_modules, allowed_msgpack_modules=None
    )
