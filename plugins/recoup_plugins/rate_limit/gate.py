"""A limit as a gate around calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import PolicyEvent, RateLimited

if TYPE_CHECKING:
    from recoup import Host
    from recoup_plugins.rate_limit.limiter import KeyedLimiter


class RateLimitGate:
    """A :class:`recoup.Turnstile` over one key of a limiter, which alone has state. Thread-safe and task-safe.

    A call that is let through counts, however it ends: the venue counts it too.

    Attributes:
        key: what the limit is kept for.
        limiter: what counts.
        weight: what each call counts for.
    """

    __slots__ = ("_check", "_host", "key", "limiter", "weight")

    def __init__(self, limiter: KeyedLimiter, key: str, weight: int, host: Host) -> None:
        self.limiter = limiter
        self.key = key
        self.weight = weight
        self._check = limiter.check
        self._host = host

    def acquire(self) -> bool | None:
        """Let one call through; None where it has to wait for its turn.

        Raises:
            RateLimited: the wait would be longer than ``max_wait``, or pass the deadline around.
            PolicyMisuse: the limit has been lowered below the call's weight.
        """
        wait = self._check(self.key, self.weight)
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
