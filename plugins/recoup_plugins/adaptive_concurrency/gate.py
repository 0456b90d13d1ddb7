"""A limit on concurrency as a gate around calls."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from recoup import (
    BulkheadFull,
    FailureReason,
    LoadShed,
    Permits,
    PolicyEvent,
    RateLimited,
    Refused,
)
from recoup_plugins.adaptive_concurrency.limits import Aimd, Gradient, Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from recoup import Host
    from recoup_plugins.adaptive_concurrency.config import AdaptiveConcurrencyConfig
    from recoup_plugins.adaptive_concurrency.limits import Algorithm

MOST_SAMPLES: Final = 1000
"""Calls after which a window ends before its time."""
_OVERLOADS: Final = (TimeoutError, BulkheadFull, RateLimited, LoadShed)
_OVERLOAD_REASONS: Final = frozenset(
    {
        FailureReason.TIMEOUT,
        FailureReason.RATE_LIMITED,
        FailureReason.SERVER_ERROR,
        FailureReason.RESOURCE_EXHAUSTED,
    }
)


class AdaptiveLimit:
    """A :class:`recoup.Gate` whose limit follows latency. Thread-safe and task-safe.

    Of a call that succeeds, the latency is a sample; one that was cut off, refused for load or met a server in trouble
    lowers the limit at once. A cancellation, any other error and any other refusal is neither, since what the call took
    says nothing then.

    A sample is one ``append`` to a list, which is atomic with and without the GIL; the lock is taken once a window, and
    on overload. A sample that comes in while a window ends may be lost.

    Attributes:
        key: what the limit is kept for.
        permits: who is inside, and who waits.
        config: how the limit follows latency; see :meth:`configure`.
        limit: the limit with its fraction.
    """

    __slots__ = (
        "__weakref__",
        "_algorithm",
        "_cut",
        "_host",
        "_lock",
        "_monotonic",
        "_most_inside",
        "_samples",
        "_window_ends",
        "config",
        "key",
        "limit",
        "permits",
    )

    def __init__(self, key: str, config: AdaptiveConcurrencyConfig, host: Host) -> None:
        self.key = key
        self.config = config
        self.limit = float(config.initial_limit)
        self.permits = Permits(
            key,
            config.initial_limit,
            clock=host.clock,
            report=self._report,
            max_queue=config.max_queue,
            max_wait=config.max_wait,
        )
        self._host = host
        self._lock = threading.Lock()
        # One call less, twice in each guarded call.
        self._monotonic: Callable[[], float] = host.clock.monotonic
        self._algorithm: Algorithm = _algorithm(config)
        self._samples: list[float] = []
        self._most_inside = 0
        self._window_ends = self._monotonic() + config.window
        self._cut = float("-inf")

    def acquire(self) -> float | None:
        """Let one call through and return when it began, or None where it has to wait.

        Raises:
            BulkheadFull: the limit is reached, and the queue is full.
        """
        return None if self.permits.acquire() is None else self._monotonic()

    async def wait(self) -> float:
        """Wait in a task until there is room; see :meth:`recoup.Permits.wait`."""
        await self.permits.wait()
        return self._monotonic()

    def wait_sync(self) -> float:
        """As :meth:`wait`, by blocking the calling thread."""
        self.permits.wait_sync()
        return self._monotonic()

    def release(self, permit: float, error: BaseException | None) -> None:
        """Take note of how the call that began then has ended, and let the next one in."""
        permits = self.permits
        try:
            if error is None:
                now = self._monotonic()
                samples = self._samples
                samples.append(now - permit)
                inside = permits.inside
                if inside > self._most_inside:  # noqa: PLR1730 - max() costs four times as much, in every call
                    self._most_inside = inside
                if now >= self._window_ends or len(samples) >= MOST_SAMPLES:
                    self._end_window(now)
            elif isinstance(error, Exception) and self._is_overload(error):
                self._overloaded(permit)
        finally:
            permits.release(True)  # noqa: FBT003 - the permit itself

    def configure(self, config: AdaptiveConcurrencyConfig) -> None:
        """Go on with other values. What was learned stays, as do all who are inside or wait."""
        with self._lock:
            if config == self.config:
                return
            if isinstance(self._algorithm, Gradient) and config.algorithm == "gradient":
                self._algorithm.config = config
            else:
                self._algorithm = _algorithm(config)
            self.config = config
            self.permits.max_queue = config.max_queue
            self.permits.max_wait = config.max_wait
            changed = self._set_limit(self.limit)
        self._tell(changed)

    def _end_window(self, now: float) -> None:
        with self._lock:
            samples, config = self._samples, self.config
            if len(samples) < (config.min_samples if now >= self._window_ends else MOST_SAMPLES):
                return
            self._samples = []
            window = Window(sum(samples) / len(samples), len(samples), self._most_inside)
            self._most_inside = 0
            self._window_ends = now + config.window
            changed = self._set_limit(self._algorithm.after(self.limit, window))
        self._tell(changed)

    def _overloaded(self, began: float) -> None:
        with self._lock:
            if began < self._cut:  # it was under way before the limit fell, and is no news of the limit since then
                return
            self._cut = self._monotonic()
            changed = self._set_limit(self.limit * self.config.backoff)
        self._tell(changed)

    def _set_limit(self, limit: float) -> tuple[int, int]:
        """Hold the limit to its bounds, and return the old and the new one in whole calls. The lock is held."""
        config, old = self.config, self.permits.limit
        self.limit = min(float(config.max_limit), max(float(config.min_limit), limit))
        new = int(self.limit)
        if new != old:
            self.permits.resize(new)
        return old, new

    def _is_overload(self, error: Exception) -> bool:
        if isinstance(error, _OVERLOADS):
            return True
        if isinstance(error, Refused):
            return False
        return self._host.classify(error, component="", operation=self.key).reason in _OVERLOAD_REASONS

    def _tell(self, changed: tuple[int, int]) -> None:
        old, new = changed
        if new != old:
            self._report("limit_changed", f"from {old} to {new} calls at a time")

    def _report(self, action: str, detail: str) -> None:
        if self._host.hears("policy"):
            self._host.publish(PolicyEvent(policy="adaptive_concurrency", key=self.key, action=action, detail=detail))


def _algorithm(config: AdaptiveConcurrencyConfig) -> Algorithm:
    return Gradient(config) if config.algorithm == "gradient" else Aimd(config)
