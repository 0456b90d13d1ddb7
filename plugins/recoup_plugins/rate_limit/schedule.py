"""Calls that wait for their turn, and what a venue says is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Hashable

    from recoup_plugins.rate_limit.config import RateLimitConfig

_SAME_WINDOW = 1.5
"""Seconds by which two answers may differ on when the same window ends: most are told in whole seconds."""


@define(eq=False)
class Window:
    """What the venue allows until its window ends. Belongs to a limiter, under its lock.

    Attributes:
        left: weight that may still go.
        until: when the window ends, as :meth:`Clock.monotonic`.
    """

    left: float
    until: float

    def is_over_before(self, until: float, reset: float | None) -> bool:
        """Say whether an answer that names a later end must speak of the next window."""
        return reset is not None and until > self.until + _SAME_WINDOW


@frozen(eq=False)
class Reservation:
    """A call's place under a limit. Immutable.

    Attributes:
        key: whose limit.
        weight: what the call counts for.
        wait: seconds until it may go.
        at: when it may go, as :meth:`Clock.monotonic`.
        start: the theoretical arrival time before it, in cells.
        after: and after it.
        window: the venue's window that it was counted in, or None.
        config: the limit that it was made under.
    """

    key: Hashable
    weight: int
    wait: float
    at: float
    start: float
    after: float
    window: Window | None
    config: RateLimitConfig


class Holes:
    """Places given back by those who no longer wait, with others behind them. Belongs to a limiter, under its lock.

    Whoever takes one goes at exactly the time at which the former holder would have gone, so the calls that go are
    still some of those that the algorithm allows. There are never more than calls that could have waited.
    """

    __slots__ = ("_by_key",)

    def __init__(self) -> None:
        self._by_key: dict[Hashable, list[Reservation]] = {}

    def add(self, reservation: Reservation, time: float) -> None:
        """Keep a place, unless its time has come."""
        if reservation.at >= time:
            self._by_key.setdefault(reservation.key, []).append(reservation)

    def take(self, key: Hashable, weight: int, time: float, latest: float) -> Reservation | None:
        """Return the earliest place between two times that has room for the weight, or None."""
        holes = self._by_key.get(key)
        if holes is None:
            return None
        fitting = [hole for hole in holes if time <= hole.at < latest and hole.weight >= weight]
        if not fitting:
            return None
        hole = min(fitting, key=_time)
        self._remove(hole)
        return evolve(hole, wait=hole.at - time)

    def undone(self, last: Reservation) -> float:
        """Return the theoretical arrival time without the last reservation, and without those before it given back."""
        start = last.start
        by_end = {hole.after: hole for hole in self._by_key.get(last.key, ())}
        while (hole := by_end.get(start)) is not None:
            self._remove(hole)
            start = hole.start
        return start

    def forget_before(self, time: float) -> None:
        """Drop the places whose time has passed."""
        if self._by_key:
            kept = {key: [hole for hole in holes if hole.at >= time] for key, holes in self._by_key.items()}
            self._by_key = {key: holes for key, holes in kept.items() if holes}

    def clear(self) -> None:
        """Drop all."""
        self._by_key = {}

    def _remove(self, hole: Reservation) -> None:
        holes = self._by_key[hole.key]
        holes.remove(hole)
        if not holes:
            del self._by_key[hole.key]


def _time(reservation: Reservation) -> float:
    return reservation.at
