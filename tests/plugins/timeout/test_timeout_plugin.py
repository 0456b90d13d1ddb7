"""The plugin among others: its configuration, its place, and what the policies around and within it make of it."""

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
    Timeout,
)
from recoup.testing import FakeClock
from recoup_plugins.classifier import Classifier
from recoup_plugins.retry import RetryPlugin
from recoup_plugins.timeout import TimeoutConfig, TimeoutPlugin

READ = Operation(kind=OperationKind.READ)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), float("inf")])
def test_no_limit_without_a_time(seconds):
    with pytest.raises(ValueError, match=r"TimeoutConfig\.seconds must be finite and above 0"):
        TimeoutConfig(seconds=seconds)


@pytest.mark.parametrize(
    ("values", "place"),
    [({"seconds": "1"}, "seconds"), ({"seconds": True}, "seconds"), ({"seconds": 1, "total": 1}, "total")]
    + [({"seconds": 1, "name": name}, "name") for name in ("", 7)],
)
def test_a_value_of_the_wrong_type_is_named(values, place):
    with pytest.raises(TypeError, match=rf"TimeoutConfig\.{place}"):
        TimeoutConfig(**values)


def test_it_serves_its_configuration(host):
    plugin = TimeoutPlugin(host)
    assert isinstance(plugin, PolicyServer)
    assert plugin.policy(TimeoutConfig(seconds=1), Scope(key="scope")).key == "scope"
    assert plugin.policy(TimeoutConfig(seconds=1, name="own"), Scope(key="scope")).key == "own"


def test_a_total_limit_stands_around_the_retry_and_any_other_within(host):
    plugin = TimeoutPlugin(host)
    total = plugin.placing(TimeoutConfig(seconds=9, total=True))
    attempt = plugin.placing(TimeoutConfig(seconds=3))
    assert (total.place, total.seconds) == (Place.TOTAL_TIMEOUT, 9)
    assert (attempt.place, attempt.seconds) == (Place.ATTEMPT_TIMEOUT, 3)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def handler(clock):
    plugins = {"timeout": TimeoutPlugin, "retry": RetryPlugin, "classifier": Classifier}
    return ErrorHandler(Config(), plugins=plugins, discover=False, clock=clock)


def test_a_limit_within_a_shorter_one_is_refused(handler):
    pipeline = Pipeline(TimeoutConfig(seconds=1), TimeoutConfig(seconds=2), handler=handler)
    with pytest.raises(PolicyMisuse, match="can never be over before"):
        pipeline.call_sync(lambda: None)


@pytest.mark.anyio
async def test_each_attempt_has_its_own_time_and_all_share_the_total(handler, clock):
    attempts = []

    @Guard(
        RetryConfig(max_attempts=10, base_delay=1.0, backoff_strategy="constant"),
        TimeoutConfig(seconds=2.0),
        TimeoutConfig(seconds=7.5, total=True),
        operation=READ,
        handler=handler,
    )
    async def fetch_ticker():
        attempts.append(clock.monotonic())
        await clock.sleep(1.0)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await fetch_ticker()
    assert attempts == [0.0, 2.0, 4.0, 6.0]


@pytest.mark.anyio
async def test_an_attempt_that_was_cut_off_is_made_again(handler, clock):
    waits = [5.0, 5.0, 0.5]

    @Guard(
        RetryConfig(max_attempts=3, base_delay=1.0, backoff_strategy="constant"),
        TimeoutConfig(seconds=2.0),
        operation=READ,
        handler=handler,
    )
    async def fetch_ticker():
        await clock.sleep(waits.pop(0))
        return 42

    assert await fetch_ticker() == 42
    assert waits == []


@pytest.mark.anyio
async def test_of_two_calls_one_in_the_other_the_outer_limit_is_the_last_word(handler, clock):
    @Pipeline(TimeoutConfig(seconds=3.0, name="inner"), handler=handler)
    async def inner():
        await clock.sleep(9.0)

    @Pipeline(TimeoutConfig(seconds=1.0, name="outer"), handler=handler)
    async def outer():
        await inner()

    with pytest.raises(Timeout):
        await outer()
    await clock.sleep(0)
