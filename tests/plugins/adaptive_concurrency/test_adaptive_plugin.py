"""The gate and the plugin: what counts as overload, who waits, and what stays when values change."""

from __future__ import annotations

import gc
import threading

import anyio
import anyio.lowlevel
import pytest
from attrs import evolve

from recoup import (
    UNCLASSIFIED,
    BulkheadFull,
    CircuitOpen,
    DeadlineExceeded,
    ErrorHandler,
    FailureReason,
    LoadShed,
    Pipeline,
    Place,
    PolicyServer,
    RateLimited,
    Scope,
    Timeout,
    Trait,
)
from recoup.testing import FakeClock, check_plugin
from recoup_plugins.adaptive_concurrency import (
    AdaptiveConcurrencyConfig,
    AdaptiveConcurrencyPlugin,
    AdaptiveConcurrencySettings,
    AdaptiveLimit,
    AdaptiveStatus,
)

on_both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@pytest.fixture
def plugin(host):
    return AdaptiveConcurrencyPlugin(host)


@pytest.fixture
def limit_of(host):
    return lambda **values: AdaptiveLimit("k", AdaptiveConcurrencyConfig(**values), host)


def call(gate, clock, seconds=0.1, error=None):
    permit = gate.acquire()
    clock.advance(seconds)
    gate.release(permit, error)


def test_it_keeps_the_contract_of_its_role():
    assert all(check.passed for check in check_plugin(AdaptiveConcurrencyPlugin, "adaptive_concurrency"))


class TestConfig:
    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"algorithm": "vegas"}, "'algorithm' must be one of gradient, aimd"),
            ({"initial_limit": 0}, "'initial_limit' must be from 1 to 1000000"),
            ({"min_limit": 1.0}, "'min_limit' must be a whole number"),
            ({"max_limit": 10}, r"initial_limit \(20\) must lie between min_limit \(1\) and max_limit \(10\)"),
            ({"backoff": 1.0}, "'backoff' must be above 0 and below 1"),
            ({"smoothing": 0.0}, "'smoothing' must be above 0 and at most 1"),
            ({"tolerance": 0.9}, "'tolerance' must be 1 or more"),
            ({"window": 0}, "'window' must be above 0"),
            ({"window": "1s"}, "'window' must be a number"),
            ({"headroom": float("inf")}, "'headroom' must be finite"),
            ({"max_wait": -1}, "'max_wait' must be 0 seconds or more, or None"),
            ({"max_queue": -1}, "'max_queue' must be from 0"),
            ({"name": ""}, "'name' must be a text"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, values, message):
        with pytest.raises((TypeError, ValueError), match=message):
            AdaptiveConcurrencyConfig(**values)


