"""What goes wrong on purpose: one specification, synchronous and asynchronous."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random
from typing import Any, ClassVar

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import (
    Config,
    ErrorHandler,
    ErrorHandlingConfig,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    Place,
    PluginSettings,
    PolicyMisuse,
    PolicyUnavailable,
    RetryConfig,
    Scope,
    hookimpl,
    outcome_of,
)
from recoup.testing import FakeClock
from recoup_plugins.chaos import ChaosConfig, ChaosPlugin, ChaosSettings, NotAllowed
from recoup_plugins.classifier import Classifier
from recoup_plugins.retry import RetryPlugin

ENABLED = Config(error_handling=ErrorHandlingConfig(plugins={"chaos": PluginSettings(enabled=True)}))


class Listens:
    def __init__(self):
        self.events: list[Any] = []

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        if event.kind == "policy":
            self.events.append((event.policy, event.action, event.delay, event.detail))


def make_handler(**clock: Any) -> ErrorHandler:
    return ErrorHandler(
        ENABLED, discover=False, plugins={"chaos": ChaosPlugin, "listens": Listens()}, clock=FakeClock(**clock)
    )


def events_of(handler: ErrorHandler) -> list[Any]:
    return handler.plugins.get("listens").events


class Venue:
    def __init__(self):
        self.calls = 0

    def submit(self):
        self.calls += 1
        return "filled"

    async def submit_later(self):
        return self.submit()


@pytest.fixture
def venue():
    return Venue()


@pytest.fixture(params=["sync", "async"])
def chaos(request, venue):
    """Return a function that calls the venue under chaos, and the handler."""

    def make_it(**values):
        handler = make_handler()
        pipeline = Pipeline(ChaosConfig(**values), handler=handler, name="venue")
        decorated = pipeline(venue.submit if request.param == "sync" else venue.submit_later)

        async def call():
            result = decorated()
            return result if request.param == "sync" else await result

        return call, handler

    return make_it


async def outcomes(call, number):
    seen = []
    for _ in range(number):
        try:
            seen.append(await call())
        except Exception as error:
            seen.append(type(error).__name__)
    return seen


@pytest.mark.anyio
class TestInjects:
    async def test_a_fault_in_place_of_the_call(self, chaos, venue):
        call, handler = chaos(fault_rate=1.0)
        errors = []
        for _ in range(2):
            with pytest.raises(ConnectionError, match="injected by chaos") as raised:
                await call()
            errors.append(raised.value)
        assert errors[0] is not errors[1]
        assert venue.calls == 0
        assert events_of(handler) == [("chaos", "fault", None, "ConnectionError")] * 2

    async def test_a_fault_that_a_function_makes(self, chaos):
        call, _ = chaos(fault_rate=1.0, fault=lambda: KeyError("made"))
        with pytest.raises(KeyError, match="made"):
            await call()

    async def test_no_fault_that_is_no_exception(self, chaos):
        call, _ = chaos(fault_rate=1.0, fault=lambda: "oops")
        with pytest.raises(PolicyMisuse, match="makes exceptions, and made 'oops'"):
            await call()

    async def test_a_delay_before_the_call(self, chaos, venue):
        call, handler = chaos(latency_rate=1.0, latency=2.5)
        assert await call() == "filled"
        assert handler.clock.sleeps == [2.5]
        assert events_of(handler) == [("chaos", "latency", 2.5, "")]

    async def test_an_outcome_in_place_of_the_call(self, chaos, venue):
        call, handler = chaos(outcome_rate=1.0, outcome={"status": "rejected"})
        assert await call() == {"status": "rejected"}
        assert venue.calls == 0
        assert events_of(handler) == [("chaos", "outcome", None, "")]

    async def test_a_lost_answer_after_the_call(self, chaos, venue):
        call, handler = chaos(unknown_outcome_rate=1.0)
        with pytest.raises(ConnectionResetError, match="its answer is lost"):
            await call()
        assert venue.calls == 1
        assert events_of(handler) == [("chaos", "unknown_outcome", None, "")]

    async def test_nothing_into_an_error_of_the_call(self):
        error = ValueError()

        def fails():
            raise error

        pipeline = Pipeline(ChaosConfig(unknown_outcome_rate=1.0), handler=make_handler())
        with pytest.raises(ValueError) as raised:
            pipeline.call_sync(fails)
        assert raised.value is error

    async def test_nothing_without_a_rate_or_when_disabled(self, chaos, venue):
        for values in ({}, {"enabled": False, "fault_rate": 1.0}):
            call, handler = chaos(**values)
            assert await call() == "filled"
            assert events_of(handler) == []


@pytest.mark.anyio
class TestChance:
    RATES: ClassVar = {"fault_rate": 0.2, "outcome_rate": 0.3, "outcome": "else", "unknown_outcome_rate": 0.1}

    async def test_shares_are_as_configured(self, chaos, venue):
        call, _ = chaos(seed=1, **self.RATES)
        seen = Counter(await outcomes(call, 4000))
        assert seen["ConnectionError"] == pytest.approx(800, abs=100)
        assert seen["else"] == pytest.approx(1200, abs=120)
        assert seen["ConnectionResetError"] == pytest.approx(400, abs=80)
        assert venue.calls == seen["filled"] + seen["ConnectionResetError"]

    async def test_the_same_seed_makes_the_same_choices(self, chaos):
        first, _ = chaos(seed=7, **self.RATES)
        second, _ = chaos(seed=7, **self.RATES)
        other, _ = chaos(seed=8, **self.RATES)
        seen = await outcomes(first, 50)
        assert seen == await outcomes(second, 50)
        assert seen != await outcomes(other, 50)

    async def test_a_delay_leaves_the_other_choices_as_they_are(self, chaos):
        plain, _ = chaos(seed=7, **self.RATES)
        delayed, _ = chaos(seed=7, latency_rate=0.5, latency=1.0, **self.RATES)
        assert await outcomes(plain, 50) == await outcomes(delayed, 50)

    async def test_sync_and_async_agree(self):
        def run(policy):
            seen = []
            for _ in range(60):
                try:
                    seen.append(policy())
                except Exception as error:
                    seen.append(repr(error))
            return seen

        config, venue = ChaosConfig(seed=3, latency_rate=0.3, latency=1.0, **self.RATES), Venue()
        one, two = make_handler(), make_handler()
        in_threads = Pipeline(config, handler=one, name="venue")(venue.submit)
        later = Pipeline(config, handler=two, name="venue")(venue.submit_later)

        def drive():
            try:
                later().send(None)
            except StopIteration as stop:
                return stop.value
            return "suspended"

        two.clock.sleep = instant(two.clock)
        assert run(in_threads) == run(drive)
        assert one.clock.sleeps == two.clock.sleeps
        assert events_of(one) == events_of(two)


def instant(clock):
    async def sleep(seconds):
        clock.sleep_sync(seconds)

    return sleep


@pytest.mark.anyio
async def test_a_delayed_call_can_be_cancelled(venue):
    pipeline = Pipeline(
        ChaosConfig(latency_rate=1.0, latency=60.0, unknown_outcome_rate=1.0),
        handler=make_handler(auto_advance=False),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pipeline.call, venue.submit_later)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert venue.calls == 0


def test_threads_share_one_sequence(host):
    """Whatever the order, so many of the first calls go wrong as of one thread's."""
    config = ChaosConfig(fault_rate=0.3, outcome_rate=0.2, seed=5)
    scope = Scope(key="a")

    def count(policy, calls, seen):
        for _ in range(calls):
            try:
                seen.append("outcome" if policy.call(lambda: 1, (), {}) is None else "made")
            except ConnectionError:
                seen.append("fault")

    alone: list[str] = []
    count(ChaosPlugin(host).policy(config, scope), 4000, alone)
    policy, together, start = ChaosPlugin(host).policy(config, scope), [], threading.Barrier(8)

    def work():
        start.wait()
        count(policy, 500, together)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(together) == Counter(alone)


