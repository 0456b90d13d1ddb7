"""Two time-outs around one call: what the inner takes over from the outer, and that nobody else sees a difference."""

import asyncio

import anyio
import pytest
from attrs import frozen

from recoup import (
    Config,
    ErrorHandler,
    Pipeline,
    Place,
    Placing,
    PluginEvent,
    RecoupError,
    RetryConfig,
    SystemClock,
    Timeout,
    hookimpl,
    remaining,
)
from recoup.deadline import ambient_deadline
from recoup_plugins.retry import RetryPlugin
from recoup_plugins.timeout import TimeoutConfig, TimeoutPlugin

pytestmark = pytest.mark.anyio
BOTH = TimeoutConfig(seconds=10.0, name="whole"), TimeoutConfig(seconds=2.0, name="attempt")


class ResultRefused(RecoupError):
    """The gate does not want the result."""


@frozen(kw_only=True)
class Picky:
    """A gate that refuses the first results."""

    times: int = 1


class PickyPlugin:
    """Serves Picky, and writes down what its gate sees left."""

    serves = (Picky,)

    def __init__(self):
        self.faults = []
        self.left = []
        self.times = None

    def policy(self, config, scope):
        self.times = config.times
        return self

    key = "picky"

    def placing(self, config):
        return Placing(place=Place.CIRCUIT_BREAKER)

    def acquire(self):
        self.left.append(ambient_deadline.get())
        return True

    def release(self, permit, error):
        if error is None and self.times:
            self.times -= 1
            raise ResultRefused

    @hookimpl
    def monitor(self, event):
        if isinstance(event, PluginEvent):
            self.faults.append(event)


@pytest.fixture
def picky():
    return PickyPlugin()


@pytest.fixture
def clock(loop_clock):
    return loop_clock


@pytest.fixture
def handler(clock, picky):
    plugins = {"timeout": TimeoutPlugin, "retry": RetryPlugin, "picky": picky}
    handler = ErrorHandler(Config(), plugins=plugins, discover=False, clock=clock)
    yield handler
    assert [event.detail for event in picky.faults] == []


def around(handler, *policies):
    return Pipeline(*policies, handler=handler, name="fetch_ticker")


@pytest.fixture
def fetch_ticker(clock):
    async def fetch_ticker():
        await anyio.lowlevel.checkpoint()
        return remaining(clock=clock)

    return fetch_ticker


async def test_the_function_sees_the_nearer_and_afterwards_nobody_sees_either(handler, fetch_ticker):
    call = around(handler, *BOTH)(fetch_ticker)
    for _ in range(3):
        assert await call() == pytest.approx(2.0)
        assert ambient_deadline.get() is None


async def test_one_from_outside_is_there_again_afterwards(handler, clock, fetch_ticker):
    call = around(handler, *BOTH)(fetch_ticker)
    outside = clock.monotonic() + 100.0
    token = ambient_deadline.set(outside)
    await call()
    assert ambient_deadline.get() == outside
    ambient_deadline.reset(token)


async def test_three_are_as_good_as_two(handler, fetch_ticker):
    call = around(handler, *BOTH, TimeoutConfig(seconds=1.0))(fetch_ticker)
    assert await call() == pytest.approx(1.0)
    assert ambient_deadline.get() is None


async def test_each_cuts_off_in_its_own_name(handler):
    async def hang():
        await anyio.sleep(100)

    with pytest.raises(Timeout) as caught:
        await around(handler, *BOTH)(hang)()
    assert (caught.value.key, caught.value.seconds) == ("attempt", 2.0)
    assert ambient_deadline.get() is None

    async def slow():
        await anyio.sleep(1.5)
        raise ConnectionError

    began = anyio.current_time()
    retried = around(handler, BOTH[0], RetryConfig(max_attempts=100, base_delay=1.0, jitter=False), BOTH[1])
    with pytest.raises((Timeout, ConnectionError)):
        await retried(slow)()
    assert anyio.current_time() - began <= 10.0
    assert ambient_deadline.get() is None


async def test_a_retry_between_sees_the_outer_one_s_after_a_failure(handler, clock):
    seen = []

    async def fetch_twice():
        seen.append(remaining(clock=clock))
        await anyio.sleep(1.0)
        if len(seen) < 3:
            raise ConnectionError
        return "ok"

    retry = RetryConfig(max_attempts=3, base_delay=3.0, backoff_strategy="constant", jitter=False)
    assert await around(handler, BOTH[0], retry, BOTH[1])(fetch_twice)() == "ok"
    assert seen == [pytest.approx(2.0), pytest.approx(2.0), pytest.approx(1.0 + 1.0)]


async def test_a_retry_between_sees_it_also_where_a_gate_does_not_want_the_result(handler, clock, picky):
    seen = []

    async def fetch_picky():
        seen.append(remaining(clock=clock))
        await anyio.sleep(1.5)
        return "ok"

    retry = RetryConfig(max_attempts=3, base_delay=1.0, jitter=False, exceptions=(ResultRefused,))
    assert await around(handler, BOTH[0], retry, Picky(), BOTH[1])(fetch_picky)() == "ok"
    assert seen == [pytest.approx(2.0)] * 2
    whole, again = picky.left
    assert whole == again


async def test_calls_at_the_same_time_are_cut_off_each_at_its_own_time(handler, clock):
    async def take(seconds):
        await anyio.sleep(seconds)
        return seconds

    call = around(handler, *BOTH)(take)
    ended = {}

    async def one(seconds):
        try:
            ended[seconds] = await call(seconds)
        except Timeout as error:
            ended[seconds] = error.key

    async with anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(one, number / 10 + 0.05)
    assert ended == {
        number / 10 + 0.05: number / 10 + 0.05 if number / 10 + 0.05 < 2.0 else "attempt" for number in range(40)
    }


async def test_a_cancellation_from_outside_goes_before(handler):
    async def hang():
        await anyio.sleep(100)

    with anyio.move_on_after(1.0) as scope:
        await around(handler, *BOTH)(hang)()
    assert scope.cancelled_caught
    assert ambient_deadline.get() is None


class TestOnTheMachinesClock:
    """Where the calls of a loop share timers, as they do in production."""

    @pytest.fixture
    def anyio_backend(self):
        return "asyncio"

    @pytest.fixture
    def clock(self):
        return SystemClock()

    async def test_nothing_is_kept_of_calls_that_have_ended(self, handler, fetch_ticker):
        call = around(handler, *BOTH)(fetch_ticker)
        for _ in range(5):
            await call()
        await asyncio.gather(*(call() for _ in range(200)))
        for _ in range(5):
            await call()
        queues = list(handler.plugins.get("timeout")._queues._queues.values())
        assert {len(list(filter(None, queue.calls))) for queue in queues} == {0}
        assert len(queues) == 2

    async def test_the_inner_looks_for_its_loop_by_itself_where_the_outer_has_none(self, handler, clock, fetch_ticker):
        token = ambient_deadline.set(clock.monotonic() + 5.0)  # nearer than the outer one's: it waits apart
        call = around(handler, *BOTH)(fetch_ticker)
        for _ in range(3):
            assert await call() == pytest.approx(2.0, abs=0.5)
        ambient_deadline.reset(token)

    async def test_loops_one_after_the_other_are_told_apart(self, handler, fetch_ticker):
        call = around(handler, *BOTH)(fetch_ticker)

        def elsewhere():
            return [asyncio.run(call()) for _ in range(3)]

        for _ in range(2):
            assert await asyncio.to_thread(elsewhere) == [pytest.approx(2.0, abs=0.5)] * 3
            assert await call() == pytest.approx(2.0, abs=0.5)
