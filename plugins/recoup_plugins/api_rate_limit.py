"""Waits out a venue's rate limits and bans: one gate per venue, shared by every task and thread."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from attrs import define, field, frozen
from attrs.validators import ge, gt, instance_of

from recoup import Classification, FailureReason, FallbackConfig, Priority, Recovery, StateEvent, hookimpl

if TYPE_CHECKING:
    from recoup import ErrorContext, Host, Operation

_NUMBER = instance_of((int, float))
_OPEN, _LIMITED, _BANNED = "open", "limited", "banned"
_MAX_DOUBLINGS = 32
"""Beyond it every cap has long been reached, and a float would overflow."""


@frozen(kw_only=True)
class ApiRateLimitConfig:
    """How the gates open and close. Immutable; all times in seconds.

    Attributes:
        margin: added to every wait, since the venue's window and clock are not ours.
        base_delay: first wait where the venue names none; it doubles with each refusal after a reopening.
        max_delay: most that such a wait grows to.
        reset_after: quiet time after a reopening that brings the wait back to ``base_delay``.
        ban_default: silence for a ban of unknown length; it doubles with each further ban. Two minutes and three days
            are the bounds of a ban in Binance's documentation (REST API, "IP Limits").
        ban_max: most that the venue's or the plugin's own wait grows to.
        ban_reset_after: time without a ban after which the next one counts as the first.
        release_interval: between two held calls when a gate has opened.
        slowdown: least interval between any two calls after a refusal, 0 for none; it doubles with each further one.
        max_slowdown: most that it grows to.
        speedup_after: quiet time since the gate opened that halves it, until it is hardly felt.
        max_wait: most that a refused call waits; beyond it the failure is final.
        max_gates: gates kept at most.
    """

    margin: float = field(default=0.25, validator=[_NUMBER, ge(0)])
    base_delay: float = field(default=1.0, validator=[_NUMBER, gt(0)])
    max_delay: float = field(default=60.0, validator=[_NUMBER, gt(0)])
    reset_after: float = field(default=60.0, validator=[_NUMBER, gt(0)])
    ban_default: float = field(default=120.0, validator=[_NUMBER, gt(0)])
    ban_max: float = field(default=259_200.0, validator=[_NUMBER, gt(0)])
    ban_reset_after: float = field(default=86_400.0, validator=[_NUMBER, gt(0)])
    release_interval: float = field(default=0.05, validator=[_NUMBER, gt(0)])
    slowdown: float = field(default=0.1, validator=[_NUMBER, ge(0)])
    max_slowdown: float = field(default=0.5, validator=[_NUMBER, gt(0)])
    speedup_after: float = field(default=30.0, validator=[_NUMBER, gt(0)])
    max_wait: float = field(default=3600.0, validator=[_NUMBER, gt(0)])
    max_gates: int = field(default=1024, validator=[instance_of(int), ge(1)])


@define(eq=False)
class _Gate:
    """When calls of one key may go. Not thread-safe: the plugin's lock guards it.

    While closed, each asker is told a time of its own, ``release_interval`` after the one before. Those times are only
    hints; what spaces the calls is a generic cell rate algorithm (ITU-T I.371) that admits them until ``released``.
    """

    config: ApiRateLimitConfig
    state: str = _OPEN
    opens_at: float = float("-inf")
    released: float = float("-inf")
    strikes: int = 0
    bans: int = 0
    banned_until: float = float("-inf")
    slowdown: float = 0.0
    _next_hint: float = float("-inf")
    _free_at: float = float("-inf")

    def reopen(self, now: float) -> str | None:
        """Open if the time has come; return the state that ended, or None."""
        if self.state == _OPEN or now < self.opens_at:
            return None
        old, self.state = self.state, _OPEN
        return old

    def refuse(self, now: float, *, banned: bool, retry_after: float | None) -> None:
        """Take note of a refusal and close for as long as it asks."""
        # Calls that were under way when the gate closed are refused as well; they say nothing new.
        news = now >= self.opens_at or (banned and self.state != _BANNED)
        if news:
            self.slowdown = min(max(2 * self.interval(now), self.config.slowdown), self.config.max_slowdown)
            self._count(now, banned=banned)
        elif not retry_after:
            return
        until = now + min(retry_after or self._own_wait(banned=banned), self.config.ban_max) + self.config.margin
        if banned:
            self.banned_until = max(self.banned_until, until)
        if banned or self.state != _BANNED:
            self.state = _BANNED if banned else _LIMITED
        if until > self.opens_at:
            self.opens_at = self.released = self._next_hint = self._free_at = until

    def admit(self, now: float, urgency: Priority) -> float:
        """Return 0.0 to let one call go, or the seconds after which it should ask again."""
        urgent = urgency is Priority.CRITICAL
        interval = self.config.release_interval
        if now < self.opens_at:
            return self.opens_at - now if urgent else self._take_turn(now)
        if now >= self.released:
            return 0.0 if urgent else self._slow(now, urgency)
        # Half an interval of tolerance: timers fire late and a late call must not push back all that follow.
        if now < self._free_at - interval / 2:
            return self._free_at - now if urgent else self._take_turn(now)
        self._free_at = max(self._free_at, now) + interval
        return 0.0

    def _slow(self, now: float, urgency: Priority) -> float:
        """Space all calls while the refusal is remembered; orders and what is asked about them do not line up."""
        interval = self.interval(now)
        if not interval:
            return 0.0
        if now < self._free_at - interval / 2:
            if urgency >= Priority.HIGH:
                return self._free_at - now
            turn = max(self._next_hint, self._free_at)
            self._next_hint = turn + interval
            return turn - now
        self._free_at = max(self._free_at, now) + interval
        return 0.0

    def interval(self, now: float) -> float:
        """Return the least interval between any two calls, 0.0 where calls go freely again."""
        if not self.slowdown:
            return 0.0
        halvings = min(max(0.0, now - self.opens_at) // self.config.speedup_after, _MAX_DOUBLINGS)
        left: float = self.slowdown / 2.0**halvings
        return left if left >= _FELT else 0.0

    def is_free(self, now: float) -> bool:
        """Return whether it holds nothing back any more."""
        return now >= self.released and not self.interval(now)

    def _take_turn(self, now: float) -> float:
        turn = max(self._next_hint, now)
        self._next_hint = turn + self.config.release_interval
        if now < self.opens_at:
            # Fixed by those who wait when it opens, so that a steady flow of new calls is not slowed for ever.
            self.released = self._next_hint
        return turn - now

    def _count(self, now: float, *, banned: bool) -> None:
        if banned:
            self.bans = 0 if now - self.banned_until >= self.config.ban_reset_after else self.bans
            self.bans = min(self.bans + 1, _MAX_DOUBLINGS)
            return
        self.strikes = 0 if now - self.opens_at >= self.config.reset_after else self.strikes
        self.strikes = min(self.strikes + 1, _MAX_DOUBLINGS)

    def _own_wait(self, *, banned: bool) -> float:
        if banned:
            return self.config.ban_default * 2.0 ** (self.bans - 1)
        return min(self.config.base_delay * 2.0 ** (self.strikes - 1), self.config.max_delay)


class ApiRateLimit:
    """Closes a gate for each key that is refused, and holds back every call of that key until it opens.

    The key is the operation's ``key``, else the component. A refused call is repeated when the gate has opened, if it
    is known that it was not executed. Held calls then go one at a time, cancels and what reduces risk first, and all
    calls of the key are slower for a while, reads more than orders.

    Thread-safe and task-safe.

    Attributes:
        asked_after: plugins that have their turn first.
        holds: keys whose gate is closed, or still spaces the calls that it held.
    """

    Config: ClassVar[type[ApiRateLimitConfig]] = ApiRateLimitConfig
    # It knows a refused key from a limit, also where a client takes one for the other.
    asked_after: ClassVar[tuple[str, ...]] = ("order_rejection",)

    def __init__(self, config: ApiRateLimitConfig, host: Host) -> None:
        self._config = config
        self._host = host
        self._lock = threading.Lock()
        self._gates: dict[str, _Gate] = {}
        self.holds: set[str] = set()

    @hookimpl
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:  # noqa: ARG002 - the hook's own
        """Close the gate on a refusal, and have the call repeated when it opens."""
        classification = context.classification
        if classification is None or classification.reason not in _REFUSALS:
            return None
        key = (context.call.operation.key if context.call is not None else None) or context.component
        wait = self._close(key, context, classification)
        if not context.may_send_again:
            return None
        return self._answer(context, key, wait)

    def delay(self, operation: Operation, component: str) -> float:
        """Hold a call back while its gate is closed, and space the calls that follow its opening."""
        key = operation.key or component
        gate = self._gates.get(key)
        if gate is None:
            return 0.0
        with self._lock:
            now = self._host.clock.monotonic()
            reopened = gate.reopen(now)
            wait = gate.admit(now, _urgency(operation))
            if wait == 0 and gate.is_free(now):
                self.holds.discard(key)
        if reopened is not None:
            self._publish(key, reopened, _OPEN, _REOPENED)
        return wait

    def _close(self, key: str, context: ErrorContext, classification: Classification) -> float:
        banned = classification.reason is FailureReason.BANNED
        wait = 0.0
        with self._lock:
            now = self._host.clock.monotonic()
            gate = self._gates.get(key) or self._make_room_for(key)
            self.holds.add(key)
            reopened = gate.reopen(now)
            old = gate.state
            gate.refuse(now, banned=banned, retry_after=classification.retry_after)
            new, closed_for = gate.state, gate.opens_at - now
            if context.may_send_again:
                operation = context.call.operation if context.call is not None else None
                wait = gate.admit(now, Priority.of_kind(context.kind) if operation is None else _urgency(operation))
        if reopened is not None:
            self._publish(key, reopened, _OPEN, _REOPENED)
        if new != old:
            self._publish(key, old, new, f"no call for {closed_for:.2f} s")
        return wait

    def _make_room_for(self, key: str) -> _Gate:
        if len(self._gates) >= self._config.max_gates:
            # What opened longest ago, or opens soonest, has the least left to hold back.
            forgotten = min(self._gates, key=lambda name: self._gates[name].opens_at)
            del self._gates[forgotten]
            self.holds.discard(forgotten)
        gate = self._gates[key] = _Gate(self._config)
        return gate

    def _answer(self, context: ErrorContext, key: str, wait: float) -> Recovery | None:
        remaining = context.call.remaining(self._host.clock.monotonic()) if context.call is not None else None
        if remaining is not None and wait >= remaining:
            limit = f"the call's deadline is in {max(0.0, remaining):.2f} s"
        elif wait > self._config.max_wait:
            limit = f"a call waits {self._config.max_wait:.2f} s at most"
        else:
            return Recovery.retry(wait, detail=f"{key} takes no calls for {wait:.2f} s")
        if context.call is not None and context.call.policy(FallbackConfig) is not None:
            context.call.may_repeat = False  # so that its fallback has its turn
            return None
        return Recovery.give_up(f"{key} takes no calls for {wait:.2f} s, and {limit}")

    def _publish(self, key: str, old: str, new: str, detail: str) -> None:
        self._host.publish(StateEvent(subject=f"rate_limit:{key}", old=old, new=new, detail=detail))


def _urgency(operation: Operation) -> Priority:
    return Priority.CRITICAL if operation.is_vital else operation.urgency


_REFUSALS = frozenset({FailureReason.RATE_LIMITED, FailureReason.BANNED})
_FELT = 0.01
"""Seconds; an interval shorter than this is nothing that a venue would notice."""
_REOPENED = "the wait is over; held calls go one at a time"
