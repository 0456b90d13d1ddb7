"""Retry as a policy in a pipeline: one specification for synchronous and asynchronous calls."""

from __future__ import annotations

import gc
import traceback
import weakref
from contextlib import suppress
from datetime import timedelta

import anyio
import pytest
from attrs import evolve
from retrying import EVERY_WAY, KNOWN, READ, UNKNOWN, ByClass, Classifies, Listens, Venue, failures, make_handler

from recoup import (
    UNCLASSIFIED,
    CircuitOpen,
    ErrorHandlingConfig,
    FailureReason,
    Operation,
    OperationKind,
    Pipeline,
    PolicyMisuse,
    RetryConfig,
    deadline,
)

pytestmark = pytest.mark.anyio
AT_ONCE = RetryConfig(max_attempts=3, base_delay=0)


class VenueBusy(Exception):
    verdict = KNOWN


@pytest.fixture
def handler():
    return make_handler()


@EVERY_WAY
class TestAttempts:
    @pytest.fixture(params=[Classifies, ByClass])
    def handler(self, request):
        """Errors are looked into, or known by their class once one has been."""
        return make_handler(classifies=request.param())

    @pytest.mark.parametrize("attempts", [1, 2, 3, 7])
    async def test_exactly_as_many_calls_are_made_as_attempts_are_allowed(self, call, handler, attempts):
        pipeline = Pipeline(evolve(AT_ONCE, max_attempts=attempts), handler=handler)
        for _ in range(2):
            venue = Venue(ConnectionError())
            with pytest.raises(ConnectionError):
                await call(pipeline, venue)
            assert venue.calls == attempts

    async def test_the_first_success_counts(self, call, handler):
        venue = Venue(*failures(2), "ok")
        assert await call(Pipeline(AT_ONCE, handler=handler), venue, 1, two=2) == "ok"
        assert venue.calls == 3
        assert handler.clock.sleeps == []

    async def test_the_last_attempts_own_error_comes_out(self, call, handler):
        pipeline, raised = Pipeline(AT_ONCE, handler=handler), failures(3)
        await call(pipeline, Venue(*failures(2), "ok"))
        with pytest.raises(ConnectionError) as caught:
            await call(pipeline, Venue(*raised))
        assert caught.value is raised[2]
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None
        functions = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert functions.count("fetch") == 1

    async def test_a_call_within_a_handler_of_another_error_keeps_that_context(self, call, handler):
        outer = KeyError("outer")
        with pytest.raises(ConnectionError) as caught:
            try:
                raise outer
            except KeyError:
                await call(Pipeline(AT_ONCE, handler=handler), Venue(ConnectionError()))
        assert caught.value.__context__ is outer

    async def test_cancellation_and_the_like_are_never_repeated(self, call, handler):
        class Stop(BaseException):
            pass

        venue = Venue(ConnectionError(), Stop())
        with pytest.raises(Stop):
            await call(Pipeline(AT_ONCE, handler=handler), venue)
        assert venue.calls == 2

    @pytest.mark.parametrize("failing", [2, 3])
    async def test_nothing_of_a_call_lives_on_in_a_cycle(self, call, handler, failing):
        class Argument:
            pass

        class Noted(ConnectionError):
            pass

        class Fails(Venue):
            def fetch(self, *args, **kwargs):
                self.calls += 1
                if self.calls > failing:
                    return "ok"
                error = Noted()
                remembered.append(weakref.ref(error))
                try:
                    raise error
                finally:
                    del error

        argument = Argument()
        remembered = [weakref.ref(argument)]
        noticed = evolve(AT_ONCE, before_sleep=lambda retrying: None)
        unready = evolve(AT_ONCE, retry_on_result=lambda result: result is None)
        gc.collect()
        gc.disable()
        try:
            for config in (AT_ONCE, noticed, unready):
                pipeline = Pipeline(config, handler=handler)
                for _ in range(2):
                    with suppress(Noted):
                        await call(pipeline, Fails(), argument)
            del argument
            assert len(remembered) == 1 + 6 * failing
            assert [item() for item in remembered] == [None] * len(remembered)
        finally:
            gc.enable()


