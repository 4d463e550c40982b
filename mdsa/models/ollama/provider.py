"""Makes and checks the models of `ollama://`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdsa.errors import ConfigError
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings

if TYPE_CHECKING:
    from mdsa.models.ollama.chat_model import OllamaChatModel

__all__ = ["OllamaProvider"]


class OllamaProvider:
    """Models of the Ollama server that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def make(self, name: str, options: ModelOptions) -> OllamaChatModel:
        """Make a chat model of the server's; it is asked at the first call.

        Args:
            name: such as `llama3:8b` or `llama3:8b?num_ctx=8192&keep_alive=10m`.
            options: temperature and longest answer.

        Raises:
            ConfigError: the name, or the server's address, cannot be read.
        """
        from mdsa.models.ollama import OllamaChatModel
        from mdsa.models.ollama.reference import parse_name, read_keep_alive
        from mdsa.utils.http_clients import client_options
        from mdsa.utils.ollama_address import server_auth, server_url
        from mdsa.utils.shown_url import shown_url

        parsed = parse_name(name)
        keep_alive = parsed.keep_alive
        if keep_alive is None and self._settings.ollama_keep_alive is not None:
            keep_alive = read_keep_alive(self._settings.ollama_keep_alive, name)
        # Traces hold a model's address, so the password goes with the client's options.
        url = server_url(self._settings.ollama_base_url)
        connection = client_options(self._settings.request_timeout_s)
        return OllamaChatModel(
            model=parsed.model,
            base_url=shown_url(url),
            temperature=options.temperature,
            num_predict=options.max_tokens,
            num_ctx=parsed.num_ctx or self._settings.ollama_num_ctx,
            keep_alive=keep_alive,
            client_kwargs={**connection, "auth": server_auth(url)},
        )

    def check(self, name: str) -> ModelStatus:
        """Ask the server whether it has the model."""
        from mdsa.models.ollama.health import find_model
        from mdsa.models.ollama.reference import parse_name
        from mdsa.utils.ollama_address import server_url
        from mdsa.utils.shown_url import shown_url

        reference = f"ollama://{name}"
        try:
            url = server_url(self._settings.ollama_base_url)
            found = find_model(parse_name(name).model, url)
        except ConfigError as error:
            return ModelStatus(reference, False, str(error), "correct the model reference")
        if found.problem is not None:
            detail, remedy = found.problem
            return ModelStatus(reference, False, detail, remedy, device=shown_url(url))
        return ModelStatus(
            reference,
            True,
            "pulled, and the server answers",
            device=shown_url(url),
            dtype=found.quantization,
            memory_bytes=found.size_bytes,
            loaded=found.loaded,
        )

    def warm_up(self, name: str) -> None:
        """Let the server load the model, and wait for it.

        Raises:
            ModelError: it cannot be loaded.
        """
        from ollama import Client

        from mdsa.utils.ollama_address import server_auth, server_url
        from mdsa.utils.ollama_failures import explained

        model = self.make(name, ModelOptions())
        url = server_url(self._settings.ollama_base_url)
        timeout_s = self._settings.request_timeout_s
        options = {"num_ctx": model.num_ctx} if model.num_ctx else None
        with (
            explained(model.model, url, timeout_s=timeout_s),
            Client(host=url, timeout=timeout_s, auth=server_auth(url)) as client,
        ):
            # Without messages, the server only loads; with the same window as later calls, so that
            # it need not load again.
            client.chat(model.model, [], options=options, keep_alive=model.keep_alive)
