"""A guard's policies as the plugins of one handler serve them at one moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from recoup.errors import HeldBack, PolicyUnavailable, Refused
from recoup.policies import Admitter, Gate, GateServer, Pacer, PolicyServer, ResultKeeper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recoup.error_handler import ErrorHandler
    from recoup.operation import Call
    from recoup.policies import PolicyConfig

    Gates = Sequence[tuple[str, Gate]]
    """Each with the name of its plugin, in the order in which they are passed."""

NAMES_KEPT = 1000
"""Functions of which one guard remembers what their names tell and which gates they pass; past that it looks anew."""


class Binding:
    """What the plugins of one handler do for one guard. Thread-safe and task-safe.

    A plugin that raises outside the hooks is reported, and holds no call up.

    Args:
        handler: the handler.
        policies: the guard's policies.

    Raises:
        PolicyUnavailable: no enabled plugin serves one of them.
    """

    def __init__(self, handler: ErrorHandler, policies: tuple[PolicyConfig, ...]) -> None:
        plugins = handler.plugins
        self.handler = handler
        self._generation = plugins.generation
        self._policies = policies
        self._check_served(plugins.with_role(PolicyServer))
        self._servers: list[tuple[str, GateServer]] = plugins.with_role(GateServer)
        self._pacers: list[tuple[str, Pacer]] = plugins.with_role(Pacer)
        self.admitters: list[tuple[str, Admitter]] = plugins.with_role(Admitter)
        self._keepers: list[tuple[str, ResultKeeper]] = [
            (name, keeper)
            for name, keeper in plugins.with_role(ResultKeeper)
            if any(isinstance(policy, keeper.serves) for policy in policies)
        ]
        self._gates: dict[str, Gates] = {}

    def is_current(self, handler: ErrorHandler) -> bool:
        """Say whether it is for this handler and the plugins are still the same."""
        return self.handler is handler and self._generation is handler.plugins.generation

    def held_back(self, call: Call) -> float:
        """Return the seconds that pacers hold the call back, 0.0 to let it go.

        Raises:
            HeldBack: longer than its deadline allows.
        """
        delay = 0.0
        for name, pacer in self._pacers:
            try:
                delay = max(delay, _checked(pacer.delay(call.operation, call.component)))
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                self.handler.plugins.report(name, "delay", failure)
        if delay > 0:
            left = call.remaining(self.handler.clock.monotonic())
            if left is not None and delay > left:
                key = call.operation.key or call.component
                raise HeldBack(
                    f"calls to {key} are held back for {delay:.1f} s, past this call's deadline",
                    key=key,
                    retry_after=delay,
                )
        return delay

    def pass_gates(self, call: Call) -> Gates:
        """Pass every gate and return those passed; one that refuses frees those before it.

        Raises:
            Refused: the call must not be made.
        """
        entered: list[tuple[str, Gate]] = []
        try:
            for name, gate in self._gates_of(call.key):
                try:
                    gate.acquire()
                except Refused:
                    raise
                except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                    self.handler.plugins.report(name, "acquire", failure)
                else:
                    entered.append((name, gate))
        except BaseException as error:
            self.release(entered, error)
            raise
        if entered:
            call.gates = frozenset(gate.key for _, gate in entered)
        return entered

    def release(self, gates: Gates, error: BaseException | None) -> None:
        """Tell the gates how the call ended, in reverse."""
        for name, gate in reversed(gates):
            try:
                gate.release(error)
            except Exception as failure:  # noqa: BLE001 - the call has ended, whatever a plugin makes of it
                self.handler.plugins.report(name, "release", failure)

    def remember(self, call: Call, result: Any) -> None:
        """Hand a good result to the keepers."""
        for name, keeper in self._keepers:
            try:
                keeper.remember(call, result)
            except Exception as failure:  # noqa: BLE001 - the call has succeeded, whatever a plugin makes of it
                self.handler.plugins.report(name, "remember", failure)

    def _check_served(self, servers: Sequence[tuple[str, PolicyServer]]) -> None:
        for policy in self._policies:
            if not any(isinstance(policy, server.serves) for _, server in servers):
                kind = type(policy).__name__
                raise PolicyUnavailable(f"no enabled plugin serves {kind}; `recoup plugins list` shows what there is")

    def _gates_of(self, key: str) -> Gates:
        if not self._policies:
            return ()
        gates = self._gates.get(key)
        if gates is None:
            if len(self._gates) >= NAMES_KEPT:
                self._gates.clear()
            gates = self._gates[key] = tuple(self._find_gates(key))
        return gates

    def _find_gates(self, key: str) -> Iterator[tuple[str, Gate]]:
        for policy in self._policies:
            for name, server in self._servers:
                try:
                    gate = server.gate(policy, key)
                except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                    self.handler.plugins.report(name, "gate", failure)
                else:
                    if gate is not None:
                        yield name, gate


def _checked(delay: float) -> float:
    if not math.isfinite(delay):
        raise ValueError(f"delay must be a finite number of seconds, got {delay}")
    return delay