@EVERY_WAY
class TestWhatIsRepeated:
    async def test_only_the_exceptions_that_are_named(self, call, handler):
        pipeline = Pipeline(evolve(AT_ONCE, exceptions=(OSError,)), handler=handler)
        for error, calls in ((ConnectionError(), 3), (KeyError(), 1)):
            venue = Venue(error)
            with pytest.raises(type(error)):
                await call(pipeline, venue)
            assert venue.calls == calls

    async def test_only_what_the_predicate_says(self, call, handler):
        pipeline = Pipeline(evolve(AT_ONCE, retry_if=lambda error: "again" in str(error)), handler=handler)
        for error, calls in ((RuntimeError("try again"), 3), (RuntimeError("never"), 1)):
            venue = Venue(error)
            with pytest.raises(RuntimeError):
                await call(pipeline, venue)
            assert venue.calls == calls

    async def test_a_predicate_that_fails_is_reported_and_says_no(self, call):
        listens = Listens()
        pipeline = Pipeline(
            evolve(AT_ONCE, retry_if=lambda error: error.missing), handler=make_handler(listens=listens)
        )
        venue = Venue(ConnectionError())
        with pytest.raises(ConnectionError) as caught:
            await call(pipeline, venue)
        assert venue.calls == 1
        assert caught.value.__context__ is None
        (event,) = [event for event in listens.events if event.kind == "plugin" and event.fault == "raised"]
        assert (event.plugin, event.hook, event.detail) == ("retry", "retry_if", "AttributeError")

    async def test_a_known_permanent_failure_is_not_unless_it_is_named(self, call):
        permanent = evolve(KNOWN, retryable=False, reason=FailureReason.INVALID_REQUEST)
        for config, calls in (
            (AT_ONCE, 1),
            (evolve(AT_ONCE, exceptions=(LookupError,)), 3),
            (evolve(AT_ONCE, retry_if=lambda error: isinstance(error, KeyError)), 3),
        ):
            venue = Venue(KeyError())
            with pytest.raises(KeyError):
                await call(Pipeline(config, handler=make_handler(permanent)), venue)
            assert venue.calls == calls

    async def test_what_nobody_knows_is_repeated_where_that_does_no_harm(self, call):
        venue = Venue(RuntimeError())
        with pytest.raises(RuntimeError):
            await call(Pipeline(AT_ONCE, handler=make_handler(UNCLASSIFIED)), venue)
        assert venue.calls == 3

    @pytest.mark.parametrize("kind", list(OperationKind))
    async def test_a_side_effect_whose_outcome_is_unknown_is_never_sent_again(self, call, kind):
        config = evolve(AT_ONCE, exceptions=(ConnectionError,), retry_if=lambda error: True)
        for verdict in (UNKNOWN, KNOWN):
            venue = Venue(ConnectionError())
            pipeline = Pipeline(config, operation=Operation(kind=kind), handler=make_handler(verdict))
            may_repeat = verdict is KNOWN or kind.repeatable or kind is OperationKind.UNSPECIFIED  # its name is "fetch"
            with pytest.raises(ConnectionError):
                await call(pipeline, venue)
            assert venue.calls == (3 if may_repeat else 1)

    async def test_a_refusal_is_not_unless_it_is_named(self, call, handler):
        for config, calls in ((AT_ONCE, 1), (evolve(AT_ONCE, exceptions=(CircuitOpen,)), 3)):
            venue = Venue(CircuitOpen("open", key="venue"))
            with pytest.raises(CircuitOpen):
                await call(Pipeline(config, handler=handler), venue)
            assert venue.calls == calls


@EVERY_WAY
class TestResults:
    UNREADY = evolve(AT_ONCE, retry_on_result=lambda result: result is None)

    async def test_an_unwanted_result_is_asked_for_again(self, call, handler):
        venue = Venue(None, ConnectionError(), "ok")
        assert await call(Pipeline(self.UNREADY, handler=handler), venue) == "ok"
        assert venue.calls == 3

    async def test_the_last_one_stands_whatever_it_is(self, call, handler):
        venue = Venue(None)
        assert await call(Pipeline(self.UNREADY, handler=handler), venue) is None
        assert venue.calls == 3

    async def test_a_predicate_that_fails_is_reported_and_the_result_stands(self, call):
        listens = Listens()
        config = evolve(AT_ONCE, retry_on_result=lambda result: result.missing)
        assert await call(Pipeline(config, handler=make_handler(listens=listens)), Venue("ok")) == "ok"
        assert [event.hook for event in listens.events if event.kind == "plugin" and event.fault == "raised"] == [
            "retry_on_result"
        ]

    @pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND])
    async def test_an_order_is_not_sent_again_for_what_its_answer_looks_like(self, call, handler, kind):
        venue = Venue(None)
        with pytest.raises(PolicyMisuse, match="twice"):
            await call(Pipeline(self.UNREADY, operation=Operation(kind=kind), handler=handler), venue)
        assert venue.calls == 0


