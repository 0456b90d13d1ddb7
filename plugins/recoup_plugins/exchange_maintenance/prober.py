"""Probes a venue through its port, one request at a time, and puts things in order when it is back."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from recoup import Operation, OperationKind, VenueStatusPort
from recoup_plugins.exchange_maintenance.venue import VenueState

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Host
    from recoup_plugins.exchange_maintenance.config import ExchangeMaintenanceConfig
    from recoup_plugins.exchange_maintenance.venue import Venue

SYMBOLS_KEPT = 256
"""Markets of one venue whose books are loaded again when it is back."""
_MILLISECONDS = 1000


class Maintenance(Protocol):
    """The plugin, as its prober sees it."""

    def next_probe(self, key: str) -> float:
        """Return the seconds until a venue is probed next."""
        ...

    def lasted(self, key: str) -> float:
        """Return the seconds since the maintenance of a venue began."""
        ...

    def refused(self, key: str, retry_after: float | None) -> None:
        """Take note that a probe has failed."""
        ...

    def enter(self, key: str, new: VenueState, detail: str = "") -> None:
        """Go on from maintenance."""
        ...


class Prober:
    """Probes venues in the background, each by one task. Thread-safe and task-safe.

    Args:
        maintenance: told what a probe came to.
        host: the handler.
        config: the plugin's.
    """

    def __init__(self, maintenance: Maintenance, host: Host, config: ExchangeMaintenanceConfig) -> None:
        self._maintenance = maintenance
        self._host = host
        self._config = config
        self._lock = threading.Lock()
        self._symbols: dict[str, dict[str, None]] = {}

    def note_symbol(self, key: str, symbol: str) -> None:
        """Remember a market in use, whose book is loaded again when the venue is back."""
        with self._lock:
            symbols = self._symbols.setdefault(key, {})
            if len(symbols) < SYMBOLS_KEPT:
                symbols[symbol] = None

    def forget(self, key: str) -> None:
        """Remember no market of a venue any more."""
        with self._lock:
            self._symbols.pop(key, None)

    def start(self, key: str, venue: Venue) -> bool:
        """Probe a venue from now on, if it has a port and there is an event loop to do it in."""
        if self._host.venues.get(key).venue is None:
            return False
        return self._host.spawn(f"probe {key}", self._run, key, venue)

    async def _run(self, key: str, venue: Venue) -> None:
        try:
            while self._maintenance.lasted(key) <= self._config.max_wait:
                while (wait := self._maintenance.next_probe(key)) > 0:
                    await self._host.clock.sleep(wait)
                if await self._is_back(key):
                    self._maintenance.enter(key, VenueState.RECOVERING, "a probe was answered")
                    if await self._restore(key):
                        self.forget(key)
                        self._maintenance.enter(key, VenueState.NORMAL)
                        return
                    self._maintenance.refused(key, None)
            self._host.escalate(key, "maintenance", f"it has lasted {self._maintenance.lasted(key):.0f} s")
        finally:
            venue.has_prober = False  # so that waiting calls probe it where this task was cancelled

    async def _is_back(self, key: str) -> bool:
        """Ask once, past every policy: a venue that does not answer is no failure of the application's."""
        port = self._host.venues.get(key).venue
        assert port is not None  # else nobody probes
        try:
            # In real time, whatever the clock is: a client that hangs must not keep the probe for ever.
            with anyio.fail_after(self._config.probe_timeout):
                answer = await _answer(port.status if isinstance(port, VenueStatusPort) else port.probe)
        except Exception as failure:  # noqa: BLE001 - whatever a client raises, the venue is not back
            verdict = self._host.classify(failure, component=key, operation="probe")
            self._maintenance.refused(key, verdict.retry_after)
            return False
        if not isinstance(port, VenueStatusPort) or not isinstance(answer, Mapping):
            return True
        return self._is_open(key, answer)

    def _is_open(self, key: str, answer: Mapping[str, Any]) -> bool:
        status = answer.get("status")
        if status in (None, "ok"):
            return True
        if status == "cancel_only":
            self._maintenance.enter(key, VenueState.CANCEL_ONLY, "it takes cancels alone")
            return False
        eta = answer.get("eta")
        left = None if eta is None else float(eta) / _MILLISECONDS - self._host.clock.now().timestamp()
        self._maintenance.refused(key, left if left is not None and left > 0 else None)
        return False

    async def _restore(self, key: str) -> bool:
        with anyio.move_on_after(self._config.restore_timeout):  # in real time, as above
            return await self._put_in_order(key)
        return False

    async def _put_in_order(self, key: str) -> bool:
        """Set the clock, load markets and books, and compare both sides; return whether all of it was done."""
        ports = self._host.venues.get(key)
        steps: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []
        if ports.venue is not None:
            steps.append((ports.venue.sync_clock, ()))
            if isinstance(ports.venue, VenueStatusPort):
                steps.append((ports.venue.refresh_markets, ()))
        if ports.market_data is not None:
            with self._lock:
                symbols = tuple(self._symbols.get(key, ()))
            steps += [(ports.market_data.snapshot, (symbol,)) for symbol in symbols]
        operation = Operation(kind=OperationKind.READ, key=key)
        for step, arguments in steps:
            try:
                await self._host.call(step, *arguments, component=key, operation=operation)
            except Exception as failure:  # noqa: BLE001 - the guarded call has reported it
                if self._host.classify(failure, component=key, operation="maintenance").retryable:
                    return False  # else it can't be done here at all, such as where a venue tells no time
        return all(found.complete for found in await self._host.reconcile(key))


async def _answer(question: Callable[[], Any]) -> Any:
    value = question()
    return await value if inspect.isawaitable(value) else value
