"""Sees that many symptoms at one venue are one incident."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from attrs import define, field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import BreakerEvent, ErrorEvent, FailureReason, StateEvent, hookimpl

if TYPE_CHECKING:
    from datetime import datetime

    from recoup import Event, Host

_NUMBER = instance_of((int, float))
_SYMPTOMS = frozenset(
    {
        FailureReason.TIMEOUT,
        FailureReason.CONNECTION_FAILED,
        FailureReason.CONNECTION_LOST,
        FailureReason.SERVER_ERROR,
        FailureReason.BAD_RESPONSE,
        FailureReason.RATE_LIMITED,
        FailureReason.BANNED,
        FailureReason.MAINTENANCE,
    }
)
_STATES = {
    ("connection", "down"): "disconnected",
    ("connection", "failed"): "disconnected",
    ("feed", "recovering"): "feed_interrupted",
    ("feed", "stale"): "feed_interrupted",
    ("rate_limit", "limited"): "rate_limited",
    ("rate_limit", "banned"): "banned",
    ("venue", "maintenance"): "maintenance",
    ("venue", "cancel_only"): "maintenance",
    ("reconciliation", "drift"): "drift",
}
"""What a :class:`recoup.StateEvent` is a symptom of, by the kind of its subject and its new state."""
_HEARD = frozenset({"error", "breaker", "state"})


@frozen(kw_only=True)
class IncidentsConfig:
    """When symptoms are an incident. Immutable; all times in seconds.

    Attributes:
        threshold: symptoms of one venue within ``window`` that are an incident.
        window: see ``threshold``.
        quiet: time without a symptom after which an incident is over.
        max_venues: venues watched at most; the one that was quiet for longest makes room.
    """

    threshold: int = field(default=3, validator=[instance_of(int), ge(1)])
    window: float = field(default=60.0, validator=[_NUMBER, gt(0)])
    quiet: float = field(default=120.0, validator=[_NUMBER, gt(0)])
    max_venues: int = field(default=256, validator=[instance_of(int), ge(1)])


@frozen(kw_only=True)
class Incident:
    """What goes on at one venue. Immutable.

    Attributes:
        venue: its key.
        since: when the first symptom was seen; aware.
        symptoms: how often each was seen.
    """

    venue: str
    since: datetime
    symptoms: dict[str, int]


@define(eq=False)
class _Watched:
    """Symptoms of one venue. Not thread-safe: the plugin's lock guards it."""

    since: datetime
    first: float
    last: float
    counts: Counter[str] = field(factory=Counter)
    is_open: bool = False
    is_timed: bool = False


class Incidents:
    """Gathers time-outs, refusals, lost connections, interrupted feeds and open circuits of one venue.

    The first ``threshold`` symptoms open one incident, each further kind of symptom is added to it, and quiet ends it.
    Each of these is one :class:`recoup.StateEvent` with the subject ``incident:VENUE``, so that whoever is to be woken
    is woken once. An incident ends by itself where an event loop runs, else with the next event that comes.

    Thread-safe and task-safe.
    """

    Config: ClassVar[type[IncidentsConfig]] = IncidentsConfig

    def __init__(self, config: IncidentsConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}

    def open(self) -> tuple[Incident, ...]:
        """Return what goes on now, by venue."""
        now = self._host.clock.monotonic()
        with self._lock:
            return tuple(
                Incident(venue=venue, since=watched.since, symptoms=dict(watched.counts))
                for venue, watched in sorted(self._watched.items())
                if watched.is_open and now - watched.last < self._config.quiet
            )

    def hears(self, kind: str) -> bool:
        """Say whether events of a kind may be symptoms; where nobody else listens, others need not be made."""
        return kind in _HEARD

    @hookimpl
    def monitor(self, event: Event) -> None:
        """Take note of a symptom."""
        found = _symptom(event)
        if found is None:
            return
        venue, symptom = found
        for told in (*self._over(), *self._note(venue, symptom)):
            self._host.publish(told)

    def _note(self, venue: str, symptom: str) -> list[StateEvent]:
        config, now = self._config, self._host.clock.monotonic()
        with self._lock:
            watched = self._watched.get(venue)
            if watched is None or (not watched.is_open and now - watched.first > config.window):
                self._make_room()
                watched = self._watched[venue] = _Watched(self._host.clock.now(), first=now, last=now)
            is_new = symptom not in watched.counts
            watched.counts[symptom] += 1
            watched.last = now
            was_open = watched.is_open
            watched.is_open = was_open or watched.counts.total() >= config.threshold
            if not watched.is_open or (was_open and not is_new):
                return []
            detail = _describe(watched.counts)
        if not watched.is_timed:
            watched.is_timed = self._host.spawn(f"incident {venue}", self._end_when_quiet, venue)
        return [StateEvent(subject=f"incident:{venue}", old="open" if was_open else "none", new="open", detail=detail)]

    async def _end_when_quiet(self, venue: str) -> None:
        while (watched := self._watched.get(venue)) is not None and watched.is_open:
            left = watched.last + self._config.quiet - self._host.clock.monotonic()
            await self._host.clock.sleep(max(0.0, left))
            for told in self._over():
                self._host.publish(told)

    def _over(self) -> list[StateEvent]:
        now = self._host.clock.monotonic()
        with self._lock:
            over = {
                venue: watched
                for venue, watched in self._watched.items()
                if watched.is_open and now >= watched.last + self._config.quiet
            }
            for venue in over:
                del self._watched[venue]
        return [
            StateEvent(
                subject=f"incident:{venue}",
                old="open",
                new="over",
                detail=f"{watched.last - watched.first:.0f} s: {_describe(watched.counts)}",
            )
            for venue, watched in over.items()
        ]

    def _make_room(self) -> None:
        if len(self._watched) >= self._config.max_venues:
            del self._watched[min(self._watched, key=lambda venue: self._watched[venue].last)]


def _symptom(event: Event) -> tuple[str, str] | None:
    """Return the venue and the symptom that an event tells of, or None."""
    if isinstance(event, ErrorEvent):
        return (event.venue, event.reason.value) if event.reason in _SYMPTOMS else None
    if isinstance(event, BreakerEvent):
        return (event.key, "circuit_open") if event.new == "open" else None
    if not isinstance(event, StateEvent):
        return None
    kind, _, rest = event.subject.partition(":")
    symptom = _STATES.get((kind, event.new))
    if symptom is None:
        return None
    return (rest.rpartition(" ")[0] if kind == "feed" else rest), symptom


def _describe(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {symptom}" for symptom, count in counts.most_common())