@EVERY_WAY
class TestDelays:
    async def test_they_grow_as_the_strategy_says(self, call, handler):
        pipeline = Pipeline(RetryConfig(max_attempts=4, base_delay=2, max_delay=5), handler=handler)
        assert await call(pipeline, Venue(*failures(3), "ok")) == "ok"
        assert handler.clock.sleeps == [2, 4, 5]

    async def test_what_the_other_side_asks_for_goes_before_even_above_the_maximum(self, call, handler):
        venue = Venue(*[VenueBusy() for _ in range(3)], "ok")
        for error, asked in zip(venue.answers[:3], (90.0, 0.0, None), strict=True):
            error.verdict = evolve(KNOWN, retry_after=asked)
        pipeline = Pipeline(RetryConfig(max_attempts=4, base_delay=1, max_delay=5), handler=handler)
        assert await call(pipeline, venue) == "ok"
        assert handler.clock.sleeps == [90, 4]

    async def test_decorrelated_jitter_goes_by_the_delay_before(self, call, handler):
        config = RetryConfig(max_attempts=30, base_delay=1, max_delay=40, jitter="decorrelated")
        with pytest.raises(ConnectionError):
            await call(Pipeline(config, handler=handler), Venue(ConnectionError()))
        delays = handler.clock.sleeps
        assert len(delays) == 29
        for previous, delay in zip([1, *delays], delays, strict=False):
            assert 1 <= delay <= min(40, 3 * previous)
        assert len({round(delay, 6) for delay in delays if delay < 40}) > 5

    @pytest.mark.parametrize(("seconds", "calls"), [(0, 1), (2, 1), (2.5, 2), (6, 2), (6.5, 3)])
    async def test_no_retry_starts_that_cannot_begin_before_the_deadline(self, call, handler, seconds, calls):
        raised = failures(4)
        pipeline = Pipeline(RetryConfig(max_attempts=4, base_delay=2), operation=READ, handler=handler)
        venue = Venue(*raised)
        with deadline(seconds, clock=handler.clock), pytest.raises(ConnectionError) as caught:
            await call(pipeline, venue)
        assert venue.calls == calls
        assert caught.value is raised[calls - 1]

    async def test_without_a_delay_the_deadline_counts_too(self, call, handler):
        pipeline, venue = Pipeline(AT_ONCE, handler=handler), Venue(ConnectionError())
        with deadline(0, clock=handler.clock), pytest.raises(ConnectionError):
            await call(pipeline, venue)
        assert venue.calls == 1

    @pytest.mark.parametrize(("limit", "calls"), [(1, 1), (2, 1), (2.5, 2), (6, 2), (7, 3)])
    async def test_nor_after_the_longest_time_elapsed(self, call, handler, limit, calls):
        venue = Venue(ConnectionError())
        with pytest.raises(ConnectionError):
            await call(Pipeline(RetryConfig(max_attempts=9, base_delay=2, max_elapsed=limit), handler=handler), venue)
        assert venue.calls == calls

    async def test_the_time_that_attempts_take_counts_as_elapsed(self, call, handler):
        class Slow(Venue):
            def fetch(self, *args, **kwargs):
                handler.clock.advance(5)
                return super().fetch()

        venue = Slow(ConnectionError())
        with pytest.raises(ConnectionError):
            await call(Pipeline(evolve(AT_ONCE, max_attempts=9, max_elapsed=12), handler=handler), venue)
        assert venue.calls == 3


@EVERY_WAY
class TestBeforeSleep:
    async def test_each_hook_is_told_before_each_repetition(self, call, handler):
        told, slept = [], []

        def hook(retrying):
            told.append((retrying.attempt, retrying.error, retrying.delay, retrying.key))
            slept.append(list(handler.clock.sleeps))

        raised = failures(2)
        pipeline = Pipeline(RetryConfig(before_sleep=hook), name="prices", handler=handler)
        assert await call(pipeline, Venue(*raised, "ok")) == "ok"
        assert told == [(1, raised[0], 1, "prices"), (2, raised[1], 2, "prices")]
        assert slept == [[], [1]]

    async def test_also_where_there_is_no_delay_and_for_results(self, call, handler):
        told = []
        config = evolve(AT_ONCE, before_sleep=told.append, retry_on_result=lambda result: result is None)
        assert await call(Pipeline(config, handler=handler), Venue(None, "ok")) == "ok"
        assert [(item.attempt, item.error, item.delay) for item in told] == [(1, None, 0)]

    async def test_one_that_fails_is_reported_and_breaks_nothing(self, call):
        listens, told = Listens(), []
        config = evolve(AT_ONCE, before_sleep=[lambda retrying: 1 / 0, told.append])
        assert await call(Pipeline(config, handler=make_handler(listens=listens)), Venue(*failures(1), "ok")) == "ok"
        assert len(told) == 1
        reports = [(event.hook, event.detail) for event in listens.events if event.kind == "plugin" and event.hook]
        assert reports == [("before_sleep", "ZeroDivisionError")]

    async def test_an_asynchronous_one_is_awaited_where_that_is_possible_and_reported_elsewhere(self, call):
        listens, told = Listens(), []

        async def hook(retrying):
            await anyio.lowlevel.checkpoint()
            told.append(retrying.attempt)

        pipeline = Pipeline(evolve(AT_ONCE, before_sleep=hook), handler=make_handler(listens=listens))
        assert await call(pipeline, Venue(*failures(2), "ok")) == "ok"
        reports = [event.hook for event in listens.events if event.kind == "plugin" and event.hook]
        assert (told, reports) == (([1, 2], []) if call.is_async else ([], ["before_sleep"] * 2))


