"""From model references to chat models: resolved once, shared, loaded at the first use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.language_models import BaseChatModel

from mdsa.errors import DuplicateNameError, MdsaError, ModelUnavailableError, UnknownNameError
from mdsa.models.references import ModelReference, parse_reference
from mdsa.settings import Settings, load_settings

if TYPE_CHECKING:
    from mdsa.models.weights import LocalWeights

__all__ = ["ModelFactory", "ModelOptions", "ModelRegistry", "ModelStatus"]

_EMBEDDED = ("reader",)


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Settings of one model instance.

    Attributes:
        temperature: randomness, 0 for none; None leaves it to the model.
        max_tokens: longest answer; None leaves it to the model.
    """

    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model could answer now.

    Attributes:
        reference: as asked.
        available: whether it could.
        detail: what was found, in a sentence.
        remedy: the command or step that mends it; empty where nothing needs mending.
    """

    reference: str
    available: bool
    detail: str
    remedy: str = ""


ModelFactory = Callable[[str, ModelOptions], BaseChatModel]
"""Makes a model from the name after `scheme://`. Loading belongs to the first call, not here."""

ModelCheck = Callable[[str], ModelStatus]
"""Looks whether a named model could answer, without loading it."""


class ModelRegistry:
    """Resolves references; one instance for each reference and options. Thread-safe.

    Args:
        settings: for the address of Ollama and the device; read from the environment if None.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        self._models: dict[tuple[ModelReference, ModelOptions], BaseChatModel] = {}
        self._checks: dict[str, ModelCheck] = {}
        self._factories: dict[str, ModelFactory] = {}
        self._weights: dict[str, LocalWeights] = {}
        self.register("embedded", _make_embedded, _check_embedded)
        self.register("ollama", self._make_ollama, self._check_ollama)
        self.register("hf", self._make_hugging_face, self._check_hugging_face)

    @property
    def schemes(self) -> list[str]:
        """Known schemes, sorted."""
        with self._lock:
            return sorted(self._factories)

    def register(self, scheme: str, factory: ModelFactory, check: ModelCheck | None = None) -> None:
        """Make references of a scheme resolvable.

        Args:
            scheme: the part before `://`.
            factory: makes a model.
            check: looks whether one is available; None means that making one is the test.

        Raises:
            DuplicateNameError: the scheme is taken.
        """
        with self._lock:
            if scheme in self._factories:
                raise DuplicateNameError("model scheme", scheme)
            self._factories[scheme] = factory
            if check is not None:
                self._checks[scheme] = check

    def parse(self, reference: str) -> ModelReference:
        """Read a reference; see `parse_reference`.

        Raises:
            ConfigError: it is empty.
            UnknownNameError: no such scheme, or no such embedded model.
        """
        parsed = parse_reference(reference, self.schemes)
        if parsed.scheme == "embedded" and parsed.name not in _EMBEDDED:
            raise UnknownNameError("embedded model", parsed.name, _EMBEDDED)
        return parsed

    def get(
        self,
        reference: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
    ) -> BaseChatModel:
        """The model that a reference names; the same object for the same arguments.

        Raises:
            ConfigError: the reference is empty.
            UnknownNameError: no such scheme, or no such embedded model.
            ModelUnavailableError: its kind is not supported. A missing server or missing weights
                show at the first call of the model, as the same error.
        """
        parsed = self.parse(reference)
        options = ModelOptions(temperature, max_tokens)
        with self._lock:
            if (parsed, options) not in self._models:
                factory = self._factories.get(parsed.scheme, _refuse_openai)
                self._models[parsed, options] = factory(parsed.name, options)
            return self._models[parsed, options]

    def check(self, reference: str) -> ModelStatus:
        """Look whether a model could answer, without loading it and without raising."""
        try:
            parsed = self.parse(reference)
            check = self._checks.get(parsed.scheme)
            if check is not None:
                return check(parsed.name)
            self.get(reference)
        except ModelUnavailableError as error:
            return ModelStatus(reference, available=False, detail=str(error))
        except MdsaError as error:
            return ModelStatus(
                reference, available=False, detail=str(error), remedy="correct the model reference"
            )
        return ModelStatus(reference, available=True, detail=f"made by {parsed.scheme}://")

    def _own_settings(self) -> Settings:
        with self._lock:
            if self._settings is None:
                self._settings = load_settings()
            return self._settings

    def _make_ollama(self, name: str, options: ModelOptions) -> BaseChatModel:
        from mdsa.models.ollama import OllamaChatModel

        settings = self._own_settings()
        return OllamaChatModel(
            model=name,
            base_url=settings.ollama_base_url,
            temperature=options.temperature,
            num_predict=options.max_tokens,
            client_kwargs={"timeout": settings.request_timeout_s},
        )

    def _check_ollama(self, name: str) -> ModelStatus:
        from mdsa.models.ollama import find_problem

        problem = find_problem(name, self._own_settings().ollama_base_url)
        return _status(f"ollama://{name}", problem, "pulled, and the server answers")

    def _make_hugging_face(self, name: str, options: ModelOptions) -> BaseChatModel:
        from mdsa.models.huggingface import HuggingFaceChatModel
        from mdsa.models.weights import LocalWeights

        with self._lock:  # models that differ in their options only share the weights
            if name not in self._weights:
                self._weights[name] = LocalWeights(name, self._own_settings().device)
        return HuggingFaceChatModel(
            weights=self._weights[name],
            temperature=options.temperature,
            max_tokens=options.max_tokens or 512,
        )

    def _check_hugging_face(self, name: str) -> ModelStatus:
        from mdsa.models.weights import find_problem

        return _status(f"hf://{name}", find_problem(name), "on this machine")


def _status(reference: str, problem: tuple[str, str] | None, fine: str) -> ModelStatus:
    if problem is None:
        return ModelStatus(reference, available=True, detail=fine)
    return ModelStatus(reference, available=False, detail=problem[0], remedy=problem[1])


def _make_embedded(name: str, options: ModelOptions) -> BaseChatModel:
    from mdsa.models.reader.chat_model import ReaderChatModel

    if name not in _EMBEDDED:
        raise UnknownNameError("embedded model", name, _EMBEDDED)
    return ReaderChatModel(temperature=options.temperature, max_tokens=options.max_tokens)


def _check_embedded(name: str) -> ModelStatus:
    return ModelStatus(f"embedded://{name}", available=True, detail="ships with the install")


def _refuse_openai(name: str, _options: ModelOptions) -> BaseChatModel:
    raise ModelUnavailableError(
        f"model reference 'openai://{name}' cannot be used: OpenAI-compatible servers come with a "
        "later version of MDSA. Use ollama://MODEL, hf://MODEL or embedded://reader."
    )
