"""A limit for each of many keys, by the generic cell rate algorithm (GCRA) with weights.

One number per key is the whole state: the theoretical arrival time (TAT) of the next call. A call conforms if, with its
weight, the TAT comes no further ahead of now than the burst; then the TAT moves on by the weight.

Sources: ITU-T Recommendation I.371 and ATM Forum, *Traffic Management Specification Version 4.1*, af-tm-0121.000
(1999), for GCRA(I, L) in its virtual scheduling form; Brandur Leach, *Rate Limiting, Cells, and GCRA* (2015),
https://brandur.org/rate-limiting, for its use on requests with a burst.

Times are floats counted in *cells*, the calls that the rate allows since the clock's origin, and not in seconds: adding
a whole weight is exact, so that no rounding adds up however many calls there are.
"""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recoup import PolicyMisuse, RateLimited, SystemClock, remaining
from recoup.permits import FREE_THREADED
from recoup_plugins.rate_limit.lane import Lane
from recoup_plugins.rate_limit.schedule import Holes, Reservation, Window

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from recoup import Clock
    from recoup_plugins.rate_limit.config import RateLimitConfig

SLACK = 0.001
"""Of a cell: what the noise of a float clock may not cost a call. It never adds up: the TAT moves by whole weights."""


class KeyedLimiter:
    """One limit, kept apart for each key. Thread-safe and task-safe: exactly what the limit allows is admitted.

    A key is never forgotten while it is limited. Once it has recovered in full it equals one never seen, and goes: once
    in every recovery time all keys are looked through, so that each call pays for two looks at most, and the keys kept
    are those called within the last two recovery times. A key costs its place in a dictionary and a float.

    All state is read and written under one lock, in free-threaded builds as well; it is held for a few dictionary
    operations, and whoever finds it taken waits for it rather than being refused. The one exception is the key that
    equals the limiter's name, while no other is kept: its calls may go past the lock, see :class:`Lane`. Whoever takes
    the lock for anything else closes that way first.

    Args:
        config: the limit.
        name: what it is called where it refuses.
        clock: where the time comes from; the system's by default.

    Attributes:
        name: as above.
        lane: the way past the lock for calls under the key that equals the name.
    """

    __slots__ = (
        "__weakref__",
        "_arrivals",
        "_at_once",
        "_clock",
        "_config",
        "_holes",
        "_is_lane_open",
        "_lock",
        "_monotonic",
        "_rate",
        "_sweep_at",
        "_windows",
        "lane",
        "name",
    )

    def __init__(self, config: RateLimitConfig, *, name: str | None = None, clock: Clock | None = None) -> None:
        self.name = name or config.name or "limit"
        self._clock: Clock = SystemClock() if clock is None else clock
        # Past the method that only hands it on: this is a fifth of what a check costs.
        self._monotonic = self._clock.monotonic
        self._lock = threading.RLock()  # a waiting coroutine that is collected as garbage may come back here
        self._config = config
        self._rate = config.per_second
        self._at_once = config.most_at_once + SLACK
        self._arrivals: dict[Hashable, float] = {}
        self._holes = Holes()
        self._windows: dict[Hashable, Window] = {}
        self._sweep_at = float("-inf")
        self.lane = Lane()
        self._is_lane_open = False

    def __len__(self) -> int:
        """Keys kept now."""
        return len(self._arrivals)

    @property
    def config(self) -> RateLimitConfig:
        """The limit, as it is now."""
        return self._config

    def check(self, key: Hashable, weight: int = 1) -> float:
        """Count a call if it may go now.

        Returns:
            0.0 if it may go, otherwise the seconds until it might; then nothing has been counted.

        Raises:
            PolicyMisuse: the weight is above the burst, so that the call can never go.
            ValueError: the weight is below 1.
        """
        if weight < 1:
            raise ValueError(f"a call weighs 1 or more, got {weight}")
        when = self._monotonic()
        with self._lock:
            if self._is_lane_open:
                self._close_lane()
            now = when * self._rate
            if now >= self._sweep_at:
                self._sweep(when)
            arrivals = self._arrivals
            after = arrivals.get(key, now)
            after = (after if after > now else now) + weight  # noqa: FURB136 - a call costs more than the rest
            if after - now <= self._at_once:
                arrivals[key] = after
                return 0.0
            planned = self._plan(key, weight, when)
            if planned.wait <= 0.0:
                self._commit(planned)
            return planned.wait

    def check_own(self, weight: int = 1) -> float:
        """As :meth:`check`, for the key that equals the name; those that follow may go by the lane."""
        with self._lock:
            wait = self.check(self.name, weight)
            if not (wait or FREE_THREADED or len(self._arrivals) > 1):  # to drop other keys is up to whoever calls
                self._is_lane_open = True
                self.lane.open(self._arrivals[self.name], self._at_once, self._rate)
        return wait

    def reserve(self, key: Hashable, weight: int = 1, *, max_wait: float | None = None) -> Reservation:
        """Count a call that goes now or after a wait, and return when.

        Places are given in the order of asking. A place that :meth:`cancel` has given back goes to the next who asks.

        Args:
            key: whose limit.
            weight: what the call counts for.
            max_wait: seconds that it waits at most; by default as configured.

        Raises:
            RateLimited: the wait would be longer, or pass the deadline around; nothing has been counted.
            PolicyMisuse: the weight is above the burst, so that the call can never go.
            ValueError: the weight is below 1.
        """
        if weight < 1:
            raise ValueError(f"a call weighs 1 or more, got {weight}")
        longest = self._config.max_wait if max_wait is None else max_wait
        left = remaining(clock=self._clock)
        if left is not None and left < longest:
            longest = max(0.0, left)
        when = self._monotonic()
        with self._alone():
            if when * self._rate >= self._sweep_at:
                self._sweep(when)
            planned = self._plan(key, weight, when)
            if planned.wait > 0.0:
                hole = self._holes.take(key, weight, when, when + min(longest, planned.wait))
                if hole is not None:
                    return hole
            if planned.wait <= longest:
                self._commit(planned)
                return planned
        raise self.refusal(key, planned.wait)

    def cancel(self, reservation: Reservation) -> None:
        """Give a reservation back that is not used.

        The last one is undone. An earlier one leaves its place to the next who asks before its time: those behind it
        have been told theirs already. Its time once past, there is nothing to give back.
        """
        key = reservation.key
        with self._alone():
            if reservation.config is not self._config:
                return
            window = reservation.window
            if window is not None and self._windows.get(key) is window:
                window.left += reservation.weight
            if self._arrivals.get(key) != reservation.after:
                self._holes.add(reservation, self._monotonic())
                return
            self._arrivals[key] = self._holes.undone(reservation)

    async def acquire(self, key: Hashable, weight: int = 1, *, max_wait: float | None = None) -> None:
        """Wait for the call's turn; a cancelled wait gives its place back.

        Raises:
            RateLimited: as :meth:`reserve`.
        """
        reservation = self.reserve(key, weight, max_wait=max_wait)
        if reservation.wait <= 0.0:
            return
        try:
            await self._clock.sleep(reservation.wait)
        except BaseException:
            self.cancel(reservation)
            raise

    def acquire_sync(self, key: Hashable, weight: int = 1, *, max_wait: float | None = None) -> None:
        """As :meth:`acquire`, blocking the calling thread."""
        reservation = self.reserve(key, weight, max_wait=max_wait)
        if reservation.wait <= 0.0:
            return
        try:
            self._clock.sleep_sync(reservation.wait)
        except BaseException:
            self.cancel(reservation)
            raise

    def observe(self, key: Hashable, remaining: float, *, reset: float | None = None) -> None:
        """Take note of what the venue itself says is left. It only ever lowers what may go.

        Calls admitted from now on are counted against it, until the venue's window ends.

        Args:
            key: whose limit.
            remaining: what may still go in the venue's window, by weight; negative counts as 0.
            reset: seconds until the window ends; None where nobody knows: it is then taken to end after ``per``.
        """
        when = self._monotonic()
        until = when + (self._config.per if reset is None else max(0.0, reset))
        with self._alone():
            window = self._windows.get(key)
            if window is None or window.until <= when or window.is_over_before(until, reset):
                self._windows[key] = Window(max(0.0, remaining), until)
            elif remaining < window.left:
                window.left = max(0.0, remaining)
            self._look_out()

    def left(self, key: Hashable) -> float:
        """Return the weight that may go at once now."""
        when = self._monotonic()
        with self._alone():
            now = when * self._rate
            ahead = max(0.0, self._arrivals.get(key, now) - now)
            own = max(0.0, self._config.most_at_once - ahead)
            window = self._windows.get(key)
            return own if window is None or window.until <= when else min(own, window.left)

    def is_idle(self) -> bool:
        """Say whether every key has recovered in full, so that nothing would be lost with it."""
        when = self._monotonic()
        with self._alone():
            self._sweep(when)
            return not self._arrivals and not self._windows

    def reconfigure(self, config: RateLimitConfig) -> None:
        """Change the limit. What has been used stays used; who waits keeps the time that it was told."""
        when = self._monotonic()
        with self._alone():
            now = when * self._rate
            self._config = config
            self._rate = config.per_second
            then = when * self._rate
            self._arrivals = {key: then + (tat - now) for key, tat in self._arrivals.items() if tat > now}
            self._holes.clear()
            self._sweep_at = then + config.most_at_once
            self._look_out()

    def refusal(self, key: Hashable, wait: float) -> RateLimited:
        """Return the error for a call that would have to wait so many seconds."""
        name = self.name if key == self.name else f"{self.name}[{key}]"
        return RateLimited(
            f"{name}: the limit of {self._config} is reached; the next call may go in {wait:.3g} s",
            key=name,
            retry_after=wait,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, and have nobody pass it."""
        with self._lock:
            if self._is_lane_open:
                self._close_lane()
            yield

    def _close_lane(self) -> None:
        self._is_lane_open = False
        self._arrivals[self.name] = self.lane.close()

    def _plan(self, key: Hashable, weight: int, when: float) -> Reservation:
        config = self._config
        burst = config.most_at_once
        if weight > burst:
            raise PolicyMisuse(
                f"{self.name}: a call of weight {weight} can never go within a limit of {config}: raise the burst"
            )
        now = when * self._rate
        start = max(self._arrivals.get(key, now), now)
        window = self._windows.get(key)
        if window is not None:
            if window.until <= when:
                del self._windows[key]
                self._look_out()
                window = None
            elif window.left < weight:
                start = max(start, window.until * self._rate + burst - weight)
                window = None
        after = start + weight
        ahead = after - now - burst
        wait = ahead / self._rate if ahead > SLACK else 0.0
        return Reservation(key, weight, wait, when + wait, start, after, window, config)

    def _commit(self, reservation: Reservation) -> None:
        self._arrivals[reservation.key] = reservation.after
        if reservation.window is not None:
            reservation.window.left -= reservation.weight

    def _sweep(self, when: float) -> None:
        """Drop what has recovered in full; into a new dictionary, since one never shrinks."""
        now = when * self._rate
        self._arrivals = {key: tat for key, tat in self._arrivals.items() if tat > now}
        if self._windows:
            self._windows = {key: window for key, window in self._windows.items() if window.until > when}
        self._holes.forget_before(when)
        self._sweep_at = now + self._config.most_at_once
        self._look_out()

    def _look_out(self) -> None:
        """Have every call planned while a venue's window is open, so that an ordinary one need not look for it."""
        self._at_once = -math.inf if self._windows else self._config.most_at_once + SLACK
