"""Which models that run in this process are in memory: as many as fit, the latest used stay."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from mdsa.errors import ModelMemoryError
from mdsa.models.out_of_memory import is_out_of_memory
from mdsa.models.resident import LoadEvent, Resident, ResidentStatus
from mdsa.utils.free_memory import return_free_memory

__all__ = ["LoadEvent", "MemoryBudget", "Resident", "ResidentStatus"]

_log = logging.getLogger(__name__)

T = TypeVar("T")

_WORTH_RETURNING = 1_000_000
"""Bytes of a resident from which it pays to give its memory back to the system."""


@dataclass(slots=True, eq=False)
class _Slot:
    resident: Resident[Any]
    size_bytes: int
    state: Literal["loading", "loaded", "failed", "releasing"] = "loading"
    users: int = 0
    value: Any = None
    error: BaseException | None = None
    last_used: float = 0.0
    discard: bool = False
    """Released as soon as nobody uses it, whether or not the room is needed."""


@dataclass(slots=True, eq=False)
class _Ticket:
    name: str
    since: float


class MemoryBudget:
    """Keeps residents loaded within a limit. Thread-safe; waits block the calling thread.

    A call for what is loaded goes ahead of those that wait for room, until one of them has waited
    for `patience_s`: without the first, models that take turns would be loaded anew for every
    call, and without the second, a busy model would keep the others out for ever.

    Args:
        limit_bytes: memory of all residents together, as they estimate it.
        wait_s: how long a call waits for room, in seconds.
        patience_s: see above.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        limit_bytes: int,
        *,
        wait_s: float = 60.0,
        patience_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit_bytes = limit_bytes
        self._wait_s = wait_s
        self._patience_s = patience_s
        self._clock = clock
        self._changed = threading.Condition()
        # Libraries set process-wide defaults while they load, torch's default type among them: of
        # two models that transformers loads at once, one gets weights of the other's type.
        self._loading = threading.Lock()
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        """In the order of use, the longest unused first."""
        self._waiting: list[_Ticket] = []
        self._listeners: list[Callable[[LoadEvent], None]] = []
        self._loads = self._releases = self._failures = 0

    @contextmanager
    def using(self, resident: Resident[T]) -> Iterator[T]:
        """Hold a resident in memory: load it if need be, releasing idle ones for it.

        Do not ask for a second one while holding the first: both may wait for the other's room.

        Raises:
            ModelMemoryError: it is larger than the limit, or others were in use for too long.
            ModelError: it cannot be loaded.
        """
        slot = self._acquire(resident)
        try:
            yield cast("T", slot.value)
        finally:
            self._give_back(slot)

    def subscribe(self, listener: Callable[[LoadEvent], None]) -> Callable[[], None]:
        """Call `listener` with every event, in the thread where it happens; it must be quick.

        What it raises is logged.

        Returns:
            A function that ends this.
        """
        with self._changed:
            self._listeners.append(listener)

        def unsubscribe() -> None:
            with self._changed:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return unsubscribe

    def loaded(self) -> list[ResidentStatus]:
        """What is in memory, the longest unused first."""
        with self._changed:
            now = self._clock()
            return [
                ResidentStatus(
                    name, slot.size_bytes, slot.users, 0.0 if slot.users else now - slot.last_used
                )
                for name, slot in self._slots.items()
                if slot.state == "loaded"
            ]

    def stats(self) -> dict[str, int]:
        """Counts since this was made, and the present use in bytes."""
        with self._changed:
            return {
                "limit_bytes": self.limit_bytes,
                # What is being released makes room for what is counted already.
                "used_bytes": sum(
                    slot.size_bytes for slot in self._slots.values() if slot.state != "releasing"
                ),
                "loads": self._loads,
                "releases": self._releases,
                "failed_loads": self._failures,
            }

    def release_idle(self) -> None:
        """Release what nobody uses now."""
        with self._changed:
            idle = [slot for slot in self._slots.values() if _idle(slot)]
            for slot in idle:
                slot.state = "releasing"
        self._release(idle)

    def close(self) -> None:
        """Release all: what is idle now, the rest when its last user is done.

        A later call loads again.
        """
        with self._changed:
            for slot in self._slots.values():
                slot.discard = True
        self.release_idle()

    def _acquire(self, resident: Resident[Any]) -> _Slot:
        with self._changed:
            known = resident.name in self._slots
        need = None if known else self._size(resident)
        ticket = _Ticket(resident.name, self._clock())
        deadline = ticket.since + self._wait_s
        with self._changed:
            self._waiting.append(ticket)
            try:
                while True:
                    slot = self._slots.get(resident.name)
                    if slot is None and need is None:  # released since
                        need = self._size(resident)
                    if slot is not None and slot.state == "loading":
                        if self._join(slot):
                            return slot
                        if isinstance(slot.error, Exception):
                            raise slot.error
                        continue
                    if self._my_turn(ticket):
                        if slot is not None and slot.state == "loaded":
                            slot.users += 1
                            return slot
                        victims = None if slot is not None else self._victims(need or 0)
                        if victims is not None:
                            break
                    left = deadline - self._clock()
                    if left <= 0:
                        raise ModelMemoryError(self._no_room(resident.name, need or 0))
                    self._changed.wait(left)
                slot = _Slot(resident, need or 0, users=1)
                self._slots[resident.name] = slot
                for victim in victims:
                    victim.state = "releasing"
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        self._load(slot, victims)
        return slot

    def _join(self, slot: _Slot) -> bool:
        """Wait for another thread's loading; the user is counted, so that nothing releases it."""
        slot.users += 1
        joined = False
        try:
            self._changed.wait_for(lambda: slot.state != "loading")
            joined = slot.state == "loaded"
        finally:
            if not joined:
                slot.users -= 1
        return joined

    def _my_turn(self, ticket: _Ticket) -> bool:
        overdue = self._clock() - self._patience_s
        earlier = self._waiting[: self._waiting.index(ticket)]
        return all(other.since > overdue or not self._needs_room(other) for other in earlier)

    def _needs_room(self, ticket: _Ticket) -> bool:
        slot = self._slots.get(ticket.name)
        return slot is None or slot.state not in ("loading", "loaded")

    def _victims(self, need: int) -> list[_Slot] | None:
        """Idle ones to release so that `need` fits, the longest unused first; None: not now."""
        room = self.limit_bytes - self._used()
        victims: list[_Slot] = []
        for slot in self._slots.values():
            if room >= need:
                break
            if _idle(slot):
                victims.append(slot)
                room += slot.size_bytes
        return victims if room >= need else None

    def _load(self, slot: _Slot, victims: list[_Slot]) -> None:
        """Whatever happens on the way, nobody is left to wait for this loading."""
        name, size = slot.resident.name, slot.size_bytes
        began = self._clock()
        try:
            self._release(victims)
            self._tell(LoadEvent("loading", name, size))
            began = self._clock()
            slot_value = self._load_or_make_room(slot.resident)
        except BaseException as error:
            with self._changed:
                slot.state, slot.error = "failed", error
                self._failures += 1
                del self._slots[name]
                self._changed.notify_all()
            seconds = self._clock() - began
            self._tell(LoadEvent("failed", name, size, seconds, f"{type(error).__name__}: {error}"))
            raise
        with self._changed:
            slot.value, slot.state = slot_value, "loaded"
            slot.last_used = self._clock()
            self._loads += 1
            self._changed.notify_all()
        try:
            self._tell(LoadEvent("loaded", name, size, slot.last_used - began))
        except BaseException:  # the caller does not get it
            self._give_back(slot)
            raise

    def _load_or_make_room(self, resident: Resident[Any]) -> Any:
        try:
            with self._loading:
                return resident.load()
        except Exception as error:
            if not is_out_of_memory(error) or not any(map(_idle, self._snapshot())):
                raise
            _log.warning("%s did not fit; idle models make room: %s", resident.name, error)
        self.release_idle()
        with self._loading:
            return resident.load()

    def _give_back(self, slot: _Slot) -> None:
        with self._changed:
            slot.users -= 1
            slot.last_used = self._clock()
            if self._slots.get(slot.resident.name) is slot:
                self._slots.move_to_end(slot.resident.name)
            release = slot.discard and _idle(slot)
            if release:
                slot.state = "releasing"
            self._changed.notify_all()
        if release:
            self._release([slot])

    def _release(self, slots: list[_Slot]) -> None:
        for done, slot in enumerate(slots, start=1):
            try:
                self._release_one(slot)
            except BaseException:  # an interruption; errors are logged below
                with self._changed:
                    for left in slots[done:]:
                        left.state = "loaded"
                    self._changed.notify_all()
                raise

    def _release_one(self, slot: _Slot) -> None:
        slot.value = None
        try:
            slot.resident.release()
            if slot.size_bytes >= _WORTH_RETURNING:
                return_free_memory()
        except Exception:  # noqa: BLE001 - the weights are dropped; who needs the room goes on
            _log.exception("%s may not have given all its memory back", slot.resident.name)
        finally:
            with self._changed:
                del self._slots[slot.resident.name]
                self._releases += 1
                self._changed.notify_all()
        self._tell(LoadEvent("released", slot.resident.name, slot.size_bytes))

    def _size(self, resident: Resident[Any]) -> int:
        size = resident.estimate_bytes()
        if size > self.limit_bytes:
            raise ModelMemoryError(
                f"model {resident.name!r} takes about {size / 1e9:.2f} GB and models in this "
                f"process may take {self.limit_bytes / 1e9:.2f} GB together; raise "
                "MDSA_MODEL_MEMORY_GB, or use a smaller or a quantized model."
            )
        return size

    def _no_room(self, name: str, need: int) -> str:
        busy = ", ".join(
            f"{other} ({slot.size_bytes / 1e9:.2f} GB)"
            for other, slot in self._slots.items()
            if slot.users or slot.state != "loaded"
        )
        return (
            f"model {name!r} takes about {need / 1e9:.2f} GB, and for {self._wait_s:g} s others in "
            f"use left no room for it within {self.limit_bytes / 1e9:.2f} GB: {busy}; raise "
            "MDSA_MODEL_MEMORY_GB."
        )

    def _used(self) -> int:
        return sum(slot.size_bytes for slot in self._slots.values())

    def _snapshot(self) -> list[_Slot]:
        with self._changed:
            return list(self._slots.values())

    def _tell(self, event: LoadEvent) -> None:
        level = logging.WARNING if event.kind == "failed" else logging.INFO
        _log.log(
            level,
            "model %s",
            event.kind,
            extra={
                "model": event.name,
                "size_bytes": event.size_bytes,
                "seconds": round(event.seconds, 2),
                "detail": event.detail,
            },
        )
        with self._changed:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(event)
            except Exception:  # noqa: BLE001 - a display or a count; models load without it
                _log.exception("a listener failed at %s of %s", event.kind, event.name)


def _idle(slot: _Slot) -> bool:
    return slot.state == "loaded" and slot.users == 0
