"""What `mdsa doctor` says of models: where each runs, what is missing, who answers until then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mdsa.cli.check import Check
from mdsa.errors import ConfigError, MdsaError

if TYPE_CHECKING:
    from mdsa.domains.app_file import App
    from mdsa.models.provider import ModelStatus
    from mdsa.settings import Settings

__all__ = ["check_intent_model", "check_machine", "check_models"]

_CLAUSES = "embedded://clauses"
_READER = "embedded://reader"
_IN_PROCESS = ("hf://", "embedded://")
_BYTES_PER_GB = 1_000_000_000


def check_machine(settings: Settings) -> Check:
    """The hardware, and what models in this process run on."""
    from mdsa.models.memory_pools import default_limit_bytes
    from mdsa.utils import HardwareDetector

    hardware = HardwareDetector()
    parts = [f"{hardware.cpu_count} CPU cores", f"{hardware.usable_ram_gb:.1f} GB RAM"]
    if hardware.gpu_memory_gb():
        parts.append(f"GPU with {hardware.gpu_memory_gb():.1f} GB")
    found = ", ".join(parts)
    try:
        device = hardware.resolve_device(settings.device)
    except ConfigError as error:
        return Check("machine", "problem", f"{found}; {error}", "MDSA_DEVICE=auto")
    limit = settings.model_memory_gb or default_limit_bytes(device, hardware) / _BYTES_PER_GB
    return Check(
        "machine",
        "ok",
        f"{found}; models in this process run on {device} in "
        f"{hardware.recommended_dtype(device)}, within {limit:.1f} GB",
    )


def check_intent_model(settings: Settings) -> Check:
    """The router that messages go through."""
    from mdsa.router.opening import names_nothing, open_router

    given = settings.intent_model_path
    if given is None:
        return Check("intent model", "ok", "the router that ships with MDSA")
    if names_nothing(given):
        return Check(
            "intent model",
            "problem",
            f"{given} does not exist; messages are routed by the domains' own descriptions instead",
            f"mdsa train router --data train.jsonl --out {given}",
        )
    try:
        router = open_router(given)
    except MdsaError as error:
        return Check("intent model", "problem", str(error), "see the message")
    return Check("intent model", "ok", f"{given}: {type(router).__name__}")


def check_models(settings: Settings, app: App) -> Iterator[Check]:
    """The models that the app file and the settings name, each once, with who uses it."""
    from mdsa.models import ModelRegistry

    registry = ModelRegistry(settings)
    users = _users(settings, app)
    statuses = {reference: registry.check(reference) for reference in users}
    reasoning = app.file.reasoning_model
    fallbacks = app.file.fallback or settings.fallback_models
    if reasoning == _CLAUSES:
        yield Check(
            "model (reasoning)", "ok", f"{_CLAUSES}: the router splits messages by their clauses"
        )
    for reference, status in statuses.items():
        roles = users[reference]
        detail = f"{reference}: {_told(status)}"
        if not status.available:
            detail = (
                f"{detail.removesuffix('.')}; until then {_instead(roles, statuses, fallbacks)}"
            )
        yield Check(
            f"model ({', '.join(roles)})",
            "ok" if status.available else "problem",
            detail,
            status.remedy,
        )
    try:
        yield from _check_memory(registry.memory.of_device().limit_bytes, statuses)
    except ConfigError:
        # The machine's check tells that the device is not there.
        return


def _users(settings: Settings, app: App) -> dict[str, list[str]]:
    """What each model is there for, by reference."""
    named = [(app.file.model, "default")]
    for entry in app.domains:
        if entry.config.model_name:
            named.append((entry.config.model_name, entry.config.name))
        named += [
            (reference, f"fallback of {entry.config.name}") for reference in entry.config.fallback
        ]
    if app.file.reasoning_model != _CLAUSES:
        named.append((app.file.reasoning_model, "reasoning"))
    named += [
        (reference, "fallback") for reference in app.file.fallback or settings.fallback_models
    ]
    named.append((_READER, "last resort"))
    users: dict[str, list[str]] = {}
    for reference, role in named:
        users.setdefault(reference, []).append(role)
    return users


def _told(status: ModelStatus) -> str:
    """The finding, with where the model runs and what it takes."""
    memory = status.memory_bytes
    parts = [
        status.detail,
        f"on {status.device}" if status.device else "",
        status.dtype,
        "" if memory is None else f"about {memory / _BYTES_PER_GB:.2f} GB",
        "loaded" if status.loaded else "",
    ]
    return ", ".join(part for part in parts if part)


def _instead(
    roles: list[str], statuses: Mapping[str, ModelStatus], fallbacks: Sequence[str]
) -> str:
    """Who does the work of a model that cannot be used."""
    said = []
    if "reasoning" in roles:
        said.append("messages are split by clauses")
    if roles != ["reasoning"]:
        able = next(name for name in [*fallbacks, _READER] if statuses[name].available)
        said.append(f"{able} answers, marked as degraded")
    return " and ".join(said)


def _check_memory(limit_bytes: int, statuses: Mapping[str, ModelStatus]) -> Iterator[Check]:
    """Whether the models in this process fit into memory, alone and together."""
    sizes = {
        reference: status.memory_bytes
        for reference, status in statuses.items()
        if status.available and status.memory_bytes and reference.startswith(_IN_PROCESS)
    }
    limit = limit_bytes / _BYTES_PER_GB
    for reference, size in sizes.items():
        if size > limit_bytes:
            yield Check(
                "model memory",
                "problem",
                f"{reference} takes about {size / _BYTES_PER_GB:.2f} GB, but models in this "
                f"process may use only {limit:.2f} GB",
                f"MDSA_MODEL_MEMORY_GB={size / _BYTES_PER_GB + 1:.0f}, or a quantized model",
            )
    total = sum(sizes.values())
    if total > limit_bytes and all(size <= limit_bytes for size in sizes.values()):
        yield Check(
            "model memory",
            "note",
            f"together the models take about {total / _BYTES_PER_GB:.2f} GB, but only "
            f"{limit:.2f} GB may be used; the least recently used are unloaded to make room",
            "raise MDSA_MODEL_MEMORY_GB if the machine has more memory",
        )
