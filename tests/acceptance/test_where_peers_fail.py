"""What other resilience libraries were seen to get wrong, with every plugin at work, in pipelines and in guards."""

import gc
import sys
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest

from recoup import (
    CircuitBreakerConfig,
    CircuitOpen,
    ErrorHandler,
    FallbackConfig,
    Guard,
    Operation,
    OperationKind,
    Pipeline,
    RateLimited,
    Refused,
    RetryConfig,
    remaining,
)
from recoup.testing import FakeClock
from recoup_plugins.rate_limit import KeyedLimiter, RateLimitConfig
from recoup_plugins.timeout import TimeoutConfig

PATIENCE = 10.0
"""Seconds after which a thread that waits for others has failed; nothing waits that long otherwise."""

READ = Operation(kind=OperationKind.READ)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def handler(clock):
    return ErrorHandler(clock=clock)


@pytest.fixture(params=[Pipeline, Guard])
def protect(request, handler):
    """Put policies around a call, in a pipeline or in a guard with the recovery of every plugin."""

    def around(*policies, operation=READ, **options):
        return request.param(*policies, operation=operation, handler=handler, **options)

    return around


@pytest.fixture
def switching():
    """Have threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(count, call):
    """Return what a call gave or raised in each of so many threads, which all begin at once."""
    start = threading.Barrier(count)

    def run(number):
        start.wait(PATIENCE)
        try:
            return call(number)
        except Refused as refusal:
            return refusal

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def refusal_of(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value


class Down:
    """A backend that fails until it is told otherwise, and counts what reaches it."""

    def __init__(self):
        self.calls = 0
        self.is_down = True

    def fetch_ticker(self):
        self.calls += 1
        if self.is_down:
            raise ConnectionRefusedError("nobody listens")
        return "up"

    async def fetch_ticker_async(self):
        return self.fetch_ticker()


class TestHalfOpenCircuit:
    def test_lets_one_of_twenty_threads_through(self, protect, clock):
        reached, refused = [], threading.Semaphore(0)

        @protect(CircuitBreakerConfig(failure_threshold=1, recovery_timeout=10))
        def fetch_ticker(*, up):
            reached.append(up)
            if not up:
                raise ConnectionRefusedError("nobody listens")
            # The trial stays under way until all others have been refused.
            return all(refused.acquire(timeout=PATIENCE) for _ in range(19))

        def trial(_):
            try:
                return fetch_ticker(up=True)
            except CircuitOpen as refusal:
                refused.release()
                return refusal

        with pytest.raises(ConnectionRefusedError):
            fetch_ticker(up=False)
        clock.advance(10)
        results = in_threads(20, trial)

        assert reached == [False, True]
        assert results.count(True) == 1
        assert sum(isinstance(result, CircuitOpen) for result in results) == 19

    @pytest.mark.anyio
    async def test_lets_one_of_twenty_tasks_through(self, protect, clock):
        reached, results = [], []
        over = anyio.Event()

        @protect(CircuitBreakerConfig(failure_threshold=1, recovery_timeout=10))
        async def fetch_ticker(*, up):
            reached.append(up)
            if not up:
                raise ConnectionRefusedError("nobody listens")
            await over.wait()
            return "up"

        async def trial():
            try:
                results.append(await fetch_ticker(up=True))
            except CircuitOpen as refusal:
                results.append(refusal)
                if len(results) == 19:
                    over.set()

        with pytest.raises(ConnectionRefusedError):
            await fetch_ticker(up=False)
        clock.advance(10)
        with anyio.fail_after(PATIENCE):
            async with anyio.create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(trial)

        assert reached == [False, True]
        assert [type(result) for result in results] == [CircuitOpen] * 19 + [str]


class TestProtectedCalls:
    @pytest.mark.parametrize(
        "policies",
        [
            (CircuitBreakerConfig(),),
            (FallbackConfig(), RetryConfig(), CircuitBreakerConfig(), RateLimitConfig(rate=1000)),
        ],
        ids=["breaker", "several"],
    )
    def test_run_beside_each_other(self, protect, policies):
        together = threading.Barrier(8)

        @protect(*policies)
        def fetch_ticker():
            # Passes only once eight calls are within at the same time.
            together.wait(PATIENCE)
            return "met"

        assert in_threads(8, lambda _: fetch_ticker()) == ["met"] * 8


class TestRefusals:
    def test_by_a_circuit_are_each_their_own_with_a_traceback_that_does_not_grow(self, protect, clock):
        down = Down()
        fetch_ticker = protect(CircuitBreakerConfig(failure_threshold=1))(down.fetch_ticker)
        with pytest.raises(ConnectionRefusedError):
            fetch_ticker()

        refusals = [refusal_of(fetch_ticker) for _ in range(1000)]

        assert down.calls == 1
        assert len({id(refusal) for refusal in refusals}) == 1000
        assert len({depth(refusal) for refusal in refusals}) == 1
        assert all(refusal.__context__ is None for refusal in refusals)
        assert refusals[0].retry_after == 60

    def test_by_a_limit_are_each_their_own_with_a_traceback_that_does_not_grow(self, protect):
        fetch_ticker = protect(RateLimitConfig(rate=1, per=60))(lambda: "up")
        fetch_ticker()

        refusals = [refusal_of(fetch_ticker) for _ in range(1000)]

        assert len({id(refusal) for refusal in refusals}) == 1000
        assert len({depth(refusal) for refusal in refusals}) == 1
        assert {type(refusal) for refusal in refusals} == {RateLimited}


def depth(error):
    entries, traceback = 0, error.__traceback__
    while traceback is not None:
        entries, traceback = entries + 1, traceback.tb_next
    return entries


class TestLimit:
    def test_of_ten_admits_ten(self, protect, clock):
        fetch_ticker = protect(RateLimitConfig(rate=10, per=1))(lambda: "up")

        assert [fetch_ticker() for _ in range(10)] == ["up"] * 10
        refusal = refusal_of(fetch_ticker)

        assert isinstance(refusal, RateLimited)
        assert refusal.retry_after == pytest.approx(0.1)
        clock.advance(0.1)
        assert fetch_ticker() == "up"
        assert isinstance(refusal_of(fetch_ticker), RateLimited)

    def test_refuses_nobody_because_others_ask_at_the_same_time(self, protect, switching):
        fetch_ticker = protect(RateLimitConfig(rate=2000, per=60))(lambda: "up")

        results = in_threads(8, lambda _: [fetch_ticker() for _ in range(250)])

        assert results == [["up"] * 250] * 8

    def test_admits_exactly_what_it_allows_to_threads_that_ask_for_more(self, protect, switching):
        fetch_ticker = protect(RateLimitConfig(rate=2000, per=60))(lambda: "up")

        def ask(_):
            admitted = 0
            for _ in range(500):
                try:
                    fetch_ticker()
                    admitted += 1
                except RateLimited:
                    pass
            return admitted

        assert sum(in_threads(8, ask)) == 2000

    def test_is_not_forgotten_for_a_hundred_thousand_others(self, clock):
        limiter = KeyedLimiter(RateLimitConfig(rate=1, per=3600), clock=clock)
        assert limiter.check("limited") == 0.0

        admitted = sum(limiter.check(f"account-{number}") == 0.0 for number in range(100_000))

        assert admitted == 100_000
        assert limiter.check("limited") == pytest.approx(3600)

    def test_of_each_account_holds_in_a_pipeline_that_has_seen_many(self, protect):
        fetch = protect(
            RateLimitConfig(rate=1, per=3600),
            operation=lambda account: Operation(kind=OperationKind.READ, key=account),
        )(lambda account: account)
        fetch("limited")

        assert [fetch(f"account-{number}") for number in range(1_200)] == [f"account-{n}" for n in range(1_200)]
        assert isinstance(refusal_of(fetch, "limited"), RateLimited)

    def test_costs_a_hundred_bytes_a_key_and_gives_them_back(self, clock):
        limiter = KeyedLimiter(RateLimitConfig(rate=10), clock=clock)
        keys = [f"account-{number}" for number in range(10_000)]
        limiter.check("first")
        gc.collect()
        tracemalloc.start()
        try:
            for key in keys:
                limiter.check(key)
            full, _ = tracemalloc.get_traced_memory()
            clock.advance(10)
            limiter.check("first")
            left, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert 0 < full / len(keys) <= 100
        assert left / len(keys) < 1
        assert len(limiter) == 1


class TestRetry:
    def test_with_three_attempts_makes_three_calls(self, protect):
        down = Down()
        fetch_ticker = protect(RetryConfig(max_attempts=3, base_delay=0.0))(down.fetch_ticker)

        with pytest.raises(ConnectionRefusedError):
            fetch_ticker()

        assert down.calls == 3

    @pytest.mark.anyio
    async def test_with_three_attempts_makes_three_calls_of_a_coroutine_function(self, protect):
        down = Down()
        fetch_ticker = protect(RetryConfig(max_attempts=3, base_delay=0.0))(down.fetch_ticker_async)

        with pytest.raises(ConnectionRefusedError):
            await fetch_ticker()

        assert down.calls == 3

    @pytest.mark.parametrize("kind", [Pipeline, Guard])
    def test_without_a_delay_does_not_sleep(self, kind, monkeypatch):
        slept = []
        down = Down()
        fetch_ticker = kind(RetryConfig(max_attempts=5, base_delay=0.0), operation=READ, handler=ErrorHandler())(
            down.fetch_ticker
        )
        monkeypatch.setattr(time, "sleep", slept.append)

        with pytest.raises(ConnectionRefusedError):
            fetch_ticker()

        assert (down.calls, slept) == (5, [])


class TestSynchronousTimeout:
    def test_leaves_no_thread_and_passes_the_deadline_on(self, protect, clock):
        seen = []

        @protect(TimeoutConfig(seconds=1.0))
        def fetch_ticker():
            seen.append((threading.current_thread(), remaining(clock=clock)))
            clock.advance(5)
            return "late"

        before = threading.active_count()
        results = [fetch_ticker() for _ in range(50)]

        assert results == ["late"] * 50
        assert set(seen) == {(threading.current_thread(), 1.0)}
        assert threading.active_count() == before
        assert remaining(clock=clock) is None


class TestFunctions:
    @pytest.mark.anyio
    async def test_synchronous_and_asynchronous_are_told_apart_where_one_takes_the_others_place(self, protect):
        pipeline = protect(RetryConfig(), CircuitBreakerConfig(name="shared"))
        results, places = [], set()

        for number in range(200):
            if number % 2:

                def fetch(number=number):
                    return number
            else:

                async def fetch(number=number):
                    return number

            places.add(id(fetch))
            results.append(await pipeline.call(fetch))
            guarded = pipeline(fetch)
            results.append(guarded() if number % 2 else await guarded())
            del fetch, guarded
            gc.collect(0)

        assert results == [number for number in range(200) for _ in range(2)]
        assert len(places) < 200, "no function came to lie where another had been: nothing was tested"
