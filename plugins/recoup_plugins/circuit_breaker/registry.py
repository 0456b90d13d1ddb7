"""Which circuits there are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from recoup import PluginError, PolicyMisuse
from recoup_plugins.circuit_breaker.levels import LevelsGate, UnrefusedGate, names_above
from recoup_plugins.circuit_breaker.state import CircuitBreaker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recoup import BreakerEvent, CircuitBreakerConfig, Clock, StateEvent


class BreakerRegistry:
    """Circuits by name. Thread-safe and task-safe; its lock is held for memory work only.

    Configured circuits exist from the start and stay. At most ``max_circuits`` others are kept: beyond that, the one
    asked for longest ago that is closed and counts no failure is let go, which loses nothing. Whoever still holds such
    a circuit goes on using it, and whoever asks for its name gets the same one.

    Args:
        configured: configurations of the file, by name. Their values win over those of a guard.
        max_circuits: other circuits kept at most.
        clock: where the time comes from.
        on_change: called with each change of any circuit.
    """

    def __init__(
        self,
        configured: Mapping[str, CircuitBreakerConfig],
        *,
        max_circuits: int,
        clock: Clock,
        on_change: Callable[[BreakerEvent | StateEvent], object],
    ) -> None:
        self._max_circuits = max_circuits
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._configured = {name: self._build(name, config) for name, config in configured.items()}
        self._kept: OrderedDict[str, CircuitBreaker] = OrderedDict()
        self._alive: WeakValueDictionary[str, CircuitBreaker] = WeakValueDictionary()
        with self._lock:
            for name, config in configured.items():
                self._place(self._configured[name], config.parent)

    def configured(self, name: str) -> CircuitBreaker | None:
        """Return the circuit that the configuration file has under this name, or None."""
        return self._configured.get(name)

    def find(self, name: str) -> CircuitBreaker | None:
        """Return the circuit of this name if it exists, or None."""
        return self._configured.get(name) or self._alive.get(name)

    def obtain(self, name: str, config: CircuitBreakerConfig | None = None) -> CircuitBreaker:
        """Return the circuit of this name, and make it where there is none.

        One that exists goes by the values of ``config`` from now on, unless the file has some. Without ``config`` it is
        left as it is, and a new one counts nothing until values come.

        Raises:
            PluginError: there is no room, since every circuit kept is open or counts failures.
            PolicyMisuse: the circuit would come to stand above itself.
        """
        circuit = self._configured.get(name)
        if circuit is not None:
            return circuit
        with self._lock:
            circuit = self._obtain(name, config)
            self._place(circuit, None if config is None else config.parent)
        if config is not None:
            circuit.reconfigure(config)
        return circuit

    def gate(
        self, name: str, config: CircuitBreakerConfig, *, refuses: bool = True
    ) -> CircuitBreaker | LevelsGate | UnrefusedGate:
        """Return what admits calls to the circuit of this name, as :meth:`obtain` has it; or admits all of them."""
        circuit = self.obtain(name, config)
        if not refuses:
            return UnrefusedGate(circuit)
        return LevelsGate(circuit) if circuit.above else circuit

    def circuits(self) -> dict[str, CircuitBreaker]:
        """Return all circuits by name."""
        with self._lock:
            return self._configured | dict(self._alive)

    def _build(self, name: str, config: CircuitBreakerConfig | None) -> CircuitBreaker:
        return CircuitBreaker(name, config, clock=self._clock, on_change=self._on_change)

    def _obtain(self, name: str, config: CircuitBreakerConfig | None) -> CircuitBreaker:
        circuit = self._configured.get(name) or self._alive.get(name) or self._build(name, config)
        if name not in self._configured:
            self._keep(name, circuit)
        return circuit

    def _place(self, circuit: CircuitBreaker, parent: str | None, below: tuple[str, ...] = ()) -> None:
        """Put a circuit below those that its name and its parent's name tell of, and below what is above these."""
        if circuit.key in below:
            chain = " below ".join(repr(name) for name in (*below, circuit.key))
            raise PolicyMisuse(f"circuit {chain}: take one of their parents out")
        above: dict[str, CircuitBreaker] = {}
        for name in names_above(circuit.key, parent):
            level = self._obtain(name, None)
            self._place(level, None if level.config is None else level.config.parent, (*below, circuit.key))
            above |= {higher.key: higher for higher in (*level.above, level)}
        circuit.above = tuple(above.values())

    def _keep(self, name: str, circuit: CircuitBreaker) -> None:
        if name not in self._kept and len(self._kept) >= self._max_circuits:
            self._make_room(name)
        self._kept[name] = self._alive[name] = circuit
        self._kept.move_to_end(name)

    def _make_room(self, wanted: str) -> None:
        idle = next((name for name, circuit in self._kept.items() if circuit.idle), None)
        if idle is None:
            raise PluginError(
                "circuit_breaker",
                f"no room for circuit {wanted!r}: all {self._max_circuits} circuits are open or count failures; "
                "name circuits after what is called and not after the single call, or raise max_circuits",
            )
        del self._kept[idle]
