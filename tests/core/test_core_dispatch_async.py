"""The hooks that may be asynchronous: ``rate_limit`` and ``recover``, on asyncio and trio."""

# ruff: noqa: PLW0108 - hookimpl marks functions, neither bound methods nor classes
from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, ClassVar

import anyio
import pytest

from recoup import (
    Call,
    Classification,
    Config,
    ErrorCategory,
    ErrorContext,
    ErrorHandler,
    ErrorSeverity,
    Operation,
    OperationKind,
    PluginEvent,
    RateLimitDecision,
    Recovery,
    hookimpl,
)

pytestmark = pytest.mark.anyio

ALLOW = RateLimitDecision(allowed=True)
KNOWN = Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True)
UNKNOWN = Classification(
    severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True, outcome_known=False
)


def deny(retry_after: float | None = None, reason: str = "") -> RateLimitDecision:
    return RateLimitDecision(allowed=False, retry_after=retry_after, reason=reason)


def plugin(hook: str, function: Any, **attributes: Any) -> Any:
    return SimpleNamespace(**{hook: hookimpl(function)}, **attributes)


def later(answer: Any) -> Any:
    async def implementation() -> Any:
        await anyio.lowlevel.checkpoint()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return implementation


def at_once(answer: Any) -> Any:
    def implementation() -> Any:
        if isinstance(answer, BaseException):
            raise answer
        return answer

    return implementation


class World:
    def __init__(self, settings: dict[str, Any] | None = None, **plugins: Any) -> None:
        self.events: list[Any] = []
        clean = plugin("sanitize", lambda payload: payload)
        watch = plugin("monitor", lambda event: self.events.append(event))
        everyone = {**plugins, "clean": clean, "watch": watch}
        config = Config.from_dict(
            {"error_handling": {"plugins": settings or {}}}, plugins=dict.fromkeys(everyone, object)
        )
        self.handler = ErrorHandler(config, plugins=everyone, discover=False)

    def faults(self) -> list[tuple[str, str, str]]:
        return [(item.plugin, item.hook, item.fault) for item in self.events if isinstance(item, PluginEvent)]

    def context(self, classification: Classification = KNOWN, call: Call | None = None) -> ErrorContext:
        context = self.handler.create_error_context(ValueError("x"), "exchange", "create_order", call=call)
        context.classification = classification
        return context

    async def limit(self) -> RateLimitDecision:
        return await self.handler.hooks.rate_limit("exchange", "create_order")

    async def recover(self, classification: Classification = KNOWN, call: Call | None = None) -> Recovery | None:
        context = self.context(classification, call)
        return await self.handler.hooks.recover(context.error, context)


class TestRateLimit:
    async def test_with_no_opinion_the_operation_is_allowed(self) -> None:
        assert (await World(a=plugin("rate_limit", at_once(None))).limit()).allowed

    async def test_the_strictest_of_plain_and_coroutine_answers_wins(self) -> None:
        world = World(
            a=plugin("rate_limit", at_once(ALLOW)),
            b=plugin("rate_limit", later(deny(3.0, "short"))),
            c=plugin("rate_limit", at_once(deny(9.0, "long"))),
            d=plugin("rate_limit", later(deny(None, "none"))),
            e=plugin("rate_limit", later(ALLOW)),
        )
        assert await world.limit() == deny(9.0, "long")
        assert world.faults() == []

    @pytest.mark.parametrize("make", [at_once, later])
    @pytest.mark.parametrize("answer", [ValueError("x"), True, "deny"])
    async def test_a_failing_plugin_allows_by_default_and_denies_where_it_says_so(self, make: Any, answer: Any) -> None:
        fault = "raised" if isinstance(answer, Exception) else "wrong_type"
        lenient = World(a=plugin("rate_limit", make(answer)))
        assert (await lenient.limit()).allowed
        assert lenient.faults() == [("a", "rate_limit", fault)]
        strict = World(a=plugin("rate_limit", make(answer), on_failure="deny"))
        assert await strict.limit() == deny(reason="plugin a failed and is set to deny")

    async def test_the_configuration_overrides_what_the_plugin_says(self) -> None:
        failing = plugin("rate_limit", at_once(ValueError()), on_failure="deny")
        assert (await World({"a": {"on_failure": "allow"}}, a=failing).limit()).allowed


