"""The attempts of one call, one after the other: the state machine behind the retry's hook, policy and blocks."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, Self

import anyio.lowlevel

from recoup import FailureReason, PolicyEvent, Refused, Retrying
from recoup.deadline import ambient_deadline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import Classification
    from recoup_plugins.retry.budget import Budget
    from recoup_plugins.retry.setting import Setting


class Series:
    """The attempts of one call or block. Belongs to one task or thread.

    Args:
        setting: where the call is made.

    Attributes:
        attempts: calls that have ended so far.
        previous: the last delay that was computed, in seconds.
    """

    attempts: int = 0
    previous: float | None = None
    _began: float | None = None
    _paid_from: Budget | None = None
    _spent: float = 0
    _error: Exception | None = None

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._terms = setting.terms

    @classmethod
    def resumed(
        cls, setting: Setting, *, attempts: int = 0, previous: float | None = None, began: float | None = None
    ) -> Self:
        """Return a series of which some attempts have been made already.

        Args:
            setting: where the call is made.
            attempts: how many.
            previous: the delay before the last of them, where it was drawn.
            began: :meth:`Clock.monotonic` of the first one, where a limit on the time elapsed needs it.
        """
        series = cls(setting)
        series.attempts, series.previous, series._began = attempts, previous, began
        return series

    def delay_after(self, error: Exception) -> float | None:
        """Take note of a failed attempt, and return the seconds to wait before the next one.

        None where the error stands: it is not worth a repetition or must not have one, the attempts, the time or the
        budget are used up, or the wait would not end before the deadline around. Where it is not None, the next
        attempt is made, after :meth:`pause` or its asynchronous form.
        """
        setting, terms = self._setting, self._terms
        self.attempts += 1
        if not isinstance(error, terms.config.exceptions) or (
            isinstance(error, Refused) and not terms.config.names_exceptions
        ):
            return None
        if self.attempts >= terms.config.max_attempts and not terms.config.per_error:
            self._give_up("used_up")
            return None
        verdict = setting.classify(error, component=setting.component, operation=setting.name)
        if not verdict.outcome_known and not setting.is_repeatable:
            return None
        if setting.terms.config.per_error:
            self._terms = setting.terms_for(error, verdict)
            self.attempts -= 1
            return self.answer(error, verdict, self._left())
        if not (verdict.retryable and terms.is_plain) and not self._accepts(error, verdict):
            return None
        delay = self._next(error, verdict.reason, verdict.retry_after, self._left())
        if delay == 0:
            setting.learn(error)
        return delay

    def answer(self, error: Exception, verdict: Classification, left: float | None) -> float | None:
        """As :meth:`delay_after`, for an error that the guard has classified and whose call may be sent again.

        Args:
            error: what the attempt raised.
            verdict: what it is.
            left: seconds until the call's deadline, or None.
        """
        terms = self._terms
        self.attempts += 1
        if not (isinstance(error, terms.config.exceptions) and self._accepts(error, verdict)):
            return None
        if self.attempts >= terms.config.max_attempts:
            self._give_up("used_up")
            return None
        return self._next(error, verdict.reason, verdict.retry_after, _nearer(left, self._left_of_own()))

    def delay_after_unwanted(self) -> float | None:
        """As :meth:`delay_after`, for an attempt whose result is not wanted; None where it stands all the same."""
        self.attempts += 1
        if self.attempts >= self._terms.config.max_attempts:
            self._give_up("used_up")
            return None
        return self._next(None, FailureReason.OTHER, None, self._left())

    def pause(self, delay: float) -> None:
        """Tell the hooks and wait, in the calling thread; not at all for a delay of zero."""
        try:
            for hook in self._terms.config.before_sleep:
                self._tell(hook, delay)
            self._error = None
            if delay > 0:
                self._setting.clock.sleep_sync(delay)
        except BaseException:
            self.refund()
            raise

    async def pause_async(self, delay: float) -> None:
        """As :meth:`pause`, in a task."""
        try:
            for hook in self._terms.config.before_sleep:
                answer = self._tell(hook, delay, is_async=True)
                if answer is not None:
                    await self._heard(answer)
            self._error = None
            if delay > 0:
                await self._setting.clock.sleep(delay)
        except BaseException:
            self.refund()
            raise

    def tell(self, delay: float) -> list[Awaitable[Any]]:
        """Tell the hooks without waiting, and return what they want awaited; nothing outside an event loop."""
        hooks = self._terms.config.before_sleep
        is_async = bool(hooks) and _is_in_event_loop()
        answers = [self._tell(hook, delay, is_async=is_async) for hook in hooks]
        self._error = None
        return [self._heard(answer) for answer in answers if answer is not None]

    def succeeded(self) -> None:
        """Take note that an attempt succeeded: what its repetition took from the budget comes back."""
        if self._paid_from is not None:
            self.refund()
        elif self._terms.budget is not None:
            self._terms.budget.deposit()

    def refund(self) -> None:
        """Bring back to the budget what the last repetition took."""
        budget, self._paid_from, self._error = self._paid_from, None, None
        if budget is not None:
            budget.give_back(self._spent)

    def _accepts(self, error: Exception, verdict: Classification) -> bool:
        try:
            return self._terms.accept(error, verdict)
        except Exception as failure:  # noqa: BLE001 - the caller gets the call's own error
            self._setting.report("retry_if", failure)
            return False

    def _next(
        self, error: Exception | None, reason: FailureReason, asked: float | None, left: float | None
    ) -> float | None:
        setting, terms = self._setting, self._terms
        if asked is not None:
            delay = asked
        elif terms.waits:
            delay = self.previous = terms.backoff.delay(self.attempts - 1, setting.random, self.previous)
        else:
            delay = 0.0
        if (left is not None and delay >= left) or delay == math.inf:
            self._give_up("out_of_time")
            return None
        if terms.budget is not None:
            spent = terms.budget.withdraw(after_timeout=reason is FailureReason.TIMEOUT)
            if spent is None:
                self._give_up("budget_spent")
                return None
            self._spent, self._paid_from = spent, terms.budget
        if terms.config.before_sleep:
            self._error = error
        if setting.announces and setting.observed:
            self._announce("retrying", delay, "" if error is None else type(error).__name__)
        return delay

    def _left(self) -> float | None:
        """Return the seconds in which the next attempt must begin, or None; no clock is read for nothing."""
        until = ambient_deadline.get()
        if until is None and self._terms.config.max_elapsed is None:
            return None
        return _nearer(None if until is None else until - self._setting.clock.monotonic(), self._left_of_own())

    def _left_of_own(self) -> float | None:
        limit = self._terms.config.max_elapsed
        if limit is None or self._began is None:
            return None
        return self._began + limit - self._setting.clock.monotonic()

    def _give_up(self, why: str) -> None:
        setting = self._setting
        if setting.observed and (setting.announces or why == "budget_spent"):
            action = why if why == "budget_spent" else "gave_up"
            detail = {"used_up": "no attempt is left", "out_of_time": "no time is left"}.get(why, "")
            self._announce(action, None, detail)

    def _announce(self, action: str, delay: float | None, detail: str) -> None:
        setting = self._setting
        setting.host.publish(
            PolicyEvent(
                policy="retry", key=setting.key, action=action, attempt=self.attempts, delay=delay, detail=detail
            )
        )

    def _tell(self, hook: Callable[..., Any], delay: float, *, is_async: bool = False) -> Awaitable[Any] | None:
        """Call a hook; return what it wants awaited."""
        try:
            answer = hook(Retrying(attempt=self.attempts, error=self._error, delay=delay, key=self._setting.key))
        except Exception as failure:  # noqa: BLE001 - a hook never breaks the call
            self._setting.report("before_sleep", failure)
            return None
        if not inspect.isawaitable(answer):
            return None
        if is_async:
            return answer
        if inspect.iscoroutine(answer):
            answer.close()
        # A synchronous call has no event loop to wait on.
        self._setting.report("before_sleep", TypeError("a synchronous call takes plain functions only"))
        return None

    async def _heard(self, answer: Awaitable[Any]) -> None:
        try:
            await answer
        except Exception as failure:  # noqa: BLE001 - a hook never breaks the call
            self._setting.report("before_sleep", failure)


def _is_in_event_loop() -> bool:
    try:
        anyio.lowlevel.current_token()
    except RuntimeError:
        return False
    return True


def _nearer(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
