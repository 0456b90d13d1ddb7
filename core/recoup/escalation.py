"""What a human is told, once, until somebody has seen it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from recoup.events import EscalationEvent, StateEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup.clock import Clock
    from recoup.config.models import ErrorHandlingConfig
    from recoup.events import Event

KEPT = 1_000
"""Open escalations; beyond it the one goes that was quiet for longest, and it is told anew when it happens again."""


@define(eq=False)
class _Open:
    event: EscalationEvent
    told: float
    last: float
    acknowledged: bool = False
    untold: int = field(default=0)


class Escalations:
    """Tells a human of each matter once, then in summary, and no more once somebody has acknowledged it.

    A matter is what is escalated for the same reason in the same place; each order of unknown outcome is its own. One
    that was quiet for ``escalation_interval`` is over, and told anew when it happens again. Thread-safe and task-safe.

    Args:
        config: names the channels of each severity, and ``escalation_interval``.
        clock: where the time comes from.
        publish: where events go.
    """

    def __init__(self, config: ErrorHandlingConfig, clock: Clock, publish: Callable[[Event], None]) -> None:
        self._config = config
        self._clock = clock
        self._publish = publish
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def tell(self, event: EscalationEvent, *matter: str) -> None:
        """Publish an escalation, or count it where a human was told of the same matter lately.

        Args:
            event: without channels and ``escalation_id``, which are filled in.
            *matter: what tells it apart beside severity, component and operation.
        """
        severity = self._config.severity_levels.get(event.severity)
        escalation_id = _fingerprint(event, matter)
        event = evolve(
            event, escalation_id=escalation_id, notify=severity.notify if severity is not None else event.notify
        )
        with self._lock:
            due = self._due(event)
        if due is not None:
            self._publish(due)

    def acknowledge(self, escalation_id: str) -> bool:
        """Say that a human has seen to it: it is not told again while it goes on.

        Returns:
            False where nothing open goes by that id.
        """
        with self._lock:
            known = self._open.get(escalation_id)
            if known is None:
                return False
            was, known.acknowledged = known.acknowledged, True
        if not was:
            self._publish(StateEvent(subject=f"escalation:{escalation_id}", old="open", new="acknowledged"))
        return True

    def open(self) -> tuple[EscalationEvent, ...]:
        """Return what was told, is not over and nobody has acknowledged, the oldest first; not sanitized."""
        now = self._clock.monotonic()
        with self._lock:
            return tuple(
                evolve(known.event, count=known.event.count + known.untold)
                for known in self._open.values()
                if not known.acknowledged and now - known.last < self._config.escalation_interval
            )

    def _due(self, event: EscalationEvent) -> EscalationEvent | None:
        now, interval = self._clock.monotonic(), self._config.escalation_interval
        known = self._open.get(event.escalation_id)
        if known is None or now - known.last >= interval:
            self._open.pop(event.escalation_id, None)
            if len(self._open) >= KEPT:
                del self._open[min(self._open, key=lambda matter: self._open[matter].last)]
            self._open[event.escalation_id] = _Open(event, told=now, last=now)
            return event
        known.last = now
        known.untold += 1
        if known.acknowledged or now - known.told < interval:
            return None
        known.event = evolve(event, count=known.event.count + known.untold)
        known.told, known.untold = now, 0
        return known.event


def _fingerprint(event: EscalationEvent, matter: tuple[str, ...]) -> str:
    text = "\0".join((event.severity.value, event.component, event.operation, *matter))
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()
