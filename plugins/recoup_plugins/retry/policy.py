"""Retry as a policy in a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup_plugins.retry.series import Series

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup_plugins.retry.budget import Budget
    from recoup_plugins.retry.setting import Setting


class RetryPolicy:
    """A :class:`recoup.Rescue` that repeats calls. Immutable, hence thread-safe and task-safe.

    The error that comes out in the end is the last attempt's own; those before it are forgotten.

    Args:
        setting: what is repeated, and how.
    """

    __slots__ = ("_at_once", "_setting", "in_guard")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._at_once = RepeatingAtOnce(setting)
        budget = setting.terms.budget
        self.in_guard = None if budget is None else Deposits(budget)

    def begin(self, error: Exception) -> Repeating | RepeatingAtOnce | None:
        """Take a failure on that is worth a repetition."""
        if self._setting.knows(error):
            return self._at_once
        repeating = Repeating(self._setting)
        delay = repeating.delay_after(error)
        if delay is None:
            return None
        repeating.delay = delay
        return repeating

    def series(self) -> Series:
        """Return the attempts of one block, of which none has been made."""
        return Series(self._setting)


class BudgetedRetryPolicy(RetryPolicy):
    """A :class:`RetryPolicy` whose successes count. Immutable, hence thread-safe and task-safe.

    Attributes:
        passed: takes note of a call that has succeeded at once.
    """

    __slots__ = ("passed",)

    def __init__(self, setting: Setting, budget: Budget) -> None:
        super().__init__(setting)
        self.passed = budget.deposit


class Deposits:
    """A :class:`recoup.Rescue` that only counts successes, within a guard whose recovery repeats. Immutable.

    Attributes:
        passed: takes note of a call that has succeeded.
    """

    __slots__ = ("passed",)

    def __init__(self, budget: Budget) -> None:
        self.passed = budget.deposit

    def begin(self, error: Exception) -> None:
        """Let it pass."""


class Repeating(Series):
    """A failed call that is made again until it succeeds or its error stands. Belongs to one task or thread.

    Attributes:
        delay: seconds until the next attempt.
    """

    delay: float

    def run(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call again; see :class:`recoup.Rescuing`."""
        setting, delay = self._setting, self.delay
        while True:
            if delay > 0 or setting.has_hooks:
                self.pause(delay)
            try:
                result = inner(*args, **kwargs)
            except Exception as error:
                again = self.delay_after(error)
                if again is None:
                    raise
            else:
                again = None if setting.takes_any_result else self._delay_after_result(result)
                if again is None:
                    return result
            delay = again

    async def run_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`run`, for coroutine functions."""
        setting, delay = self._setting, self.delay
        while True:
            if delay > 0 or setting.has_hooks:
                await self.pause_async(delay)
            try:
                result = await inner(*args, **kwargs)
            except Exception as error:
                again = self.delay_after(error)
                if again is None:
                    raise
            else:
                again = None if setting.takes_any_result else self._delay_after_result(result)
                if again is None:
                    return result
            delay = again

    def _delay_after_result(self, result: Any) -> float | None:
        """Return the seconds to wait before the next attempt, or None where the result stands."""
        if not self._setting.is_unwanted(result):
            self.succeeded()
            return None
        return self.delay_after_unwanted()


class RepeatingAtOnce:
    """Any failed call that is made again without a delay, while its errors are known to be worth it.

    Its state is in local variables, so that all calls share it. Immutable, hence thread-safe and task-safe.

    Args:
        setting: what is repeated, and how.
    """

    __slots__ = ("_setting",)

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def run(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call again; see :class:`recoup.Rescuing`."""
        setting, attempts = self._setting, 2
        while True:
            try:
                return inner(*args, **kwargs)
            except Exception as error:
                if attempts < setting.max_attempts and setting.knows(error):
                    attempts += 1
                    continue
                repeating = Repeating.resumed(setting, attempts=attempts - 1)
                delay = repeating.delay_after(error)
                if delay is None:
                    raise
            repeating.delay = delay
            return repeating.run(inner, args, kwargs)

    async def run_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`run`, for coroutine functions."""
        setting, attempts = self._setting, 2
        while True:
            try:
                return await inner(*args, **kwargs)
            except Exception as error:
                if attempts < setting.max_attempts and setting.knows(error):
                    attempts += 1
                    continue
                repeating = Repeating.resumed(setting, attempts=attempts - 1)
                delay = repeating.delay_after(error)
                if delay is None:
                    raise
            repeating.delay = delay
            return await repeating.run_async(inner, args, kwargs)


class StandingRetryPolicy:
    """A :class:`recoup.Wrapper` that repeats calls, also for their results or within a limit of time.

    Immutable, hence thread-safe and task-safe.

    Args:
        setting: what is repeated, and how.

    Attributes:
        in_guard: what stands around a guard's attempts. Its recovery sees no results, so that what judges them stays.
    """

    __slots__ = ("_deposit", "_setting", "in_guard")

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        budget = setting.terms.budget
        self._deposit = None if budget is None else budget.deposit
        self.in_guard: StandingRetryPolicy | Deposits | None = None if budget is None else Deposits(budget)
        if setting.terms.config.retry_on_result is not None:
            self.in_guard = self

    def series(self) -> Series:
        """Return the attempts of one block, of which none has been made."""
        return Series.resumed(self._setting, began=self._now())

    def call(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call; see :class:`recoup.Wrapper`."""
        began = self._now()
        try:
            result = inner(*args, **kwargs)
        except Exception as error:
            repeating = Repeating.resumed(self._setting, began=began)
            delay = repeating.delay_after(error)
            if delay is None:
                raise
        else:
            if self._welcomes(result):
                return result
            repeating = Repeating.resumed(self._setting, began=began)
            delay = repeating.delay_after_unwanted()
            if delay is None:
                return result
            del result
        repeating.delay = delay
        return repeating.run(inner, args, kwargs)

    async def call_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`call`, for coroutine functions."""
        began = self._now()
        try:
            result = await inner(*args, **kwargs)
        except Exception as error:
            repeating = Repeating.resumed(self._setting, began=began)
            delay = repeating.delay_after(error)
            if delay is None:
                raise
        else:
            if self._welcomes(result):
                return result
            repeating = Repeating.resumed(self._setting, began=began)
            delay = repeating.delay_after_unwanted()
            if delay is None:
                return result
            del result
        repeating.delay = delay
        return await repeating.run_async(inner, args, kwargs)

    def _now(self) -> float | None:
        return self._setting.clock.monotonic() if self._setting.is_timed else None

    def _welcomes(self, result: Any) -> bool:
        if self._setting.is_unwanted(result):
            return False
        if self._deposit is not None:
            self._deposit()
        return True