@EVERY_WAY
class TestEvents:
    async def test_each_repetition_and_the_end_are_told(self, call):
        listens = Listens()
        pipeline = Pipeline(RetryConfig(max_attempts=2), name="prices", handler=make_handler(listens=listens))
        with pytest.raises(ConnectionError):
            await call(pipeline, Venue(ConnectionError()))
        events = [(item.key, item.action, item.attempt, item.delay) for item in listens.of("retry")]
        assert events == [("prices", "retrying", 1, 1.0), ("prices", "gave_up", 2, None)]

    async def test_a_failure_that_is_not_repeated_is_none_of_its_business(self, call):
        listens = Listens()
        permanent = evolve(KNOWN, retryable=False, reason=FailureReason.PROGRAMMING)
        with pytest.raises(KeyError):
            await call(Pipeline(AT_ONCE, handler=make_handler(permanent, listens=listens)), Venue(KeyError()))
        assert listens.of("retry") == []


@EVERY_WAY
class TestPerError:
    POLICIES = {  # noqa: RUF012
        "VenueBusy": RetryConfig(max_attempts=5, base_delay=7, backoff_strategy="constant"),
        "network_errors": RetryConfig(max_attempts=2, base_delay=1),
    }

    async def test_retry_policies_go_first_for_the_errors_they_name(self, call):
        handler = make_handler(config=ErrorHandlingConfig(retry_policies=self.POLICIES))
        pipeline = Pipeline(RetryConfig(max_attempts=9, base_delay=3, per_error=True), handler=handler)
        for error, calls, delays in ((VenueBusy(), 5, [7] * 4), (ConnectionError(), 2, [1])):
            venue = Venue(error)
            handler.clock.sleeps.clear()
            with pytest.raises(type(error)):
                await call(pipeline, venue)
            assert (venue.calls, handler.clock.sleeps) == (calls, delays)

    async def test_other_errors_go_by_the_pipelines_own(self, call):
        policies = {"VenueBusy": self.POLICIES["VenueBusy"]}
        handler = make_handler(config=ErrorHandlingConfig(retry_policies=policies))
        venue = Venue(ConnectionError())
        with pytest.raises(ConnectionError):
            await call(Pipeline(evolve(AT_ONCE, per_error=True), handler=handler), venue)
        assert venue.calls == 3

    async def test_without_asking_for_it_the_pipelines_own_is_all(self, call):
        handler = make_handler(config=ErrorHandlingConfig(retry_policies=self.POLICIES))
        venue = Venue(VenueBusy())
        with pytest.raises(VenueBusy):
            await call(Pipeline(AT_ONCE, handler=handler), venue)
        assert venue.calls == 3


class TestQuickPath:
    """What is remembered of a class is used for bare errors of that class only."""

    @pytest.fixture
    def handler(self):
        return make_handler(classifies=ByClass())

    async def test_it_makes_the_same_number_of_calls(self, handler):
        pipeline, venue = Pipeline(AT_ONCE, handler=handler), Venue(*failures(2), "ok")
        guarded = pipeline(venue.fetch)
        for _ in range(3):
            venue.calls = 0
            assert guarded() == "ok"
        venue.answers = failures(9)
        venue.calls = 0
        with pytest.raises(ConnectionError, match="failure 3"):
            guarded()

    async def test_an_error_that_has_more_to_tell_is_looked_into(self, handler):
        venue = Venue(*failures(2), "ok")
        guarded = Pipeline(AT_ONCE, handler=handler)(venue.fetch)
        assert guarded() == "ok"
        telling = ConnectionError("forbidden")
        telling.verdict = evolve(KNOWN, retryable=False, reason=FailureReason.PERMISSION)
        venue.answers, venue.calls = [telling], 0
        with pytest.raises(ConnectionError):
            guarded()
        assert venue.calls == 1

    async def test_the_deadline_counts(self, handler):
        venue = Venue(*failures(2), "ok")
        guarded = Pipeline(AT_ONCE, handler=handler)(venue.fetch)
        assert guarded() == "ok"
        venue.calls = 0
        with deadline(0, clock=handler.clock), pytest.raises(ConnectionError, match="failure 1"):
            guarded()


async def test_cancelled_while_it_waits_it_makes_no_further_call(handler):
    handler.clock.auto_advance = False
    venue = Venue(ConnectionError())
    guarded = Pipeline(RetryConfig(base_delay=5), handler=handler)(venue.fetch_async)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(guarded)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    handler.clock.advance(timedelta(days=1).total_seconds())
    assert venue.calls == 1
