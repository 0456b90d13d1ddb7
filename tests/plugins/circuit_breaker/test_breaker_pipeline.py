"""The breaker in a pipeline: one specification for functions and coroutine functions."""

from __future__ import annotations

import inspect
import traceback

import anyio
import pytest

from recoup import CircuitBreakerConfig, CircuitOpen, ErrorHandler, Pipeline
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin

TWICE = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30, name="venue")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def handler(clock):
    return ErrorHandler(discover=False, clock=clock, plugins={"circuit_breaker": CircuitBreakerPlugin})


@pytest.fixture
def plugin(handler):
    return handler.plugins.get("circuit_breaker")


@pytest.fixture(params=["sync", "async"])
def protect(request, handler):
    """Put a pipeline around a function, or the same as a coroutine function; either is called with ``await made()``."""

    def protect(function, config=TWICE):
        pipeline = Pipeline(config, handler=handler)
        if request.param == "async":

            @pipeline
            async def protected(*args):
                return function(*args)

        else:
            protected = pipeline(function)

        async def call(*args):
            result = protected(*args)
            return await result if inspect.isawaitable(result) else result

        return call

    return protect


def broken(*_):
    raise ConnectionError("broken")


async def fail(call, times=1):
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await call(True)


@pytest.mark.anyio
class TestSpecification:
    async def test_calls_pass_until_it_opens_and_again_after_a_trial(self, protect, clock, plugin):
        made = []

        def fetch(is_down=False):
            made.append(is_down)
            if is_down:
                raise ConnectionError("broken")
            return "price"

        call = protect(fetch)
        assert await call() == "price"
        await fail(call, 2)
        with pytest.raises(CircuitOpen) as refusal:
            await call()
        assert (refusal.value.key, refusal.value.retry_after) == ("venue", 30)
        assert len(made) == 3
        clock.advance(30)
        assert await call() == "price"
        assert plugin.circuit_breaker_status() == {"venue": "closed"}

    async def test_the_exception_comes_out_as_it_was_raised(self, protect):
        error = ConnectionError("broken")

        def fetch():
            raise error

        with pytest.raises(ConnectionError) as caught:
            await protect(fetch)()
        assert caught.value is error
        assert error.__cause__ is error.__context__ is None
        assert traceback.extract_tb(error.__traceback__)[-1].name == "fetch"

    async def test_a_refusal_has_no_context(self, protect):
        call = protect(broken)
        await fail(call, 2)
        for _ in range(3):
            with pytest.raises(CircuitOpen) as refusal:
                await call()
            assert refusal.value.__cause__ is refusal.value.__context__ is None

    async def test_levels(self, protect, plugin):
        call = protect(lambda *_: "ok", CircuitBreakerConfig(name="kraken > main > orders"))
        plugin.force_open("kraken")

        with pytest.raises(CircuitOpen) as refusal:
            await call()
        assert refusal.value.key == "kraken > main > orders"
        plugin.reset("kraken")
        assert await call() == "ok"

    async def test_other_values_for_the_same_name_keep_the_state(self, protect, plugin):
        first = protect(broken)
        await fail(first)
        second = protect(broken, CircuitBreakerConfig(name="venue", window="count", window_size=4, minimum_calls=2))
        await fail(second)

        with pytest.raises(CircuitOpen):
            await first()
        with pytest.raises(CircuitOpen):
            await second()


@pytest.mark.anyio
async def test_a_cancelled_trial_gives_its_place_back(handler, clock, plugin):
    entered = anyio.Event()

    @Pipeline(TWICE, handler=handler)
    async def fetch(what):
        if what == "fail":
            raise ConnectionError("broken")
        if what == "hang":
            entered.set()
            await anyio.sleep_forever()
        return what

    for _ in range(2):
        with pytest.raises(ConnectionError):
            await fetch("fail")
    clock.advance(30)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fetch, "hang")
        await entered.wait()
        with pytest.raises(CircuitOpen, match="waits for its trial calls"):
            await fetch("price")
        tasks.cancel_scope.cancel()

    assert plugin.status("venue").trials == 0
    assert plugin.status("venue").state == "half_open"
    assert await fetch("price") == "price"
    assert plugin.status("venue").state == "closed"


@pytest.mark.anyio
async def test_half_open_lets_exactly_the_permitted_number_of_twenty_tasks_through(handler, clock, plugin):
    config = CircuitBreakerConfig(
        failure_threshold=1, recovery_timeout=30, name="venue", half_open_max_calls=3, success_threshold=3
    )
    release = anyio.Event()
    reached, refused = [], []

    @Pipeline(config, handler=handler)
    async def fetch(number):
        if number < 0:
            raise ConnectionError("broken")
        reached.append(number)
        await release.wait()

    async def call(number):
        try:
            await fetch(number)
        except CircuitOpen:
            refused.append(number)

    with pytest.raises(ConnectionError):
        await fetch(-1)
    clock.advance(30)
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(call, number)
        await anyio.wait_all_tasks_blocked()
        release.set()

    assert (len(reached), len(refused)) == (3, 17)
    assert plugin.status("venue").state == "closed"
