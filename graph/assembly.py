"""Turns an agent's parts into its graph, and keeps the graph current while domains change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Protocol

from langchain_core.retrievers import BaseRetriever
from langgraph.types import Checkpointer

from mdsa.domains import DomainConfig, DomainRegistry
from mdsa.errors import InvalidInputError
from mdsa.graph.builder import AgentGraph, build_graph
from mdsa.graph.domain_subgraph import DomainGraph, Specialist, compile_specialist
from mdsa.graph.knowledge_router import KnowledgeRouter
from mdsa.graph.speechless import speechless
from mdsa.graph.state import DomainOutput
from mdsa.models import ModelRegistry
from mdsa.nodes.knowledge_evidence import SpeakingRetriever
from mdsa.nodes.model_choice import ModelChoice
from mdsa.router import DocumentRouter, Router
from mdsa.router.opening import open_router
from mdsa.settings import Settings
from mdsa.tools import ToolRegistry
from mdsa.tools.registry import ToolClaim

__all__ = ["CLAUSES", "READER", "Assembly", "Knowledge", "check_reference", "open_assembly"]

_log = logging.getLogger(__name__)

READER = "embedded://reader"
"""The chat model that ships with MDSA; it answers where a domain's own model cannot."""

CLAUSES = "embedded://clauses"
"""The reasoning "model" that is none: messages are split by clauses and the router."""


def check_reference(models: ModelRegistry, argument: str, reference: object) -> None:
    """Refuse a model reference that can name no model; nothing is loaded.

    Raises:
        InvalidInputError: it is no text.
        ConfigError: it is empty.
        UnknownNameError: there is no such kind of model.
    """
    if not isinstance(reference, str):
        raise InvalidInputError(
            f"{argument} is {reference!r}; give a model reference such as 'ollama://llama3:8b'."
        )
    if reference != CLAUSES:
        models.parse(reference)


class Knowledge(Protocol):
    """What gives retrievers, each bound to one domain; None is shared knowledge alone."""

    def retriever(self, domain: str | None, *, k: int = 5) -> BaseRetriever:
        """Give a retriever that no later argument can widen."""
        ...