class TestRecover:
    async def test_the_first_answer_counts_whether_it_comes_at_once_or_later(self) -> None:
        world = World(
            a=plugin("recover", at_once(None)),
            b=plugin("recover", later(None)),
            c=plugin("recover", later(Recovery.recovered(7))),
            d=plugin("recover", at_once(ValueError("never asked"))),
        )
        assert await world.recover() == Recovery.recovered(7)
        assert world.faults() == []

    async def test_with_no_answer_there_is_none(self) -> None:
        assert await World(a=plugin("recover", later(None))).recover() is None

    async def test_an_unclassified_context_is_classified_first(self) -> None:
        world = World(k=plugin("classify", lambda: KNOWN), a=plugin("recover", at_once(Recovery.retry())))
        context = world.context()
        context.classification = None
        assert await world.handler.hooks.recover(context.error, context) == Recovery.retry()
        assert context.classification is KNOWN

    @pytest.mark.parametrize("make", [at_once, later])
    @pytest.mark.parametrize("answer", [ValueError("x"), StopIteration(), True, {"decision": "retry"}])
    async def test_a_failing_plugin_is_recorded_and_the_next_one_is_asked(self, make: Any, answer: Any) -> None:
        world = World(a=plugin("recover", make(answer)), b=plugin("recover", at_once(Recovery.give_up("b"))))
        assert await world.recover() == Recovery.give_up("b")
        fault = "raised" if isinstance(answer, Exception) else "wrong_type"
        assert world.faults() == [("a", "recover", fault)]

    async def test_a_plain_function_may_return_an_awaitable(self) -> None:
        world = World(a=plugin("recover", lambda: later(Recovery.recovered(1))()))
        assert await world.recover() == Recovery.recovered(1)

    async def test_a_coroutine_that_returns_a_coroutine_leaves_none_unawaited(self) -> None:
        async def nested() -> Any:
            return later(Recovery.recovered(1))()

        world = World(a=plugin("recover", nested))
        assert await world.recover() is None
        assert world.faults() == [("a", "recover", "wrong_type")]

    @pytest.mark.parametrize("is_async", [False, True])
    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    async def test_what_is_no_plain_exception_passes_untouched(self, is_async: bool, kind: type[BaseException]) -> None:
        failure = kind()

        async def soon() -> None:
            raise failure

        world = World(a=plugin("recover", soon if is_async else at_once(failure)))
        with pytest.raises(kind) as caught:
            await world.recover()
        assert caught.value is failure
        assert world.faults() == []

    async def test_cancellation_passes_through_a_running_plugin_and_lets_it_clean_up(self) -> None:
        steps: list[str] = []
        started = anyio.Event()

        async def slow() -> Recovery:
            try:
                started.set()
                await anyio.sleep_forever()
            finally:
                steps.append("cleaned up")
            return Recovery.retry()

        world = World(a=plugin("recover", slow), b=plugin("recover", at_once(Recovery.retry())))
        answers: list[Any] = []

        async def run() -> None:
            answers.append(await world.recover())

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await started.wait()
            group.cancel_scope.cancel()
        assert (answers, steps, world.faults()) == ([], ["cleaned up"], [])


