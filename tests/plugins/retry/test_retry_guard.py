"""What a retry configuration can say beyond attempts and delays, within a guard, whose recovery repeats."""

from __future__ import annotations

import anyio
import pytest
from attrs import evolve
from retrying import EVERY_WAY, UNKNOWN, Listens, Venue, failures, make_handler

from recoup import ErrorHandlingConfig, Operation, OperationKind, RetryConfig, guard

AT_ONCE = RetryConfig(max_attempts=3, base_delay=0)


@pytest.mark.anyio
@EVERY_WAY
async def test_the_predicate_over_exceptions_decides(call):
    guarded = guard(evolve(AT_ONCE, retry_if=lambda error: "again" in str(error)), handler=make_handler())
    for error, calls in ((RuntimeError("try again"), 3), (RuntimeError("never"), 1)):
        venue = Venue(error)
        with pytest.raises(RuntimeError):
            await call(guarded, venue)
        assert venue.calls == calls


@pytest.mark.anyio
@EVERY_WAY
async def test_results_are_judged_around_each_attempt(call):
    guarded = guard(evolve(AT_ONCE, retry_on_result=lambda result: result is None), handler=make_handler())
    venue = Venue(None, ConnectionError(), "ok")
    assert await call(guarded, venue) == "ok"
    assert venue.calls == 3
    exhausted = Venue(ConnectionError())
    with pytest.raises(ConnectionError):
        await call(guarded, exhausted)
    assert exhausted.calls == 3


@pytest.mark.anyio
@EVERY_WAY
async def test_an_unknown_outcome_stays_with_the_recovery(call):
    config = evolve(AT_ONCE, exceptions=(ConnectionError,))
    venue = Venue(ConnectionError())
    guarded = guard(config, operation=Operation(kind=OperationKind.SUBMIT), handler=make_handler(UNKNOWN))
    with pytest.raises(ConnectionError):
        await call(guarded, venue)
    assert venue.calls == 1


@EVERY_WAY
@pytest.mark.parametrize("is_configured", [False, True])
@pytest.mark.anyio
async def test_the_time_elapsed_counts_from_the_first_attempt(call, is_configured):
    limited = evolve(AT_ONCE, max_attempts=9, max_elapsed=12)
    policies = {"default": limited} if is_configured else {}
    handler = make_handler(config=ErrorHandlingConfig(retry_policies=policies))

    class Slow(Venue):
        def fetch(self, *args, **kwargs):
            handler.clock.advance(5)
            return super().fetch()

    venue = Slow(ConnectionError())
    with pytest.raises(ConnectionError):
        await call(guard(*(() if is_configured else (limited,)), handler=handler), venue)
    assert venue.calls == 3


@pytest.mark.anyio
@EVERY_WAY
async def test_decorrelated_jitter_goes_by_the_delay_before(call):
    handler = make_handler()
    config = RetryConfig(max_attempts=30, base_delay=1, max_delay=40, backoff_strategy="decorrelated")
    with pytest.raises(ConnectionError):
        await call(guard(config, handler=handler), Venue(ConnectionError()))
    delays = handler.clock.sleeps
    assert len(delays) == 29
    assert all(1 <= delay <= min(40, 3 * before) for before, delay in zip([1, *delays], delays, strict=False))


@pytest.mark.anyio
@EVERY_WAY
async def test_hooks_are_told_before_each_repetition(call):
    told, raised = [], failures(2)

    def hook(retrying):
        told.append((retrying.attempt, retrying.error, retrying.delay))

    guarded = guard(RetryConfig(before_sleep=hook), handler=make_handler())
    assert await call(guarded, Venue(*raised, "ok")) == "ok"
    assert told == [(1, raised[0], 1), (2, raised[1], 2)]


@pytest.mark.anyio
async def test_asynchronous_hooks_are_awaited():
    told = []

    async def hook(retrying):
        await anyio.lowlevel.checkpoint()
        told.append(retrying.attempt)

    guarded = guard(evolve(AT_ONCE, before_sleep=hook), handler=make_handler())
    assert await guarded(Venue(*failures(2), "ok").fetch_async)() == "ok"
    assert told == [1, 2]


@pytest.mark.anyio
@EVERY_WAY
async def test_a_hook_that_fails_is_reported_and_breaks_nothing(call):
    listens = Listens()
    guarded = guard(evolve(AT_ONCE, before_sleep=lambda retrying: 1 / 0), handler=make_handler(listens=listens))
    assert await call(guarded, Venue(*failures(1), "ok")) == "ok"
    assert [event.hook for event in listens.events if event.kind == "plugin" and event.hook] == ["before_sleep"]


@pytest.mark.anyio
@EVERY_WAY
async def test_retry_policies_may_go_before_the_guards_own(call):
    policies = {"ConnectionError": RetryConfig(max_attempts=5, base_delay=0)}
    handler = make_handler(config=ErrorHandlingConfig(retry_policies=policies))
    for config, calls in ((AT_ONCE, 3), (evolve(AT_ONCE, per_error=True), 5)):
        venue = Venue(ConnectionError())
        with pytest.raises(ConnectionError):
            await call(guard(config, handler=handler), venue)
        assert venue.calls == calls


def test_an_asynchronous_hook_in_a_synchronous_call_is_reported_and_breaks_nothing():
    async def hook(retrying):
        await anyio.lowlevel.checkpoint()

    listens = Listens()
    guarded = guard(evolve(AT_ONCE, before_sleep=hook), handler=make_handler(listens=listens))
    assert guarded.call_sync(Venue(*failures(2), "ok").fetch) == "ok"
    assert [event.hook for event in listens.events if event.kind == "plugin" and event.hook] == ["before_sleep"] * 2