@given(
    rates=st.tuples(*[st.integers(0, 16)] * 3).filter(lambda sixteenths: sum(sixteenths) <= 16),
    latency=st.integers(0, 16),
    seed=st.integers(0, 1000),
)
def test_each_call_is_what_its_two_numbers_say(rates, latency, seed):
    """Against a model that draws the same numbers and looks them up on a line."""
    fault, outcome, unknown = (rate / 16 for rate in rates)
    handler = make_handler()
    config = ChaosConfig(
        fault_rate=fault,
        outcome_rate=outcome,
        outcome="else",
        unknown_outcome_rate=unknown,
        latency_rate=latency / 16,
        latency=1.0,
        seed=seed,
    )
    call = Pipeline(config, handler=handler, name="venue")(Venue().submit)
    numbers, delays = Random(f"{seed} venue"), 0
    for _ in range(30):
        chance, delay = numbers.random(), numbers.random()
        delays += delay < latency / 16
        try:
            seen = call()
        except ConnectionResetError:
            seen = "lost"
        except ConnectionError:
            seen = "fault"
        line = ((fault, "fault"), (fault + outcome, "else"), (fault + outcome + unknown, "lost"), (1.0, "filled"))
        assert seen == next(name for end, name in line if chance < end)
    assert handler.clock.sleeps == [1.0] * delays