@dataclass(kw_only=True)
class Assembly:
    """The parts of an agent; domains may come and go while it runs.

    A run keeps the graph that it started with, so a change never touches a turn in flight.
    """

    router: Router
    models: ModelRegistry
    tools: ToolRegistry
    knowledge: Callable[[], Knowledge]
    """Opens the knowledge when the first graph is built; importing its store takes a second."""
    route_by_documents: bool = True
    """Whether the domains' documents tell a router that can read them where messages belong."""
    default_model: str = READER
    reasoning_model: str = CLAUSES
    fallback_models: Sequence[str] = ()
    """Asked where a domain that names no fallback of its own is not answered by its model."""
    model_timeout_s: float | None = None
    first_token_s: float | None = None
    domain_timeout_s: float | None = None
    max_history: int = 60
    domains: DomainRegistry = field(default_factory=DomainRegistry, init=False)

    def __post_init__(self) -> None:
        if self.route_by_documents and isinstance(self.router, DocumentRouter):
            self.router = KnowledgeRouter(self.router, self.knowledge)
        self._lock = threading.RLock()
        self._graph: AgentGraph | None = None
        self._checkpointer: Checkpointer = None
        self._claims: dict[str, ToolClaim] = {}
        self._told: set[str] = set()

    def add_domain(self, config: DomainConfig) -> None:
        """Add a domain; the next turn can reach it.

        Raises:
            DuplicateNameError: the name is taken.
            UnknownNameError: it names a tool or a model scheme that does not exist.
        """
        claim = self.tools.claim(config.tools, f"domain {config.name!r}")
        for reference in self._references(config):
            self.models.parse(reference)
        with self._lock:
            self.domains.add(config)
            try:
                self.router.add_domain(config.router_domain())
            except BaseException:
                self.domains.remove(config.name)
                raise
            self._claims[config.name] = claim
            self._graph = None

    def remove_domain(self, name: str) -> DomainConfig:
        """Remove a domain; turns in flight finish. Its documents stay.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._lock:
            config = self.domains.remove(name)
            self.router.remove_domain(name)
            self._claims.pop(name, None)
            self._graph = None
            return config

    def graph(self, checkpointer: Checkpointer = None) -> AgentGraph:
        """The graph of the present domains, compiled anew after a change or for another saver."""
        with self._lock:
            if self._graph is None or self._checkpointer is not checkpointer:
                if isinstance(self.router, KnowledgeRouter):
                    self.router.read(wait_s=0)  # while the graph is built
                self._graph = build_graph(
                    [self.specialist(config) for config in self.domains.all()],
                    router=self.router,
                    unmatched=self._unmatched(),
                    load_reasoning_model=self._reasoning_loader(),
                    reasoning_timeout_s=self.model_timeout_s,
                    checkpointer=checkpointer,
                    max_history=self.max_history,
                )
                self._checkpointer = checkpointer
                self._warn_of_speechless()
            return self._graph

    def _warn_of_speechless(self) -> None:
        """Newcomers expect a model that writes, and get the same sentence to every question."""
        quoting = [
            one
            for one in self.domains.all()
            if one.name not in self._told and self._references(one)[0] == READER and not one.tools
        ]
        if quoting and (found := speechless(quoting, self.knowledge())):
            self._told.update(found)
            _log.warning(
                "%s can answer nothing for: %s. It quotes documents and calls tools, and there are "
                "neither. Add documents or tools, or give a model that writes, such as "
                "model_name='ollama://llama3:8b'.",
                READER,
                ", ".join(found),
            )

    def domain_graph(self, name: str, checkpointer: Checkpointer = None) -> DomainGraph:
        """One domain's graph, for those who ask it without routing.

        Raises:
            UnknownNameError: no such domain.
        """
        with self._lock:
            specialist = self.specialist(self.domains.get(name))
        return compile_specialist(specialist, DomainOutput, checkpointer)

    def compiled(self, checkpointer: Checkpointer = None) -> AgentGraph | None:
        """What `graph` would give, where it is there at once."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._graph if self._checkpointer is checkpointer else None
        finally:
            self._lock.release()

    def finish(self) -> None:
        """Wait until nothing reads the knowledge in the background, so that it can be closed."""
        if isinstance(self.router, KnowledgeRouter):
            self.router.finish()

    def specialist(self, config: DomainConfig) -> Specialist:
        """Bind a domain's model, knowledge and tools to it."""
        model, *fallbacks = (
            self._choice(reference, temperature=config.temperature, max_tokens=config.max_tokens)
            for reference in self._references(config)
        )
        return Specialist(
            name=config.name,
            description=config.description,
            load_model=model,
            fallbacks=fallbacks,
            retriever=self.retriever(config),
            tools=self.tools.langchain_tools(config.tools),
            system_prompt=config.system_prompt,
            max_tool_rounds=config.max_tool_rounds,
            model_timeout_s=self.model_timeout_s,
            first_token_s=self.first_token_s,
            time_limit_s=self.domain_timeout_s,
        )

    def retriever(self, config: DomainConfig) -> BaseRetriever:
        """What finds a domain's passages, and no other's."""
        return self.knowledge().retriever(config.name, k=config.top_k)

    def models_in_use(self) -> list[str]:
        """References of the models that the agent may ask, each once, the first asked first.

        The models of all domains and the reasoning model come before any fallback.
        """
        chains = [self._references(config) for config in (*self.domains.all(), None)]
        if self.reasoning_model != CLAUSES:
            chains.append([self.reasoning_model])
        ranks = zip_longest(*chains)
        return list(dict.fromkeys(one for rank in ranks for one in rank if one is not None))

    def _references(self, config: DomainConfig | None) -> list[str]:
        """A domain's models in the order in which they are asked; None is no domain."""
        model = (config.model_name if config else None) or self.default_model
        fallbacks = (config.fallback if config else None) or self.fallback_models
        return list(dict.fromkeys([model, *fallbacks, READER]))

    def _unmatched(self) -> Specialist:
        model, *fallbacks = map(self._choice, self._references(None))
        return Specialist(
            name="unmatched",
            description="Shared knowledge that belongs to no domain",
            load_model=model,
            fallbacks=fallbacks,
            retriever=SpeakingRetriever(retriever=self.knowledge().retriever(None)),
            system_prompt="You answer general questions from shared knowledge.",
            model_timeout_s=self.model_timeout_s,
            first_token_s=self.first_token_s,
            time_limit_s=self.domain_timeout_s,
        )

    def _reasoning_loader(self) -> ModelChoice | None:
        return None if self.reasoning_model == CLAUSES else self._choice(self.reasoning_model)

    def _choice(self, reference: str, **options: Any) -> ModelChoice:
        return ModelChoice(
            reference,
            lambda: self.models.get(reference, **options),
            # The last resort is always asked: it is in this process, and nothing comes after it.
            None if reference == READER else self.models.breaker(reference),
        )


def open_assembly(
    settings: Settings,
    knowledge: Callable[[], Knowledge],
    *,
    router: Router | None = None,
    models: ModelRegistry | None = None,
    tools: ToolRegistry | None = None,
    default_model: str = READER,
    domain_timeout_s: float | None = None,
) -> Assembly:
    """Assemble an agent without domains, as the settings say.

    Args:
        settings: intent and reasoning model, time budget and length of a session.
        knowledge: opens the knowledge, when the first graph is built.
        router: in place of the one that `settings.intent_model_path` gives.
        models: in place of a registry of the settings.
        tools: in place of an empty registry.
        default_model: model reference of domains that name none.
        domain_timeout_s: longest time of a domain's turn, in seconds.

    Raises:
        InvalidInputError: a model reference, or the intent model's path, is no text.
        ConfigError: a reference is empty, or the intent model's path holds nothing usable.
        ModelUnavailableError: the intent model is not on this machine, or damaged.
        UnknownNameError: a reference names a kind of model that does not exist.
    """
    if models is None:
        models = ModelRegistry(settings)
    check_reference(models, "reasoning_model_path", settings.reasoning_model_path)
    check_reference(models, "default_model", default_model)
    for reference in settings.fallback_models:
        check_reference(models, "fallback_models", reference)
    return Assembly(
        router=router or open_router(settings.intent_model_path),
        models=models,
        tools=ToolRegistry() if tools is None else tools,
        knowledge=knowledge,
        route_by_documents=settings.route_by_documents,
        default_model=default_model,
        reasoning_model=settings.reasoning_model_path,
        fallback_models=settings.fallback_models,
        model_timeout_s=settings.request_timeout_s / 2,
        first_token_s=settings.first_token_timeout_s,
        domain_timeout_s=domain_timeout_s,
        max_history=settings.max_history_messages,
    )
