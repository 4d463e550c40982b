"""`TinyBERTOrchestrator`: the whole agent, without any LangGraph to learn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

from mdsa.core.arguments import check_quantization, configured
from mdsa.core.dual_rag import DualRAG
from mdsa.core.engine import Engine, Event
from mdsa.core.message_bus import MessageBus, Topic
from mdsa.core.request import TurnRequest, read_request
from mdsa.core.result import RequestResult
from mdsa.core.running import Running
from mdsa.core.runs import Runs
from mdsa.core.session_access import Sessions
from mdsa.domains import DomainConfig
from mdsa.domains.app_file import demo_app_path, load_app
from mdsa.errors import InvalidInputError
from mdsa.graph.app_loading import Progress, app_settings, ingest_app, install_app
from mdsa.graph.assembly import READER, open_assembly
from mdsa.models import ModelRegistry, QuantizationType
from mdsa.models.provider import ModelStatus
from mdsa.monitoring import MonitoringService
from mdsa.monitoring.tracing import LazyTracing
from mdsa.router import Router
from mdsa.sessions import SessionBackend
from mdsa.settings import Settings, load_settings
from mdsa.tools import ToolRegistry

__all__ = ["TinyBERTOrchestrator"]


class TinyBERTOrchestrator:
    """Routes messages to domains and answers them. Thread-safe.

    Encoders, stores and models are loaded once, at the first request that needs them. An argument
    left at its default is taken from its environment variable, if that is set.

    Args:
        intent_model_path: folder of a trained router, or folder or hub id of a classifier or an
            encoder; see `mdsa.router.opening.open_router`. If the path does not exist, messages are
            routed by the domains' own descriptions, and a warning says so.
        reasoning_model_path: model that splits requests for several domains, loaded when first
            needed. If it cannot be used, requests are split by their clauses and the result is
            marked as degraded. `embedded://clauses` always splits by clauses.
        device: `auto`, `cpu`, `cuda` or `mps`, for models that run in this process.
        use_reasoning_threshold: confidence below which the reasoning model is asked, in [0, 1].
        quantization: stores the weights of hf:// models as integers.
        target_error: acceptable share of routing errors, such as 0.02; replaces the threshold if
            the router has calibration rows.
        rag: knowledge; by default a store in the data directory.
        tools: registry that the domains' tool names refer to.
        models: resolves model references; whoever made it closes it.
        router: used instead of the one that `intent_model_path` names.
        default_model: model reference for domains that name none.
        settings: used instead of those from the environment.

    Raises:
        InvalidInputError: an argument is out of its range.
        ConfigError: `intent_model_path` holds something that cannot be used.
        ModelUnavailableError: the intent model is not on this machine, or damaged.
        UnknownNameError: a model reference names a kind of model that does not exist.
    """

    def __init__(
        self,
        intent_model_path: str | None = None,
        reasoning_model_path: str = "microsoft/phi-2",
        device: str = "auto",
        use_reasoning_threshold: float = 0.7,
        quantization: QuantizationType | None = None,
        *,
        target_error: float | None = None,
        rag: DualRAG | None = None,
        tools: ToolRegistry | None = None,
        models: ModelRegistry | None = None,
        router: Router | None = None,
        default_model: str = READER,
        settings: Settings | None = None,
    ) -> None:
        self.settings = configured(
            settings or load_settings(),
            intent_model_path=intent_model_path,
            reasoning_model_path=reasoning_model_path,
            device=device,
            use_reasoning_threshold=use_reasoning_threshold,
            target_error=target_error,
            quantization=check_quantization(quantization),
        )
        self.threshold = self.settings.use_reasoning_threshold
        self.tools = tools if tools is not None else ToolRegistry()
        self.message_bus = MessageBus()
        self.monitoring = MonitoringService()
        self.tracing = LazyTracing(self.settings)
        self.sessions = Sessions(lambda: (self._start().loop, self._start().store))
        self.runs = Runs(self._request, self._start)
        self._rag = rag
        self._owns_rag, self._owns_models = rag is None, models is None
        self._lock = threading.RLock()
        self._running: Running | None = None
        self.models = models if models is not None else ModelRegistry(self.settings)
        self._assembly = open_assembly(
            self.settings,
            lambda: self.rag,
            router=router,
            models=self.models,
            tools=self.tools,
            default_model=default_model,
            domain_timeout_s=self.settings.request_timeout_s,
        )

    @classmethod
    def from_app(
        cls,
        path: str | Path | None = None,
        *,
        settings: Settings | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Make the agent that an app file describes, and ingest its documents.

        Documents that cannot be read are skipped, each with a warning that names it.

        Args:
            path: the app file; by default `MDSA_APP`, else the demo's.
            settings: used instead of those from the environment.
            progress: called with (files done, files in total, file) while documents are read.

        Raises:
            ConfigError: the app file, or what it names, is missing or broken.
            StorageError: the data directory cannot be used.
        """
        settings = settings or load_settings()
        app = load_app(Path(path) if path is not None else settings.app or demo_app_path())
        agent = cls(default_model=app.file.model, settings=app_settings(app, settings))
        try:
            install_app(app, agent._assembly, settings.data_dir)
            ingest_app(app, agent.rag, progress)
            if app.file.warm_up:
                agent.warm_up()
        except BaseException:
            agent.close()
            raise
        return agent

    @property
    def rag(self) -> DualRAG:
        """The knowledge that the domains answer from."""
        with self._lock:
            if self._rag is None:
                self._rag = DualRAG(
                    global_collection_name=self.settings.global_collection_name,
                    embedding_model=self.settings.embedding_model,
                    persist_directory=self.settings.knowledge_dir,
                )
            return self._rag

    @property
    def domains(self) -> list[DomainConfig]:
        """The registered domains, in the order of registration."""
        return self._assembly.domains.all()

    def register_domain(
        self,
        name: str | DomainConfig,
        description: str | None = None,
        keywords: Sequence[str] | None = None,
        model_name: str | None = None,
        **options: Any,
    ) -> None:
        """Register a domain; it can be asked from the next request on.

        Args:
            name: its name, or a complete `DomainConfig` as the only argument.
            description: what it answers, in a sentence.
            keywords: words that suggest it.
            model_name: model reference; None means the default model.
            **options: other fields of `DomainConfig`, such as `tools` or `system_prompt`.

        Raises:
            InvalidInputError: a field cannot be used.
            DuplicateNameError: the name is taken.
            UnknownNameError: it names a tool or a kind of model that does not exist.
        """
        if isinstance(name, DomainConfig):
            config = name
            if description is not None or keywords is not None or model_name or options:
                raise InvalidInputError(
                    f"domain {config.name!r} is a complete DomainConfig; give no other arguments."
                )
        else:
            config = DomainConfig.create(
                name=name,
                description=description,
                keywords=[] if keywords is None else keywords,
                model_name=model_name,
                **{
                    "max_tokens": self.settings.default_max_tokens,
                    "temperature": self.settings.default_temperature,
                    **options,
                },
            )
        self._assembly.add_domain(config)
        self.message_bus.publish(Topic.DOMAIN_REGISTERED, {"domain": config.name})

    def remove_domain(self, name: str) -> None:
        """Remove a domain; turns in flight finish.

        Its documents stay in the store; `rag.remove_domain(name)` deletes them.

        Raises:
            UnknownNameError: no such domain.
        """
        if not isinstance(name, str):
            raise InvalidInputError(f"domain {name!r} is not text; give the name of a domain.")
        self._assembly.remove_domain(name)
        self.message_bus.publish(Topic.DOMAIN_REMOVED, {"domain": name})

    def process_request(
        self, message: str, context: Mapping[str, Any] | None = None
    ) -> RequestResult:
        """Answer a message.

        Args:
            message: the user's text.
            context: `session_id` continues a session (without it, a new one starts); `user_id`
                owns it; `allowed_domains`, `threshold`, `target_error` and the other fields of
                `RunContext` apply to this run; `images` (see `read_images`) are shown to the model
                and kept for two more turns. Any other key is a fact, such as `order_id`, that the
                model may use.

        Returns:
            `response`, `domain`, `confidence`, `latency_ms`, `used_reasoning`, `decision`,
            `domains`, `sources`, `tool_calls`, `session_id`, `degraded`, tokens and more; see
            `RequestResult`. If it has `interrupts`, a tool is waiting for approval: see `resume`.

        Raises:
            InvalidInputError: the message, the context or the session cannot be used.
            UnknownNameError: the context allows a domain that does not exist.
            SessionAccessError: the session belongs to another user.
            SessionBusyError: another writer held the session for too long.
            RequestTimeoutError: the turn ran out of time.
            StorageError: the data directory cannot be used.
        """
        request = self._request(message, context)
        running = self._start()
        return running.loop.call(partial(running.engine.answer, request))

    async def aprocess_request(
        self, message: str, context: Mapping[str, Any] | None = None
    ) -> RequestResult:
        """Async version of `process_request`."""
        request = self._request(message, context)
        running = await self._astart()
        return await running.loop.acall(partial(running.engine.answer, request))

    def stream_request(
        self, message: str, context: Mapping[str, Any] | None = None
    ) -> Iterator[Event]:
        """Answer a message, yielding events along the way.

        Yields:
            Dicts with a `type`: `route` (decided), `node` (finished), `token` (a piece of the
            answer), `restart` (the model of this `node` failed while answering: discard its tokens
            since the last tool; another answer follows), `tool` (ran), `interrupt` (waiting for
            approval) and finally `final`, whose `result` is what `process_request` returns.
        """
        request = self._request(message, context)
        running = self._start()
        return running.loop.stream(partial(running.engine.stream, request))

    async def astream_request(
        self, message: str, context: Mapping[str, Any] | None = None
    ) -> AsyncIterator[Event]:
        """Async version of `stream_request`."""
        request = self._request(message, context)
        running = await self._astart()
        async for event in running.loop.astream(partial(running.engine.stream, request)):
            yield event

    def resume(
        self,
        session_id: str,
        decision: bool | Mapping[str, bool] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> RequestResult:
        """Continue a session's unfinished turn.

        Args:
            session_id: the session.
            decision: for tools waiting for approval: True or False for all calls, or a mapping
                from call id to either. None continues a turn that was cut off, such as by a crash.
            context: as for `process_request`.

        Raises:
            InvalidInputError: there is nothing to continue, the caller may not use all of the
                turn's domains, or the decision cannot be read.
            UnknownSessionError: no such session.
        """
        request = self._request("resume", {**(context or {}), "session_id": session_id})
        running = self._start()
        return running.loop.call(partial(running.engine.resume, request, decision))

    async def aresume(
        self,
        session_id: str,
        decision: bool | Mapping[str, bool] | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> RequestResult:
        """Async version of `resume`."""
        request = self._request("resume", {**(context or {}), "session_id": session_id})
        running = await self._astart()
        return await running.loop.acall(partial(running.engine.resume, request, decision))

    def get_stats(self) -> dict[str, Any]:
        """Return statistics since this orchestrator was made, JSON-ready.

        Returns:
            `requests_total`, `requests_success`, `requests_failed`, `requests_interrupted` (stopped
            for approval of a tool call), `success_rate` in [0, 1] of the others,
            `average_latency_ms`, `domains_registered`, `domain_stats` (requests by domain),
            `message_bus` (`total_messages`, `active_subscribers`), `nodes` (by node), `models` (see
            `ModelRegistry.stats`) and more; see `MonitoringService.stats`.
        """
        stats = self.monitoring.stats()
        counts = {domain.name: 0 for domain in self.domains}
        return {
            **stats,
            "domains_registered": len(counts),
            "domain_stats": {**counts, **stats["domain_stats"]},
            "message_bus": self.message_bus.stats(),
            "models": self.models.stats(),
        }

    def warm_up(self) -> list[ModelStatus]:
        """Load the domains' models now, and wait until they are; see `ModelRegistry.warm_up`."""
        return self.models.warm_up(self._assembly.models_in_use())

    def check_models(self) -> list[ModelStatus]:
        """Check whether the registered domains' models could answer, without loading them."""
        return [self.models.check(reference) for reference in self._assembly.models_in_use()]

    def close(self) -> None:
        """Wait for turns in flight, then release the database, the knowledge store and the models.

        Only what this object opened is released, and a later request reopens it.
        """
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            # Without the lock, which a turn in flight may need to open the knowledge.
            running.loop.close()
        self._assembly.finish()
        if self._owns_models:
            self.models.close()
        self.tracing.close()
        with self._lock:
            if self._owns_rag and self._rag is not None:
                self._rag.close()
                self._rag = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def _request(self, message: object, context: Mapping[str, Any] | None) -> TurnRequest:
        return read_request(
            message,
            context,
            defaults={"threshold": self.threshold, "target_error": self.settings.target_error},
            max_chars=self.settings.max_message_chars,
            domains=frozenset(domain.name for domain in self.domains),
        )

    def _start(self) -> Running:
        with self._lock:
            if self._running is None:
                self._running = Running(self.settings, self._engine)
            return self._running

    async def _astart(self) -> Running:
        running = self._running
        return await asyncio.to_thread(self._start) if running is None else running

    def _engine(self, sessions: SessionBackend) -> Engine:
        return Engine(
            assembly=self._assembly,
            sessions=sessions,
            monitoring=self.monitoring,
            bus=self.message_bus,
            tracing=self.tracing.get(),
            timeout_s=self.settings.request_timeout_s,
        )
