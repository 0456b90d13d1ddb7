"""What surrounds a guarded call: policies, refusals, degraded service, pacers."""

from __future__ import annotations

import pytest
from attrs import evolve, frozen
from guarding import EVERY_WAY, KNOWN, UNKNOWN, Flaky, PassesOn, Repeats, Says, StandsIn, called, make

from recoup import (
    CircuitBreakerConfig,
    CircuitOpen,
    ErrorHandler,
    FallbackConfig,
    FallbackStrategy,
    Guard,
    HeldBack,
    Operation,
    OperationKind,
    Place,
    Placing,
    PolicyUnavailable,
    Recovery,
    Refused,
    RetryConfig,
    ServiceDegraded,
    guard,
)
from recoup.testing import FakeClock


@frozen
class Quota:
    """A policy of the tests' own."""

    limit: int = 1


class TestPolicies:
    def test_that_nobody_serves_are_an_error_that_names_them(self):
        with pytest.raises(PolicyUnavailable, match="no enabled plugin serves Quota; `recoup plugins list`"):
            Guard(Quota(), handler=make()).call_sync(Flaky(0))

    @pytest.mark.parametrize("mistake", [lambda: None, RetryConfig, print])
    def test_that_are_functions_or_classes_are_a_forgotten_pair_of_parentheses(self, mistake):
        with pytest.raises(TypeError, match="needs its parentheses all the same"):
            guard(mistake)

    def test_are_bound_anew_when_plugins_come_and_go(self):
        handler = make()
        guarded = Guard(Quota(), handler=handler)

        class ServesQuota:
            serves = (Quota,)

            def policy(self, config, scope):
                return PassesOn()

            def placing(self, config):
                return Placing(place=Place.RATE_LIMIT)

        with pytest.raises(PolicyUnavailable):
            guarded.call_sync(Flaky(0))
        handler.plugins.register(ServesQuota(), "quota")
        assert guarded.call_sync(Flaky(0)) == "ok"
        handler.plugins.unregister("quota")
        with pytest.raises(PolicyUnavailable):
            guarded.call_sync(Flaky(0))

    def test_the_results_of_calls_under_a_policy_are_remembered_by_who_serves_it(self):
        class Keeps:
            def __init__(self, kind):
                self.kind = kind
                self.kept = []

            def keeps(self, policy):
                return isinstance(policy, self.kind)

            def remember(self, call, value):
                self.kept.append((call.args, value))

        handler = make(mine=(mine := Keeps(RetryConfig)), other=(other := Keeps(Quota)))
        Guard(RetryConfig(), handler=handler).call_sync(Flaky(0), 5)
        assert mine.kept == [((5,), 5)]
        assert other.kept == []

    def test_a_keeper_that_can_t_say_what_it_wants_gets_nothing(self):
        class Breaks:
            def keeps(self, policy):
                raise ValueError("lost")

            def remember(self, call, value):
                raise AssertionError("it was not wanted")

        handler = make(breaks=Breaks())
        assert Guard(RetryConfig(), handler=handler).call_sync(Flaky(0)) == "ok"
        assert [event.hook for event in handler.plugins.get("core").events if event.kind == "plugin"] == ["keeps"]

    @pytest.mark.anyio
    async def test_a_keeper_that_fails_does_not_spoil_the_result(self):
        class Breaks:
            def keeps(self, policy):
                return True

            def remember(self, call, value):
                raise ValueError("full")

        handler = make(breaks=Breaks())
        guarded = Guard(RetryConfig(), handler=handler)
        assert guarded.call_sync(Flaky(0)) == "ok"
        assert await guarded.call(Flaky(0)) == "ok"
        assert [event.hook for event in handler.plugins.get("core").events if event.kind == "plugin"] == ["remember"]


class Closed:
    """A gate that always refuses, as an open circuit does."""

    serves = (Quota,)

    def __init__(self):
        self.refused = 0

    def policy(self, config, scope):
        return self

    def placing(self, config):
        return Placing(place=Place.CIRCUIT_BREAKER)

    key = "venue"

    def acquire(self):
        self.refused += 1
        raise CircuitOpen("open", key=self.key, retry_after=9.0)

    def release(self, permit, error):
        raise AssertionError("nothing was acquired")


@pytest.mark.anyio
@EVERY_WAY
class TestRefusals:
    async def test_pass_without_a_question_to_any_plugin(self, how):
        handler = make(closed=(closed := Closed()), stands_in=(stands_in := StandsIn("no")))
        flaky = Flaky(0)
        with pytest.raises(CircuitOpen):
            await called(how, Guard(RetryConfig(), Quota(), handler=handler), flaky)
        assert flaky.calls == 0
        assert closed.refused == 1
        assert stands_in.errors == []

    async def test_get_a_stand_in_where_there_is_a_fallback(self, how):
        handler = make(closed=Closed(), stands_in=(stands_in := StandsIn("stale")))
        assert await called(how, Guard(FallbackConfig(), Quota(), handler=handler), Flaky(0)) == "stale"
        assert isinstance(stands_in.errors[0], CircuitOpen)

    async def test_are_repeated_where_the_application_names_them(self, how):
        handler = make(closed=(closed := Closed()), repeats=Repeats(2, 1.0))
        with pytest.raises(CircuitOpen):
            await called(how, Guard(RetryConfig(exceptions=(Refused,)), Quota(), handler=handler), Flaky(0))
        assert closed.refused == 100  # max_call_attempts bounds what never gets as far as an attempt

    async def test_of_an_inner_guard_pass_an_outer_one(self, how):
        handler = make(closed=Closed(), stands_in=(stands_in := StandsIn("no")))
        inner = Guard(RetryConfig(), Quota(), handler=handler)
        with pytest.raises(CircuitOpen):
            Guard(handler=handler).call_sync(inner.call_sync, Flaky(0))
        assert stands_in.errors == []