class TestNothingIsSentAgainUnverified:
    """The first promise, held centrally: no plugin can break it by mistake."""

    SUBMIT = Operation(kind=OperationKind.SUBMIT)

    async def test_an_unverified_retry_of_an_unknown_outcome_is_refused_and_the_next_plugin_asked(self) -> None:
        world = World(
            a=plugin("recover", at_once(Recovery.retry(1.0))), b=plugin("recover", later(Recovery.unknown("b")))
        )
        assert await world.recover(UNKNOWN, Call(operation=self.SUBMIT)) == Recovery.unknown("b")
        assert world.faults() == [("a", "recover", "wrong_type")]
        assert world.events[0].detail == "a retry of a side effect whose outcome is unknown"

    async def test_also_where_no_guard_said_what_the_call_does(self) -> None:
        world = World(a=plugin("recover", at_once(Recovery.retry())))
        assert await world.recover(UNKNOWN) is None

    @pytest.mark.parametrize("kind", OperationKind)
    async def test_a_verified_retry_stands_and_so_does_one_of_a_repeatable_kind(self, kind: OperationKind) -> None:
        call = Call(operation=Operation(kind=kind))
        verified = World(a=plugin("recover", at_once(Recovery.retry(verified=True))))
        assert await verified.recover(UNKNOWN, call) is not None
        unverified = World(a=plugin("recover", at_once(Recovery.retry())))
        assert (await unverified.recover(UNKNOWN, call) is not None) == kind.repeatable
        assert await unverified.recover(KNOWN, call) is not None

    async def test_where_the_guard_takes_no_retry_the_answer_is_passed_over_without_blame(self) -> None:
        world = World(
            a=plugin("recover", at_once(Recovery.retry())), b=plugin("recover", at_once(Recovery.recovered(1)))
        )
        call = Call(operation=self.SUBMIT, may_repeat=False)
        assert await world.recover(KNOWN, call) == Recovery.recovered(1)
        assert world.faults() == []


class TestTimeLimit:
    LIMIT: ClassVar[dict[str, Any]] = {"a": {"time_limit": 0.03}}

    async def test_a_coroutine_over_its_limit_is_given_up_and_the_next_plugin_asked(self) -> None:
        world = World(
            self.LIMIT,
            a=plugin("recover", lambda: anyio.sleep_forever()),
            b=plugin("recover", at_once(Recovery.retry())),
        )
        assert await world.recover() == Recovery.retry()
        assert world.faults() == [("a", "recover", "timed_out")]

    async def test_a_plain_function_that_hangs_is_given_up_without_blocking_the_event_loop(self) -> None:
        release, calls = threading.Event(), []

        def hangs() -> None:
            calls.append(threading.current_thread())
            release.wait()

        world = World(self.LIMIT, a=plugin("recover", hangs), b=plugin("recover", at_once(Recovery.retry())))
        try:
            for _ in range(5):
                assert await world.recover() == Recovery.retry()
            assert len(calls) == 1  # the hanging call keeps the one worker; no further thread is spent on it
            assert world.faults() == [("a", "recover", "timed_out")]
        finally:
            release.set()
            world.handler.plugins.close()
        calls[0].join(5)
        assert not calls[0].is_alive()

    async def test_within_its_limit_nothing_changes(self) -> None:
        generous = {"a": {"time_limit": 60}, "b": {"time_limit": 60}, "c": {"time_limit": 60}}
        world = World(
            generous,
            a=plugin("recover", at_once(None)),
            b=plugin("recover", later(None)),
            c=plugin("recover", lambda: later(Recovery.recovered(3))()),
        )
        assert await world.recover() == Recovery.recovered(3)
        assert world.faults() == []
        world.handler.plugins.close()

    async def test_a_time_out_of_the_plugins_own_is_told_from_its_time_limit(self) -> None:
        world = World({"a": {"time_limit": 60}}, a=plugin("recover", at_once(TimeoutError("own"))))
        assert await world.recover() is None
        assert world.faults() == [("a", "recover", "raised")]
        world.handler.plugins.close()

    async def test_cancellation_does_not_wait_for_a_plain_function_that_hangs(self) -> None:
        release, entered = threading.Event(), threading.Event()

        def hangs() -> None:
            entered.set()
            release.wait()

        world = World({"a": {"time_limit": 60}}, a=plugin("recover", hangs))
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(world.recover)
                await anyio.to_thread.run_sync(entered.wait)
                group.cancel_scope.cancel()
        finally:
            release.set()
            world.handler.plugins.close()
        assert world.faults() == []
