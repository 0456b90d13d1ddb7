"""The plugin among others: what it is configured with, what it refuses, and how it stands in a pipeline."""

import asyncio
import threading

import pytest

from recoup import (
    Config,
    ErrorHandler,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    Place,
    PolicyMisuse,
    PolicyServer,
    RetryConfig,
    Scope,
    SystemClock,
    Trait,
)
from recoup.testing import FakeClock
from recoup_plugins.classifier import Classifier
from recoup_plugins.hedge import HedgeConfig, HedgePlugin
from recoup_plugins.retry import RetryPlugin

READ = Operation(kind=OperationKind.READ)


@pytest.mark.parametrize(
    "values",
    [
        {"delay": -1},
        {"delay": float("nan")},
        {"delay": "p0", "max_delay": 1},
        {"delay": "p100", "max_delay": 1},
        {"delay": "95", "max_delay": 1},
        {"delay": "p95"},
        {"delay": "p95", "max_delay": -1},
        {"delay": "p95", "min_delay": 2, "max_delay": 1},
        {"delay": 1, "max_delay": 2},
        {"delay": 1, "max_attempts": 1},
        {"delay": 1, "budget": 0},
        {"delay": 1, "budget": 1000},
        {"delay": 1, "burst": 0},
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values):
    with pytest.raises(ValueError, match=r"HedgeConfig\."):
        HedgeConfig(**values)


@pytest.mark.parametrize(
    "values",
    [{"delay": None}, {"delay": True}]
    + [{"delay": 1} | more for more in ({"max_attempts": 2.0}, {"budget": "1"}, {"burst": 1.5}, {"name": ""})],
)
def test_values_of_the_wrong_type_are_refused_by_name(values):
    with pytest.raises(TypeError, match=r"HedgeConfig\."):
        HedgeConfig(**values)


@pytest.mark.parametrize(("delay", "quantile"), [(0, None), (0.5, None), ("p95", 0.95), ("p99.9", 0.999)])
def test_the_delay_is_seconds_or_a_percentile(delay, quantile):
    config = HedgeConfig(delay=delay, max_delay=None if quantile is None else 1.0)
    assert config.quantile == (None if quantile is None else pytest.approx(quantile))


@pytest.mark.parametrize("kind", OperationKind)
def test_what_must_not_happen_twice_is_refused(host, kind):
    plugin = HedgePlugin(host)
    scope = Scope(key="k", name="create_order", kind=kind)
    if kind in (OperationKind.READ, OperationKind.IDEMPOTENT_WRITE, OperationKind.CANCEL):
        plugin.policy(HedgeConfig(delay=1), scope)
    else:
        with pytest.raises(PolicyMisuse, match=rf"create_order twice at once, which is of kind {kind.name}"):
            plugin.policy(HedgeConfig(delay=1), scope)


def test_what_is_only_taken_to_be_repeatable_is_refused(host):
    scope = Scope(key="k", name="trade", kind=OperationKind.IDEMPOTENT_WRITE, is_assumed=True)
    with pytest.raises(PolicyMisuse, match="trade twice at once, which is of kind UNSPECIFIED"):
        HedgePlugin(host).policy(HedgeConfig(delay=1), scope)


def test_it_stands_within_the_retry_and_around_what_an_attempt_passes(host):
    plugin = HedgePlugin(host)
    assert isinstance(plugin, PolicyServer)
    placing = plugin.placing(HedgeConfig(delay=1))
    assert (placing.place, placing.traits) == (Place.HEDGE, Trait.PARALLEL)


def test_asked_for_again_with_other_values_it_goes_on_with_what_there_is(host):
    plugin = HedgePlugin(host)
    scope = Scope(key="ticker", kind=OperationKind.READ)
    first = plugin.policy(HedgeConfig(delay=1, burst=5), scope)
    assert [first._budget.take() for _ in range(4)] == [True] * 4
    second = plugin.policy(HedgeConfig(delay=2, burst=3), scope)
    assert (second._budget, second._times) == (first._budget, first._times)
    assert [second._budget.take() for _ in range(2)] == [True, False]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def handler(clock):
    plugins = {"hedge": HedgePlugin, "retry": RetryPlugin, "classifier": Classifier}
    return ErrorHandler(Config(), plugins=plugins, discover=False, clock=clock)


def test_synchronous_code_is_refused_at_the_call(handler):
    @Pipeline(HedgeConfig(delay=1), operation=READ, handler=handler)
    def fetch_ticker():
        raise AssertionError

    with pytest.raises(PolicyMisuse, match="is synchronous and can't be hedged"):
        fetch_ticker()


def test_no_thread_is_ever_started(handler):
    @Pipeline(HedgeConfig(delay=0), operation=READ, handler=handler)
    async def fetch_ticker():
        await asyncio.sleep(0)
        return threading.active_count()

    before = threading.active_count()
    assert asyncio.run(fetch_ticker()) == before


def test_a_hedge_around_a_retry_is_refused(handler):
    pipeline = Pipeline(HedgeConfig(delay=1), RetryConfig(), operation=READ, handler=handler)
    with pytest.raises(PolicyMisuse, match="put the repeating policy outside"):
        pipeline.call_sync(lambda: None)


@pytest.mark.anyio
async def test_a_retry_repeats_the_race_as_a_whole(handler, clock):
    attempts = []

    @Guard(
        HedgeConfig(delay=0.5),
        RetryConfig(max_attempts=2, base_delay=1.0, backoff_strategy="constant"),
        operation=READ,
        handler=handler,
    )
    async def fetch_ticker():
        attempts.append(len(attempts) + 1)
        if len(attempts) < 4:
            await clock.sleep(0)
            await clock.sleep(0)
            await clock.sleep(0)
            raise ConnectionError(attempts[-1])
        return 42

    assert await fetch_ticker() == 42
    assert attempts == [1, 2, 3, 4]


@pytest.mark.anyio
async def test_a_plain_function_in_an_asynchronous_pipeline_is_made_once(handler):
    calls = []
    pipeline = Pipeline(HedgeConfig(delay=0.5), operation=READ, handler=handler)
    assert await pipeline.call(lambda: calls.append(1) or "plain") == "plain"
    assert calls == [1]


def test_loops_in_many_threads_race_by_themselves_and_share_the_budget(make_host):
    plugin = HedgePlugin(make_host(clock=SystemClock(), observed=False))
    scope = Scope(key="ticker", kind=OperationKind.READ)
    policy = plugin.policy(HedgeConfig(delay=0, budget=0.001, burst=40), scope)
    threads, calls = 6, 20
    start = threading.Barrier(threads)
    lock = threading.Lock()
    begun = cancelled = 0

    async def fetch():
        nonlocal begun, cancelled
        with lock:
            begun += 1
        try:
            for _ in range(20):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            with lock:
                cancelled += 1
            raise
        return threading.get_ident()

    async def work():
        answers = await asyncio.gather(*(policy.call_async(fetch, (), {}) for _ in range(calls)))
        assert answers == [threading.get_ident()] * calls
        assert len(asyncio.all_tasks()) == 1

    def run():
        start.wait()
        asyncio.run(work())

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert begun == threads * calls + 40
    assert cancelled == 40