class TestOverload:
    @pytest.mark.parametrize(
        "error",
        [
            TimeoutError(),
            Timeout("x", key="k", seconds=1.0),
            BulkheadFull("x", key="k"),
            RateLimited("x", key="k"),
            LoadShed("x", key="k"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_lowers_the_limit(self, limit_of, host, error):
        gate = limit_of(initial_limit=20, backoff=0.5)
        call(gate, host.clock, error=error)
        assert (gate.limit, gate.permits.limit, gate.permits.inside) == (10.0, 10, 0)

    @pytest.mark.parametrize("reason", ["TIMEOUT", "RATE_LIMITED", "SERVER_ERROR", "RESOURCE_EXHAUSTED"])
    def test_is_also_what_the_classifiers_call_so(self, limit_of, host, reason):
        host.verdict = evolve(UNCLASSIFIED, reason=FailureReason[reason])
        gate = limit_of(initial_limit=20, backoff=0.5)
        call(gate, host.clock, error=OSError())
        assert gate.limit == 10.0

    @pytest.mark.parametrize(
        "error",
        [ValueError(), KeyboardInterrupt(), GeneratorExit(), CircuitOpen("x", key="k"), DeadlineExceeded("x", key="k")],
        ids=lambda error: type(error).__name__,
    )
    def test_is_nothing_else(self, limit_of, host, error):
        gate = limit_of(min_samples=1)
        call(gate, host.clock, seconds=5.0, error=error)
        assert (gate.limit, gate.permits.inside) == (20.0, 0)

    def test_counts_once_for_all_calls_that_were_under_way(self, limit_of, host):
        gate = limit_of(initial_limit=20, backoff=0.5)
        permits = [gate.acquire() for _ in range(10)]
        host.clock.advance(1.0)
        for permit in permits:
            gate.release(permit, TimeoutError())
        assert gate.limit == 10.0
        host.clock.advance(1.0)
        call(gate, host.clock, error=TimeoutError())
        assert gate.limit == 5.0

    def test_never_goes_below_the_least(self, limit_of, host):
        gate = limit_of(initial_limit=20, min_limit=3)
        for _ in range(100):
            call(gate, host.clock, error=TimeoutError())
        assert gate.permits.limit == 3

    def test_a_classifier_that_fails_does_not_keep_the_place(self, limit_of, host, monkeypatch):
        gate = limit_of()

        def fails(self, error, *, component, operation):
            raise RuntimeError("classifier")

        monkeypatch.setattr(type(host), "classify", fails)
        with pytest.raises(RuntimeError, match="classifier"):
            call(gate, host.clock, error=ValueError())
        assert gate.permits.inside == 0


class TestWindow:
    def test_ends_when_its_time_is_over_and_there_are_enough_calls(self, limit_of, host):
        gate = limit_of(algorithm="aimd", window=1.0, min_samples=3, initial_limit=2)
        call(gate, host.clock, 0.5)
        call(gate, host.clock, 0.6)
        assert gate.limit == 2.0
        call(gate, host.clock, 0.1)
        assert gate.limit == 3.5

    def test_ends_after_many_calls_before_its_time(self, limit_of, host):
        gate = limit_of(algorithm="aimd", initial_limit=2)
        for _ in range(1000):
            call(gate, host.clock, 0.0)
        assert gate.limit == 200.0

    def test_a_change_is_told(self, limit_of, host):
        gate = limit_of(initial_limit=20)
        call(gate, host.clock, error=TimeoutError())
        (event,) = host.published
        assert (event.policy, event.key, event.action) == ("adaptive_concurrency", "k", "limit_changed")
        assert event.detail == "from 20 to 18 calls at a time"


class TestGate:
    def test_refuses_beyond_the_limit(self, limit_of, host):
        gate = limit_of(initial_limit=1)
        gate.acquire()
        with pytest.raises(BulkheadFull, match="'k'") as refused:
            gate.acquire()
        assert (refused.value.key, refused.value.retry_after) == ("k", None)
        assert [event.action for event in host.published] == ["refused"]

    def test_the_wait_is_no_latency(self, limit_of, host):
        gate = limit_of(initial_limit=1, max_queue=1)
        permit = gate.acquire()
        host.clock.advance(50.0)
        thread = threading.Thread(target=lambda: gate.release(permit, ValueError()))
        assert gate.acquire() is None
        thread.start()
        assert gate.wait_sync() == 50.0
        thread.join(10)

    @on_both
    @pytest.mark.anyio
    async def test_cancelled_in_the_queue_it_holds_nothing(self, limit_of):
        gate = limit_of(initial_limit=1, max_queue=1)
        permit = gate.acquire()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gate.wait)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        gate.release(permit, None)
        assert (gate.permits.inside, gate.permits.waiting) == (0, 0)

    @on_both
    @pytest.mark.anyio
    async def test_a_higher_limit_lets_those_in_who_wait(self, limit_of, host):
        gate = limit_of(algorithm="aimd", initial_limit=1, min_samples=1, max_queue=5)
        permit, inside = gate.acquire(), []

        async def wait():
            inside.append(await gate.wait())

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            host.clock.advance(2.0)
            gate.release(permit, None)
            await anyio.wait_all_tasks_blocked()
            assert inside == [2.0, 2.0]
            tasks.cancel_scope.cancel()
        assert gate.permits.waiting == 0


class TestPlugin:
    def test_plays_its_role_next_to_the_call(self, plugin):
        assert isinstance(plugin, PolicyServer)
        assert plugin.placing(AdaptiveConcurrencyConfig()).place is Place.CONCURRENCY
        assert plugin.placing(AdaptiveConcurrencyConfig()).traits is Trait.NONE
        one = AdaptiveConcurrencyConfig(initial_limit=1, max_limit=1)
        assert plugin.placing(one).traits is Trait.ONE_AT_A_TIME

    def test_keeps_one_limit_for_a_name_or_a_key(self, plugin):
        config = AdaptiveConcurrencyConfig()
        assert plugin.policy(config, Scope(key="a")) is plugin.policy(config, Scope(key="a"))
        assert plugin.policy(evolve(config, name="n"), Scope(key="a")) is plugin.policy(
            evolve(config, name="n"), Scope(key="b")
        )

    def test_what_was_learned_outlives_other_values(self, plugin, host):
        gate = plugin.policy(AdaptiveConcurrencyConfig(initial_limit=20, backoff=0.5), Scope(key="k"))
        call(gate, host.clock, error=TimeoutError())
        held = gate.acquire()
        plugin.policy(AdaptiveConcurrencyConfig(initial_limit=20, algorithm="aimd", max_queue=7), Scope(key="k"))
        assert plugin.status() == {"k": AdaptiveStatus(limit=10.0, inside=1, waiting=0)}
        assert (gate.permits.max_queue, gate.config.algorithm) == (7, "aimd")
        plugin.policy(AdaptiveConcurrencyConfig(initial_limit=5, max_limit=5), Scope(key="k"))
        assert plugin.status()["k"].limit == 5.0
        gate.release(held, None)
        assert plugin.status()["k"].inside == 0

    def test_the_norm_of_latency_outlives_other_values(self, plugin, host):
        gate = plugin.policy(AdaptiveConcurrencyConfig(min_samples=1), Scope(key="k"))
        call(gate, host.clock, 2.0)
        plugin.policy(AdaptiveConcurrencyConfig(tolerance=2.0), Scope(key="k"))
        assert gate._algorithm.long == 2.0
        assert gate._algorithm.config.tolerance == 2.0

    def test_limits_that_nothing_uses_are_bounded(self, host):
        plugin = AdaptiveConcurrencyPlugin(host, AdaptiveConcurrencySettings(max_limits=2))
        for key in "abcd":
            plugin.policy(AdaptiveConcurrencyConfig(), Scope(key=key))
        gc.collect()
        assert sorted(plugin.status()) == ["c", "d"]


class TestPipelines:
    @pytest.fixture
    def handler(self):
        return ErrorHandler(clock=FakeClock(), plugins={"adaptive": AdaptiveConcurrencyPlugin}, discover=False)

    def test_sync_and_async_calls_share_it_and_leave_it_empty(self, handler):
        pipeline = Pipeline(AdaptiveConcurrencyConfig(name="k", initial_limit=1, max_limit=1), handler=handler)

        async def nested():
            with pytest.raises(BulkheadFull):
                pipeline.call_sync(int)
            with pytest.raises(BulkheadFull):
                await pipeline.call(anyio.lowlevel.checkpoint)
            return 1

        assert anyio.run(pipeline.call, nested) == 1
        assert handler.plugins.get("adaptive").status()["k"].inside == 0

    def test_an_error_passes_unchanged(self, handler):
        pipeline = Pipeline(AdaptiveConcurrencyConfig(), handler=handler)
        error = TimeoutError("x")

        def fails():
            raise error

        with pytest.raises(TimeoutError) as raised:
            pipeline.call_sync(fails)
        assert raised.value is error


def test_threads_never_exceed_the_most_and_all_permits_come_back(limit_of, host):
    host.observed = False
    gate = limit_of(algorithm="aimd", initial_limit=2, max_limit=4, min_samples=1, window=0.001, max_queue=100)
    seats, start, counts = [threading.Lock() for _ in range(4)], threading.Barrier(8), []

    def work(number):
        start.wait()
        for turn in range(300):
            permit = gate.acquire()
            if permit is None:
                permit = gate.wait_sync()
            seat = next(seat for seat in seats if seat.acquire(blocking=False))
            host.clock.advance(0.001)
            seat.release()
            gate.release(permit, TimeoutError() if (turn + number) % 50 == 0 else None)
        counts.append(300)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counts == [300] * 8
    assert (gate.permits.inside, gate.permits.waiting) == (0, 0)
    assert 1 <= gate.permits.limit <= 4
