"""Which circuits there are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from recoup import PluginError
from recoup_plugins.circuit_breaker.gate import BreakerGate
from recoup_plugins.circuit_breaker.state import CircuitBreaker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from recoup import BreakerEvent, CircuitBreakerConfig, Clock


class BreakerRegistry:
    """Gates by the name of their circuit. Thread-safe and task-safe; its lock is held for memory work only.

    Configured circuits exist from the start and stay. At most ``max_circuits`` others are kept: beyond that, the one
    asked for longest ago that is closed and counts no failure is let go, which loses nothing. A guard that still holds
    such a gate goes on using it, and whoever asks for its name gets the same one.

    Args:
        configured: circuits of the configuration file, by name. Their values win over those of a guard.
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
        on_change: Callable[[BreakerEvent], object],
    ) -> None:
        self._max_circuits = max_circuits
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._configured = {name: self._build(name, config) for name, config in configured.items()}
        self._kept: OrderedDict[str, BreakerGate] = OrderedDict()
        self._alive: WeakValueDictionary[str, BreakerGate] = WeakValueDictionary()

    def configured(self, name: str) -> BreakerGate | None:
        """Return the gate of a circuit that the configuration file names, or None."""
        return self._configured.get(name)

    def find(self, name: str) -> BreakerGate | None:
        """Return the gate of a circuit that exists, or None."""
        return self._configured.get(name) or self._alive.get(name)

    def obtain(self, name: str, config: CircuitBreakerConfig) -> BreakerGate:
        """Return the gate of a circuit, and make it where there is none.

        Raises:
            ValueError: a guard has made the circuit with other values.
            PluginError: there is no room, since every circuit kept is open or counts failures.
        """
        gate = self._configured.get(name)
        if gate is not None:
            return gate
        with self._lock:
            gate = self._alive.get(name)
            if gate is None:
                gate = self._build(name, config)
            elif _values(gate.config) != _values(config):
                raise ValueError(
                    f"circuit {name!r} exists with {gate.config} and is asked for with {config}: "
                    "give both guards the same values, or give each its own name"
                )
            self._keep(name, gate)
            return gate

    def states(self) -> dict[str, str]:
        """Return each circuit's state by name."""
        with self._lock:
            gates = self._configured | dict(self._alive)
        return {name: gate.breaker.state.value for name, gate in gates.items()}

    def _build(self, name: str, config: CircuitBreakerConfig) -> BreakerGate:
        breaker = CircuitBreaker(
            name,
            failure_threshold=config.failure_threshold,
            recovery_timeout=config.recovery_timeout,
            clock=self._clock,
            on_change=self._on_change,
        )
        return BreakerGate(breaker, config)

    def _keep(self, name: str, gate: BreakerGate) -> None:
        if name not in self._kept and len(self._kept) >= self._max_circuits:
            self._make_room(name)
        self._kept[name] = self._alive[name] = gate
        self._kept.move_to_end(name)

    def _make_room(self, wanted: str) -> None:
        idle = next((name for name, gate in self._kept.items() if gate.breaker.idle), None)
        if idle is None:
            raise PluginError(
                "circuit_breaker",
                f"no room for circuit {wanted!r}: all {self._max_circuits} circuits are open or count failures; "
                "name circuits after what is called and not after the single call, or raise max_circuits",
            )
        del self._kept[idle]


def _values(config: CircuitBreakerConfig) -> tuple[object, ...]:
    return config.failure_threshold, config.recovery_timeout, config.expected_exception
