"""Calls under way that others wait for."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from recoup import Turn

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

_led: ContextVar[tuple[Flight, ...]] = ContextVar("recoup_cache_flights", default=())


class Flight:
    """One call under way, and those who wait for it.

    Attributes:
        key: of the call.
        leader: identifier of the thread that makes it.
        landed: whether it has given ``value``.
        value: its result.
        is_good: whether that is no stand-in.
        waiting: those who wait, in the order of their coming.
    """

    __slots__ = ("is_good", "key", "landed", "leader", "value", "waiting")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        self.leader = threading.get_ident()
        self.landed = False
        self.is_good = True
        self.value: Any = None
        self.waiting: deque[Place] = deque()

    @contextmanager
    def led(self) -> Iterator[None]:
        """Make the call within the block."""
        self.leader = threading.get_ident()
        token = _led.set((*_led.get(), self))
        try:
            yield
        finally:
            _led.reset(token)

    def is_around(self) -> bool:
        """Say whether this code runs within the very call, also in a task that it has started."""
        return self in _led.get()


class Place:
    """One who waits for a flight. Belongs to one task or thread.

    Attributes:
        flight: what it waits for.
        turn: its wake-up.
        leads: whether it has been handed the call, and is to make it.
    """

    __slots__ = ("flight", "leads", "turn")

    def __init__(self, flight: Flight) -> None:
        self.flight = flight
        self.turn = Turn()
        self.leads = False


class Flights:
    """The calls under way by key. Thread-safe and task-safe, across threads and event loops.

    The lock is held for memory operations only, and is passed by those who find their result in the cache.
    """

    __slots__ = ("_by_key", "_lock")

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight] = {}
        self._lock = threading.RLock()  # a waiting coroutine that is collected as garbage may come back here

    def __len__(self) -> int:
        """Calls under way."""
        return len(self._by_key)

    def join(self, key: Hashable) -> Flight | Place:
        """Return a new flight for the caller to lead, or its place in one that is under way."""
        with self._lock:
            flight = self._by_key.get(key)
            if flight is None:
                flight = self._by_key[key] = Flight(key)
                return flight
            place = Place(flight)
            flight.waiting.append(place)
            return place

    def land(self, flight: Flight, value: Any, *, is_good: bool) -> None:
        """Give everybody who waits the result."""
        flight.value = value
        flight.is_good = is_good
        flight.landed = True
        self._end(flight)

    def fail(self, flight: Flight) -> None:
        """Send everybody who waits off without a result."""
        self._end(flight)

    def hand_over(self, flight: Flight) -> None:
        """Have the next who waits make the call; its leader makes it no more."""
        while True:
            with self._lock:
                if not flight.waiting:
                    self._by_key.pop(flight.key, None)
                    return
                place = flight.waiting.popleft()
                place.leads = True
            if place.turn.give():
                return

    def leave(self, place: Place) -> None:
        """Wait no longer; what was handed over meanwhile goes to the next."""
        if place.turn.leave():
            with self._lock:
                if place in place.flight.waiting:
                    place.flight.waiting.remove(place)
        elif place.leads:
            self.hand_over(place.flight)

    def _end(self, flight: Flight) -> None:
        with self._lock:
            self._by_key.pop(flight.key, None)
            waiting, flight.waiting = flight.waiting, deque()
        for place in waiting:
            place.turn.give()
