"""Load as a gate around calls, one for each priority."""

from __future__ import annotations

import math
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from recoup import LoadShed, PolicyEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Host, Priority
    from recoup_plugins.load_shed.config import LoadShedConfig

WEIGHT: Final = 0.1
"""Of one call in the mean latency, at least; more where the calls before it ended long ago."""
_UNTIMED: Final = math.inf
"""When a call began that was let in while latency played no part."""


class Load:
    """What is under way for one key, of all priorities. Thread-safe and task-safe.

    Whether a call fits depends on how many others there are, so that looking and counting must be one step: a lock is
    held for it, with and without the GIL. A call that ends is appended to a list, which is atomic in either build, and
    taken off the count once that has reached what a call must not exceed. So giving a place back needs no lock, not
    even where the garbage collector does it that destroys an abandoned coroutine.

    Attributes:
        key: what the load is counted for.
        latency: mean seconds of those that have ended, as of the last one; 0.0 while it is not measured.
    """

    __slots__ = (
        "__weakref__",
        "_config",
        "_counted",
        "_ended",
        "_ended_since",
        "_host",
        "_is_timed",
        "_lock",
        "_monotonic",
        "_most",
        "_most_counted",
        "_shares",
        "key",
        "latency",
    )

    def __init__(self, key: str, config: LoadShedConfig, host: Host) -> None:
        self.key = key
        self.latency = 0.0
        self._host = host
        self._lock = threading.Lock()
        self._counted = 0
        self._ended_since: list[None] = []
        self._ended = 0.0
        # One call less, twice in each guarded call.
        self._monotonic: Callable[[], float] = host.clock.monotonic
        self.configure(config)

    @property
    def config(self) -> LoadShedConfig:
        """How much load leaves room for which priority."""
        return self._config

    @property
    def inside(self) -> int:
        """Calls under way."""
        return self._counted - len(self._ended_since)

    def configure(self, config: LoadShedConfig) -> None:
        """Go on with other values. Who is inside stays."""
        with self._lock:
            self._config = config
            self._most = config.most_calls
            self._most_counted = tuple(min(most, config.max_concurrent) for most in self._most)
            self._shares = config.shares
            self._is_timed = config.max_latency is not None

    def enter(self, level: int) -> float:
        """Admit a call of that priority and return when it began.

        Raises:
            LoadShed: the load is too high for it.
        """
        began = _UNTIMED
        if self._is_timed:
            began = self._monotonic()
            if self._latency_share(began) >= self._shares[level]:
                raise self._refused(level, f"calls take {self.latency:.3g} s in the mean")
        with self._lock:
            if self._counted >= self._most_counted[level]:
                ended = len(self._ended_since)
                del self._ended_since[:ended]
                self._counted -= ended
            if self._counted < self._most[level]:
                self._counted += 1
                return began
        raise self._refused(level, f"{self.inside} calls are under way")

    def leave(self, began: float, error: BaseException | None) -> None:
        """Take note that a call has ended. Of those that fail, only time-outs tell how long calls take."""
        self._ended_since.append(None)
        if self._is_timed and began != _UNTIMED and (error is None or isinstance(error, TimeoutError)):
            with self._lock:
                now = self._monotonic()
                weight = max(WEIGHT, 1.0 - self._kept(now))
                self.latency += weight * (now - began - self.latency)
                self._ended = now

    def load(self) -> float:
        """Return the share of the capacity in use; above 1.0 where calls of CRITICAL priority go beyond it."""
        share = self.inside / self._config.max_concurrent
        return max(share, self._latency_share(self._monotonic())) if self._is_timed else share

    def _latency_share(self, now: float) -> float:
        """Return the mean latency as far as it still tells of now: were all refused, it would stay for ever."""
        most = self._config.max_latency
        return 0.0 if most is None else self.latency * self._kept(now) / most

    def _kept(self, now: float) -> float:
        return math.exp2((self._ended - now) / self._config.half_life)

    def _refused(self, level: int, why: str) -> LoadShed:
        share, host, retry_after = self._shares[level], self._host, self._config.retry_after
        detail = f"{why}, and this priority has room up to {share:.0%} of the capacity"
        if host.hears("policy"):
            host.publish(
                PolicyEvent(policy="load_shed", key=self.key, action="refused", delay=retry_after, detail=detail)
            )
        return LoadShed(f"{self.key!r}: {detail}", key=self.key, retry_after=retry_after)


class LoadShedGate:
    """A :class:`recoup.Gate` over one load, for calls of one priority. Thread-safe and task-safe.

    Attributes:
        load: what is under way, of all priorities.
        acquire: :meth:`Load.enter` for this priority.
        release: :meth:`Load.leave`.
    """

    __slots__ = ("acquire", "load", "release")

    def __init__(self, load: Load, priority: Priority) -> None:
        self.load = load
        self.acquire = partial(load.enter, int(priority))
        self.release = load.leave

    @property
    def key(self) -> str:
        """What the load is counted for."""
        return self.load.key