class TestConfig:
    @pytest.mark.parametrize(
        ("values", "error", "message"),
        [
            ({"fault_rate": 1.5}, ValueError, "'fault_rate' is a share of all calls"),
            ({"outcome_rate": -0.1}, ValueError, "'outcome_rate' must be 0 or more"),
            ({"unknown_outcome_rate": "all"}, TypeError, "'unknown_outcome_rate' must be a number"),
            ({"fault_rate": 0.6, "outcome_rate": 0.6}, ValueError, "add up to 1.2"),
            ({"latency_rate": 0.5}, ValueError, "needs a latency"),
            ({"latency": float("inf")}, ValueError, "'latency' must be 0 or more, and finite"),
            ({"fault": ConnectionError()}, TypeError, "one exception can't be raised twice"),
            ({"fault": KeyboardInterrupt}, TypeError, "derived from Exception"),
            ({"seed": 1.5}, TypeError, "'seed' must be a whole number"),
            ({"enabled": 1}, TypeError, "'enabled' must be True or False"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, values, error, message):
        with pytest.raises(error, match=message):
            ChaosConfig(**values)

    def test_rates_that_add_up_to_one_are_fine_for_all_their_float_noise(self):
        ChaosConfig(fault_rate=0.7, outcome_rate=0.2, unknown_outcome_rate=0.1)


class TestPlugin:
    def test_is_off_unless_enabled(self):
        assert ChaosPlugin.enabled_by_default is False
        with pytest.raises(PolicyUnavailable, match="no enabled plugin serves ChaosConfig"):
            Pipeline(ChaosConfig(), handler=ErrorHandler(discover=False, plugins={"chaos": ChaosPlugin})).call_sync(
                lambda: 1
            )

    def test_stands_next_to_the_call(self, host):
        assert ChaosPlugin(host).placing(ChaosConfig()).place is Place.CHAOS

    @pytest.mark.parametrize("value", ["production", " Production "])
    def test_refuses_production_unless_allowed(self, host, monkeypatch, value):
        monkeypatch.setenv("RECOUP_ENVIRONMENT", value)
        with pytest.raises(NotAllowed, match="allow_in_production"):
            ChaosPlugin(host)
        ChaosPlugin(host, ChaosSettings(allow_in_production=True))

    def test_anywhere_else_it_may_run(self, host, monkeypatch):
        monkeypatch.setenv("RECOUP_ENVIRONMENT", "staging")
        ChaosPlugin(host)

    def test_a_sequence_goes_on_where_it_was(self, host):
        def seen(policies):
            for policy in policies:
                for _ in range(10):
                    try:
                        policy.call(lambda: 1, (), {})
                    except ConnectionError:
                        yield "fault"
                    else:
                        yield "made"

        config, scope = ChaosConfig(fault_rate=0.5, seed=1), Scope(key="a")
        once, plugin = ChaosPlugin(host), ChaosPlugin(host)
        alone = [*seen([once.policy(config, scope)] * 2)]
        assert [*seen([plugin.policy(config, scope), plugin.policy(config, scope)])] == alone

    def test_without_a_seed_chance_is_the_hosts(self, make_host):
        def seen():
            policy = ChaosPlugin(make_host()).policy(ChaosConfig(outcome_rate=0.5), Scope(key="a"))
            return [policy.call(lambda: 1, (), {}) for _ in range(20)]

        assert seen() == seen()
        assert set(seen()) == {None, 1}

    def test_nobody_listening_makes_no_event(self, make_host):
        host = make_host(observed=False)
        policy = ChaosPlugin(host).policy(ChaosConfig(outcome_rate=1.0), Scope(key="a"))
        assert policy.call(lambda: 1, (), {}) is None
        assert host.published == []

    def test_an_order_whose_answer_is_lost_is_in_doubt(self):
        """What chaos is for: with the core's own rules, nothing sends the order again."""
        venue = Venue()
        handler = ErrorHandler(
            ENABLED,
            discover=False,
            plugins={"chaos": ChaosPlugin, "retry": RetryPlugin, "classifier": Classifier},
            clock=FakeClock(),
        )
        guard = Guard(
            RetryConfig(),
            ChaosConfig(unknown_outcome_rate=1.0),
            handler=handler,
            operation=Operation(kind=OperationKind.SUBMIT),
        )
        with pytest.raises(ConnectionResetError) as raised:
            guard.call_sync(venue.submit)
        assert venue.calls == 1
        assert outcome_of(raised.value).decision.value == "unknown"