@pytest.mark.anyio
@EVERY_WAY
class TestDegradedService:
    FALLBACK = FallbackConfig(strategy=FallbackStrategy.RAISE_DEGRADED)

    async def test_is_raised_from_the_failure(self, how):
        handler = make(verdict=evolve(KNOWN, retry_after=30.0))
        flaky = Flaky(9)
        with pytest.raises(ServiceDegraded, match=r"quote failed \(ConnectionError\); run degraded") as caught:
            await called(how, Guard(self.FALLBACK, handler=handler, name="quote"), flaky)
        assert caught.value.__cause__ is flaky.raised[0]
        assert (caught.value.key, caught.value.retry_after) == ("quote", 30.0)

    async def test_is_not_raised_for_a_side_effect_that_may_have_happened(self, how):
        handler = make(verdict=UNKNOWN)
        with pytest.raises(ConnectionError):
            await called(how, Guard(self.FALLBACK, handler=handler), Flaky(9))

    async def test_is_raised_for_a_read_of_unknown_outcome(self, how):
        handler = make(verdict=UNKNOWN)
        operation = Operation(kind=OperationKind.READ)
        with pytest.raises(ServiceDegraded):
            await called(how, Guard(self.FALLBACK, handler=handler, operation=operation), Flaky(9))

    async def test_is_not_raised_while_the_outcome_is_being_called_unknown(self, how):
        handler = make(says=Says(Recovery.unknown()))
        with pytest.raises(ConnectionError):
            await called(how, Guard(self.FALLBACK, handler=handler), Flaky(9))

    async def test_comes_after_the_repetitions(self, how):
        flaky = Flaky(9)
        handler = make(repeats=Repeats(3))
        with pytest.raises(ServiceDegraded):
            await called(how, Guard(RetryConfig(), self.FALLBACK, handler=handler), flaky)
        assert flaky.calls == 4


class Paces:
    """Holds calls back until a moment on the clock."""

    holds = ("some",)

    def __init__(self, host):
        self.clock = host.clock
        self.until = 0.0
        self.asked: list[tuple[Operation, str]] = []

    def delay(self, operation, component):
        self.asked.append((operation, component))
        return max(0.0, self.until - self.clock.monotonic())


@pytest.mark.anyio
@EVERY_WAY
class TestPacers:
    async def test_hold_a_call_back(self, how):
        handler = make(paces=Paces)
        handler.plugins.get("paces").until = 12.0
        assert await called(how, Guard(handler=handler, component="desk"), Flaky(0)) == "ok"
        assert handler.clock.sleeps == [12.0]
        assert [component for _, component in handler.plugins.get("paces").asked] == ["desk", "desk"]

    async def test_are_asked_before_each_attempt(self, how):
        handler = make(paces=Paces, repeats=Repeats(2))
        await called(how, Guard(handler=handler), Flaky(2))
        assert len(handler.plugins.get("paces").asked) == 3

    async def test_the_longest_of_several_counts(self, how):
        class Fixed(Paces):
            def delay(self, operation, component):
                return 5.0 if self.clock.monotonic() == 0 else 0.0

        handler = make(a=Paces, b=Fixed)
        handler.plugins.get("a").until = 3.0
        await called(how, Guard(handler=handler), Flaky(0))
        assert handler.clock.sleeps == [5.0]

    async def test_past_the_deadline_the_call_is_refused_at_once(self, how):
        handler = make(paces=Paces)
        handler.plugins.get("paces").until = 60.0
        flaky = Flaky(0)
        operation = Operation(kind=OperationKind.READ, key="binance:a", deadline=10.0)
        with pytest.raises(HeldBack, match=r"calls to binance:a are held back for 60.0 s") as caught:
            await called(how, Guard(handler=handler, operation=operation), flaky)
        assert (caught.value.key, caught.value.retry_after) == ("binance:a", 60.0)
        assert flaky.calls == 0
        assert handler.clock.sleeps == []

    async def test_what_they_refuse_gets_a_stand_in_where_there_is_a_fallback(self, how):
        handler = make(paces=Paces, stands_in=StandsIn("stale"))
        handler.plugins.get("paces").until = 60.0
        guarded = Guard(FallbackConfig(), handler=handler, operation=Operation(deadline=1.0))
        assert await called(how, guarded, Flaky(0)) == "stale"

    async def test_that_fail_hold_nothing_up(self, how):
        class Breaks:
            holds = ("some",)

            def delay(self, operation, component):
                raise ValueError("lost count")

        handler = make(breaks=Breaks)
        assert await called(how, Guard(handler=handler), Flaky(0)) == "ok"
        (event,) = handler.plugins.get("core").events
        assert (event.plugin, event.hook, event.fault) == ("breaks", "delay", "raised")


@pytest.mark.anyio
async def test_a_fallback_does_not_wait_for_an_open_circuit():
    clock, calls = FakeClock(), []
    async with ErrorHandler(clock=clock) as handler:

        @guard(
            RetryConfig(),
            CircuitBreakerConfig(failure_threshold=1),
            FallbackConfig(strategy=FallbackStrategy.RETURN_DEFAULT, default_value="kept"),
            handler=handler,
        )
        async def fetch_quote():
            calls.append(1)
            raise ConnectionError

        assert [await fetch_quote(), await fetch_quote()] == ["kept", "kept"]
    assert (len(calls), sum(clock.sleeps)) == (1, 0)
