"""A cache around calls."""

from __future__ import annotations

import math
import threading
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

from recoup import DeadlineExceeded, PolicyEvent, call_key, function_within, note_stand_in, remaining, watch_stand_ins
from recoup_plugins.cache.flights import Flight, Flights
from recoup_plugins.cache.ttl_cache import Entry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from recoup import CacheConfig, Host
    from recoup_plugins.cache.flights import Place
    from recoup_plugins.cache.ttl_cache import TTLCache

_MISSING: Final[Any] = object()
_NOT_KEPT: Final[Any] = Entry(None, -math.inf)
_USED_UP: Final = ("__next__", "__anext__", "__await__")


class Results:
    """What is kept for one key of the application's: results, and the calls under way. Thread-safe and task-safe."""

    __slots__ = ("__weakref__", "cache", "flights")

    def __init__(self, cache: TTLCache[Hashable, Any]) -> None:
        self.cache = cache
        self.flights = Flights()


class CachePolicy:
    """A :class:`recoup.Wrapper` that gives out good results again. Thread-safe and task-safe.

    Calls are told apart by function and arguments: see :func:`recoup.call_key`. A call with an argument that can't be
    hashed is made each time, and so is one whose result is used up by its first reader, such as a generator or a
    coroutine. Results are kept as they are, not copied: whoever changes one changes what is given out later.

    With ``single_flight``, calls with the same key at the same time share one. Where the one that makes it is cancelled
    or interrupted, the next that waits makes it. Where it fails, its error is its own: the others, if nothing stale
    stands in, each make the call themselves and get an error object of their own, so that nobody waits for more than
    two calls and no error has two tracebacks. A call from within the same call is made at once, and so is one from
    synchronous code in the thread that makes it, since to wait would be to wait for itself.
    """

    __slots__ = ("_cache", "_config", "_find", "_flights", "_host", "_key", "_known", "_monotonic", "_results")

    def __init__(self, results: Results, config: CacheConfig, key: str, host: Host) -> None:
        self._results = results
        self._cache = results.cache
        self._find = results.cache.find
        self._monotonic = results.cache.monotonic
        self._flights = results.flights
        self._config = config
        self._key = key
        self._host = host
        self._known: tuple[Any, Any] = (None, None)

    def call(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result that is kept, or make the call and keep its result.

        Raises:
            DeadlineExceeded: the same call is under way, and has not ended before the deadline around this one.
            Exception: what the call raised, unchanged.
        """
        known, function = self._known
        if known is not inner:
            function = self._function_of(inner)
        if kwargs or len(args) != 1:
            key = call_key(function, args, kwargs)
        else:  # the same as call_key gives, without a call for the most frequent case
            (argument,) = args
            key = function, argument, type(argument)
        try:
            entry = self._find(key)
        except TypeError:  # an argument can't be hashed
            entry = _NOT_KEPT
        if entry is None:
            return self._miss(key, inner, args, kwargs)
        if self._monotonic() - entry.at < self._cache.ttl:
            if not entry.used:
                entry.used = True
            return entry.value
        return inner(*args, **kwargs) if entry is _NOT_KEPT else self._miss(key, inner, args, kwargs)

    async def call_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`call`, for coroutine functions."""
        known, function = self._known
        if known is not inner:
            function = self._function_of(inner)
        if kwargs or len(args) != 1:
            key = call_key(function, args, kwargs)
        else:  # the same as call_key gives, without a call for the most frequent case
            (argument,) = args
            key = function, argument, type(argument)
        try:
            entry = self._find(key)
        except TypeError:
            entry = _NOT_KEPT
        if entry is None:
            return await self._miss_async(key, inner, args, kwargs)
        if self._monotonic() - entry.at < self._cache.ttl:
            if not entry.used:
                entry.used = True
            return entry.value
        return await (inner(*args, **kwargs) if entry is _NOT_KEPT else self._miss_async(key, inner, args, kwargs))

    def _miss(self, key: Hashable, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not self._config.single_flight:
            return self._make(key, inner, args, kwargs)
        joined = self._flights.join(key)
        if isinstance(joined, Flight):
            return self._lead(joined, inner, args, kwargs)
        if joined.flight.is_around() or joined.flight.leader == threading.get_ident():  # or it would wait for itself
            self._flights.leave(joined)
            return self._make(key, inner, args, kwargs)
        try:
            given = joined.turn.taken_sync(self._time_left(), clock=self._host.clock)
        except BaseException:
            self._flights.leave(joined)
            raise
        if self._is_to_lead(joined, given=given):
            return self._lead(joined.flight, inner, args, kwargs)
        value = self._landed(joined.flight) if joined.flight.landed else self._stale(key)
        return self._make(key, inner, args, kwargs) if value is _MISSING else value

    async def _miss_async(
        self, key: Hashable, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if not self._config.single_flight:
            return await self._make_async(key, inner, args, kwargs)
        joined = self._flights.join(key)
        if isinstance(joined, Flight):
            return await self._lead_async(joined, inner, args, kwargs)
        if joined.flight.is_around():
            self._flights.leave(joined)
            return await self._make_async(key, inner, args, kwargs)
        try:
            given = await joined.turn.taken(self._time_left(), clock=self._host.clock)
        except BaseException:
            self._flights.leave(joined)
            raise
        if self._is_to_lead(joined, given=given):
            return await self._lead_async(joined.flight, inner, args, kwargs)
        value = self._landed(joined.flight) if joined.flight.landed else self._stale(key)
        return await self._make_async(key, inner, args, kwargs) if value is _MISSING else value

    def _lead(self, flight: Flight, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        value = self._cache.get(flight.key, _MISSING)  # it may have been kept since this call has looked
        try:
            is_good = True
            if value is _MISSING:
                with flight.led(), watch_stand_ins() as stand_ins:
                    value = inner(*args, **kwargs)
                is_good = not stand_ins.seen
        except Exception:
            self._flights.fail(flight)
            value = self._stale(flight.key)
            if value is _MISSING:
                raise
            return value
        except BaseException:
            self._flights.hand_over(flight)
            raise
        self._land(flight, value, is_good=is_good)
        return value

    async def _lead_async(
        self, flight: Flight, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        value = self._cache.get(flight.key, _MISSING)
        try:
            is_good = True
            if value is _MISSING:
                with flight.led(), watch_stand_ins() as stand_ins:
                    value = await inner(*args, **kwargs)
                is_good = not stand_ins.seen
        except Exception:
            self._flights.fail(flight)
            value = self._stale(flight.key)
            if value is _MISSING:
                raise
            return value
        except BaseException:
            self._flights.hand_over(flight)
            raise
        self._land(flight, value, is_good=is_good)
        return value

    def _make(self, key: Hashable, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            with watch_stand_ins() as stand_ins:
                value = inner(*args, **kwargs)
        except Exception:
            value = self._stale(key)
            if value is _MISSING:
                raise
            return value
        self._keep(key, value, is_good=not stand_ins.seen)
        return value

    async def _make_async(
        self, key: Hashable, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        try:
            with watch_stand_ins() as stand_ins:
                value = await inner(*args, **kwargs)
        except Exception:
            value = self._stale(key)
            if value is _MISSING:
                raise
            return value
        self._keep(key, value, is_good=not stand_ins.seen)
        return value

    def _land(self, flight: Flight, value: Any, *, is_good: bool) -> None:
        if _is_used_up(value):
            self._flights.fail(flight)
            return
        if is_good:
            self._cache.set(flight.key, value)
        self._flights.land(flight, value, is_good=is_good)

    def _keep(self, key: Hashable, value: Any, *, is_good: bool) -> None:
        if is_good and not _is_used_up(value):
            self._cache.set(key, value)

    def _stale(self, key: Hashable) -> Any:
        """Return the result that stands in for a failure, or ``_MISSING``."""
        value = self._cache.stale(key, _MISSING) if self._config.stale_if_error else _MISSING
        if value is not _MISSING and self._host.hears("policy"):
            self._host.publish(PolicyEvent(policy="cache", key=self._key, action="stale"))
        return value

    @staticmethod
    def _landed(flight: Flight) -> Any:
        if not flight.is_good:
            note_stand_in()
        return flight.value

    def _is_to_lead(self, place: Place, *, given: bool) -> bool:
        if not given:
            self._flights.leave(place)
            raise DeadlineExceeded(
                f"{self._key}: the same call is under way, and has not ended before the deadline", key=self._key
            )
        return place.leads

    def _time_left(self) -> float | None:
        left = remaining(clock=self._host.clock)
        return None if left is None else max(0.0, left)

    def _function_of(self, inner: Any) -> Any:
        function = function_within(inner)
        if isinstance(inner, FunctionType):  # anything else is made for one call, and would keep its arguments alive
            self._known = inner, function
        return function


def _is_used_up(value: Any) -> bool:
    """Say whether only its first reader has anything of a result."""
    return any(hasattr(type(value), name) for name in _USED_UP)
