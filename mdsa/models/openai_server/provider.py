"""Makes and checks the models of `openai://`."""

from __future__ import annotations

from langchain_core.language_models import BaseChatModel

from mdsa.errors import ConfigError, ModelError, ModelTimeoutError
from mdsa.models.openai_server.credentials import forget_organization, key_for
from mdsa.models.openai_server.reference import parse_name
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings
from mdsa.utils.shown_url import shown_url

__all__ = ["OpenAIProvider"]

_CHECK_TIMEOUT_S = 3.0
_NO_KEY = "none"
"""The client insists on a key; servers without keys ignore it."""


class OpenAIProvider:
    """Models of OpenAI-compatible servers; the reference names the server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def make(self, name: str, options: ModelOptions) -> BaseChatModel:
        """Make a chat model; the server is asked at the first call.

        Args:
            name: such as `localhost:8000/Qwen/Qwen3-4B`.
            options: temperature and longest answer.

        Raises:
            ConfigError: the name does not name a server and a model, or the key would go there
                over plain http.
        """
        import httpx

        from mdsa.models.openai_server.chat_model import OpenAIServerChatModel
        from mdsa.utils.http_clients import client_options

        target = parse_name(name)
        timeout_s = self._settings.request_timeout_s
        connection = client_options(timeout_s)
        model = OpenAIServerChatModel(
            model=target.model,
            base_url=target.base_url,
            api_key=key_for(target.base_url, self._settings) or _NO_KEY,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            timeout_s=timeout_s,
            timeout=connection["timeout"],
            stream_chunk_timeout=timeout_s,
            max_retries=0,
            stream_usage=True,
            use_responses_api=False,
            http_client=httpx.Client(**connection),
            http_async_client=httpx.AsyncClient(**connection),
        )
        forget_organization(model.root_client)
        forget_organization(model.root_async_client)
        return model

    def check(self, name: str) -> ModelStatus:
        """Ask the server whether it has the model."""
        import openai

        from mdsa.models.openai_server.failures import explained

        reference = f"openai://{name}"
        try:
            target = parse_name(name)
            key = key_for(target.base_url, self._settings) or _NO_KEY
        except ConfigError as error:
            shown = f"openai://{shown_url(name)}"
            return ModelStatus(shown, False, str(error), "correct the model reference")
        try:
            with (
                explained(target.model, target.base_url, _CHECK_TIMEOUT_S),
                openai.OpenAI(
                    base_url=target.base_url,
                    api_key=key,
                    timeout=_CHECK_TIMEOUT_S,
                    max_retries=0,
                ) as client,
            ):
                forget_organization(client)
                served = sorted(str(entry.id) for entry in client.models.list())
        except ModelError as error:
            detail, _, remedy = str(error).partition("; ")
            if isinstance(error, ModelTimeoutError):  # of the check, whatever is set for answers
                remedy = "see the server's log; where it hangs, start it again"
            return ModelStatus(reference, False, detail, remedy, device=target.base_url)
        if target.model not in served:
            listed = ", ".join(served) or "none"
            detail = f"{target.base_url} does not have model {target.model!r}; it has: {listed}"
            remedy = "correct the model reference, or start the server with this model"
            return ModelStatus(reference, False, detail, remedy, device=target.base_url)
        return ModelStatus(reference, True, "the server has it", device=target.base_url)
