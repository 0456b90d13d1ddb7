"""Fallback as a policy in a pipeline."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from recoup import (
    Decision,
    FallbackConfig,
    FallbackStrategy,
    PluginEvent,
    PolicyEvent,
    ServiceDegraded,
    function_within,
    note_stand_in,
    outcome_of,
    watch_stand_ins,
)
from recoup_plugins.fallback.empty import empty_value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from recoup import Host, Scope
    from recoup_plugins.fallback.results import LastResults


class Judge:
    """Says which failures have a stand-in, and tells the operator. Immutable, hence thread-safe and task-safe.

    Args:
        config: the stand-in.
        scope: what it is made for.
        host: the handler.

    Attributes:
        config: as given.
        scope: as given.
    """

    __slots__ = ("_host", "config", "scope")

    def __init__(self, config: FallbackConfig, scope: Scope, host: Host) -> None:
        self.config = config
        self.scope = scope
        self._host = host

    def admits(self, error: Exception) -> bool:
        """Say whether something may stand in: not where a side effect may have happened, which it would hide."""
        if not isinstance(error, self.config.exceptions):
            return False
        if self.scope.kind.repeatable:
            return True
        outcome = outcome_of(error)  # a guard within has found out more than the error tells
        if outcome is None:
            scope = self.scope
            return self._host.classify(error, component=scope.component, operation=scope.name).outcome_known
        return outcome.decision is not Decision.UNKNOWN and outcome.classification.outcome_known

    def degraded(self, error: Exception) -> ServiceDegraded:
        """Return what is raised in place of an error."""
        scope = self.scope
        verdict = self._host.classify(error, component=scope.component, operation=scope.name)
        return ServiceDegraded(
            f"{scope.name} failed ({type(error).__name__}); run degraded",
            key=scope.key,
            retry_after=verdict.retry_after,
        )

    def stood_in(self, error: Exception) -> None:
        """Tell that a stand-in has been given."""
        note_stand_in()
        if self._host.hears("policy"):
            detail = f"{self.config.strategy.value} for {type(error).__name__}"
            self._host.publish(PolicyEvent(policy="fallback", key=self.scope.key, action="stood_in", detail=detail))

    def failed(self, failure: Exception) -> None:
        """Tell that there is no stand-in after all; the caller gets the call's own error."""
        event = PluginEvent(plugin="fallback", hook="policy", fault="raised", detail=_told(failure))
        self._host.publish(event)


class FallbackPolicy:
    """A :class:`recoup.Rescue` that gives a stand-in. Immutable, hence thread-safe and task-safe.

    Args:
        judge: says for which failures.
    """

    __slots__ = ("_judge",)

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def begin(self, error: Exception) -> StandIn | None:
        """Take a failure on that has a stand-in."""
        return StandIn(self._judge, error) if self._judge.admits(error) else None


class StandIn:
    """One failed call that gets a stand-in for its result. Belongs to one task or thread, and is run once.

    Where the stand-in itself fails, that is reported, and the call's own error comes out.
    """

    __slots__ = ("_error", "_judge")

    def __init__(self, judge: Judge, error: Exception) -> None:
        self._judge = judge
        self._error: Exception | None = error

    def run(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the stand-in; see :class:`recoup.Rescuing`.

        Raises:
            ServiceDegraded: the strategy says so.
        """
        judge, error = self._judge, self._taken()
        if judge.config.strategy is FallbackStrategy.RAISE_DEGRADED:
            raise judge.degraded(error) from error
        try:
            value = self._value(inner, args, kwargs)
            if self._waits(value):
                value = _refused(value)
        except Exception as failure:  # noqa: BLE001 - the caller gets the call's own error
            judge.failed(failure)
        else:
            judge.stood_in(error)
            return value
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    async def run_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`run`, for coroutine functions."""
        judge, error = self._judge, self._taken()
        if judge.config.strategy is FallbackStrategy.RAISE_DEGRADED:
            raise judge.degraded(error) from error
        try:
            value = self._value(inner, args, kwargs)
            if self._waits(value):
                value = await value
        except Exception as failure:  # noqa: BLE001 - the caller gets the call's own error
            judge.failed(failure)
        else:
            judge.stood_in(error)
            return value
        try:
            raise error
        finally:
            del error  # its traceback holds this frame

    def _taken(self) -> Exception:
        error, self._error = self._error, None
        assert error is not None  # it is run once
        return error

    def _waits(self, value: Any) -> bool:
        return self._judge.config.fallback_function is not None and inspect.isawaitable(value)

    def _value(self, inner: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        config = self._judge.config
        match config.strategy:
            case FallbackStrategy.RETURN_DEFAULT:
                return config.default_value
            case FallbackStrategy.RETURN_EMPTY:
                return empty_value(function_within(inner))
            case FallbackStrategy.RETRY_ALTERNATIVE:
                assert config.fallback_function is not None  # FallbackConfig sees to it
                return config.fallback_function(*args, **kwargs)
            case _:
                return None


class LastGoodPolicy:
    """A :class:`recoup.Wrapper` that remembers good results and gives out the last one where a call fails.

    As thread-safe and task-safe as the results, which are both.

    Args:
        judge: says for which failures.
        results: good results.
    """

    __slots__ = ("_judge", "_results")

    def __init__(self, judge: Judge, results: LastResults) -> None:
        self._judge = judge
        self._results = results

    def call(self, inner: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Make the call; see :class:`recoup.Wrapper`."""
        try:
            with watch_stand_ins() as stand_ins:
                result = inner(*args, **kwargs)
        except Exception as error:
            last = self._results.last(function_within(inner), args, kwargs) if self._judge.admits(error) else None
            if last is None:
                raise
            self._judge.stood_in(error)
            return last.value
        if not stand_ins.seen:
            self._results.keep(function_within(inner), args, kwargs, result)
        return result

    async def call_async(
        self, inner: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As :meth:`call`, for coroutine functions."""
        try:
            with watch_stand_ins() as stand_ins:
                result = await inner(*args, **kwargs)
        except Exception as error:
            last = self._results.last(function_within(inner), args, kwargs) if self._judge.admits(error) else None
            if last is None:
                raise
            self._judge.stood_in(error)
            return last.value
        if not stand_ins.seen:
            self._results.keep(function_within(inner), args, kwargs, result)
        return result


def _refused(awaitable: Any) -> Any:
    if inspect.iscoroutine(awaitable):
        awaitable.close()
    raise TypeError("a synchronous call can't wait for an asynchronous fallback_function: give it a plain one")


def _told(failure: Exception) -> str:
    """Return the failure's class; and its message where it is our own, about an annotation or a function."""
    return f"TypeError: {failure}" if type(failure) is TypeError else type(failure).__name__
