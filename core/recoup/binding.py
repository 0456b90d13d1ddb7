"""The roles that plugins of one handler play around guarded calls at one moment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from recoup.deferral import note_dropped
from recoup.errors import HeldBack
from recoup.roles import Admitter, Pacer, ResultKeeper

if TYPE_CHECKING:
    from collections.abc import Collection

    from recoup.error_handler import ErrorHandler
    from recoup.operation import Call
    from recoup.policies import PolicyConfig


class Binding:
    """What the plugins of one handler do for one guard beside its policies. Thread-safe and task-safe.

    A plugin that raises outside the hooks is reported, and holds no call up.

    Args:
        handler: the handler.
        policies: the guard's policies.

    Attributes:
        handler: the handler.
        admitters: with the names of their plugins.
        keepers: of those that want this guard's results, with the names of their plugins.
    """

    def __init__(self, handler: ErrorHandler, policies: tuple[PolicyConfig, ...]) -> None:
        plugins = handler.plugins
        self.handler = handler
        self._pacers: list[tuple[str, Pacer]] = plugins.with_role(Pacer)
        self.admitters: list[tuple[str, Admitter]] = plugins.with_role(Admitter)
        self.keepers: list[tuple[str, ResultKeeper]] = [
            (name, keeper) for name, keeper in plugins.with_role(ResultKeeper) if self._wants(name, keeper, policies)
        ]

    def _wants(self, name: str, keeper: ResultKeeper, policies: tuple[PolicyConfig, ...]) -> bool:
        try:
            return any(keeper.keeps(policy) for policy in policies)
        except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
            self.handler.plugins.report(name, "keeps", failure)
            return False

    @property
    def holds(self) -> list[Collection[Any]]:
        """What each pacer holds back; while all are empty, none need be asked."""
        return [pacer.holds for _, pacer in self._pacers]

    def held_back(self, call: Call) -> float:
        """Return the seconds that pacers hold the call back, 0.0 to let it go.

        Raises:
            HeldBack: longer than its deadline or ``max_call_seconds`` allows.
        """
        delay = 0.0
        for name, pacer in self._pacers:
            if not pacer.holds:
                continue
            try:
                delay = max(delay, _checked(pacer.delay(call.operation, call.component)))
            except Exception as failure:  # noqa: BLE001 - a plugin's failure never holds the application up
                self.handler.plugins.report(name, "delay", failure)
        if delay > 0:
            now = self.handler.clock.monotonic()
            most = call.started + self.handler.config.error_handling.max_call_seconds - now
            left = call.remaining(now)
            if delay > most or (left is not None and delay > left):
                key = call.operation.key or call.component
                limit = "max_call_seconds" if delay > most else "this call's deadline"
                reason = f"calls to {key} are held back for {delay:.1f} s, past {limit}"
                if call.operation.kind.is_side_effect:
                    note_dropped(self.handler, call, reason)
                raise HeldBack(
                    reason,
                    key=key,
                    retry_after=delay,
                )
        return delay

    def remember(self, call: Call, result: Any) -> None:
        """Hand a good result to the keepers."""
        for name, keeper in self.keepers:
            try:
                keeper.remember(call, result)
            except Exception as failure:  # noqa: BLE001 - the call has succeeded, whatever a plugin makes of it
                self.handler.plugins.report(name, "remember", failure)


def _checked(delay: float) -> float:
    if not math.isfinite(delay):
        raise ValueError(f"delay must be a finite number of seconds, got {delay}")
    return delay
