"""A limit as a gate around calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import PolicyEvent, RateLimited

if TYPE_CHECKING:
    from recoup import Host
    from recoup_plugins.rate_limit.limiter import KeyedLimiter


class RateLimitGate:
    """A :class:`recoup.Turnstile` over a limiter's own key; the limiter alone has state. Thread-safe and task-safe.

    A call that is let through counts, however it ends: the venue counts it too.

    Attributes:
        key: what the limit is kept for.
        limiter: what counts.
        weight: what each call counts for.
    """

    __slots__ = ("_cells", "_host", "_lane", "_monotonic", "key", "limiter", "weight")

    def __init__(self, limiter: KeyedLimiter, weight: int, host: Host) -> None:
        self.limiter = limiter
        self.key = limiter.name
        self.weight = weight
        self._cells = float(weight)  # the interpreter adds two floats faster than a float and an int
        self._lane = limiter.lane
        self._monotonic = host.clock.monotonic
        self._host = host

    def acquire(self) -> bool | None:
        """Let one call through; None where it has to wait for its turn.

        Raises:
            RateLimited: the wait would be longer than ``max_wait``, or pass the deadline around.
            PolicyMisuse: the limit has been lowered below the call's weight.
        """
        lane = self._lane
        when = self._monotonic()
        # From here to the writing of the arrival time, neither a call nor a loop: see Lane.
        now = when * lane.rate
        after = lane.arrival
        if after < now:  # noqa: PLR1730 - max() would be a call
            after = now
        after += self._cells
        if after - now <= lane.at_once:
            lane.arrival = after
            return True
        return self._acquire_with_lock()

    def _acquire_with_lock(self) -> bool | None:
        wait = self.limiter.check_own(self.weight)
        if not wait:
            return True
        if self.limiter.config.max_wait > 0.0:
            self._tell("waiting", wait)
            return None
        self._tell("refused", wait)
        raise self.limiter.refusal(self.key, wait)

    async def wait(self) -> bool:
        """Wait for the call's turn, in the order of asking; a cancelled wait gives its place back.

        Raises:
            RateLimited: as :meth:`acquire`.
        """
        try:
            await self.limiter.acquire(self.key, self.weight)
        except RateLimited as refusal:
            self._tell("refused", refusal.retry_after)
            raise
        return True

    def wait_sync(self) -> bool:
        """As :meth:`wait`, blocking the calling thread."""
        try:
            self.limiter.acquire_sync(self.key, self.weight)
        except RateLimited as refusal:
            self._tell("refused", refusal.retry_after)
            raise
        return True

    def _tell(self, action: str, delay: float | None) -> None:
        if self._host.hears("policy"):
            self._host.publish(PolicyEvent(policy="rate_limit", key=self.key, action=action, delay=delay))
