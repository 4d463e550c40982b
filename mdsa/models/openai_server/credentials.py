"""What a server may know of the user: which key, and whether OpenAI's organisation."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mdsa.errors import ConfigError
from mdsa.settings import Settings
from mdsa.utils.loopback import is_loopback

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["forget_organization", "key_for", "key_variable"]

_OPENAI = "api.openai.com"


def key_variable(base_url: str) -> str:
    """The environment variable that holds the key for a server."""
    return "OPENAI_API_KEY" if _host(base_url) == _OPENAI else "MDSA_OPENAI_API_KEY"


def key_for(base_url: str, settings: Settings) -> str | None:
    """The key that a server gets; None where there is none for it.

    OPENAI_API_KEY is in many environments for other programs, so that only OpenAI may see it.

    Raises:
        ConfigError: the key would cross the network in the clear.
    """
    key, variable = settings.openai_api_key, "MDSA_OPENAI_API_KEY"
    if _host(base_url) == _OPENAI and settings.openai_com_api_key is not None:
        key, variable = settings.openai_com_api_key, "OPENAI_API_KEY"
    if key is None:
        return None
    if urlsplit(base_url).scheme != "https" and not is_loopback(_host(base_url)):
        raise ConfigError(
            f"the key in {variable} would go to {base_url} over plain http, where others can read "
            f"it; write https in the model reference, or unset {variable} if the server needs no "
            "key."
        )
    return key.get_secret_value()


def forget_organization(client: OpenAI | AsyncOpenAI) -> None:
    """Let only OpenAI know the organisation and project, which the client takes from OPENAI_*."""
    base_url = str(client.base_url)
    if urlsplit(base_url).scheme != "https" or _host(base_url) != _OPENAI:
        client.organization = client.project = None


def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or ""
