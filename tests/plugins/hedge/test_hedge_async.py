"""Hedged coroutines: one specification on asyncio and trio, in the time of a clock that the test moves."""

import gc
import weakref

import anyio
import anyio.lowlevel
import pytest

from recoup import OperationKind, Scope, deadline
from recoup.testing import FakeClock
from recoup_plugins.hedge import HedgeConfig, HedgePlugin

pytestmark = pytest.mark.anyio

READ = Scope(key="ticker", name="fetch_ticker", kind=OperationKind.READ)


class Venue:
    """A venue whose answers a test gives, attempt by attempt."""

    def __init__(self):
        self.begun = []
        self.cancelled = []
        self.ended = []
        self._answers = {}

    async def fetch(self, *args, **kwargs):
        number = len(self.begun) + 1
        self.begun.append((args, kwargs))
        answer = self._answers[number] = anyio.Event(), []
        try:
            await answer[0].wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(number)
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            self.ended.append(number)
            raise
        self.ended.append(number)
        (value,) = answer[1]
        if isinstance(value, BaseException):
            raise value
        return value

    async def answer(self, number, value):
        event, box = self._answers[number]
        box.append(value)
        event.set()
        await settle()


@pytest.fixture
def clock():
    return FakeClock(auto_advance=False)


@pytest.fixture
def host(make_host, clock):
    return make_host(clock=clock)


@pytest.fixture
def plugin(host):
    return HedgePlugin(host)


@pytest.fixture
def venue():
    return Venue()


@pytest.fixture
def outcome():
    return []


@pytest.fixture
def begin(plugin, venue, outcome):
    async def call(group, *args, scope=READ, function=None, **kwargs):
        policy = plugin.policy(HedgeConfig(**({"delay": 1.0} | kwargs)), scope)

        async def run():
            try:
                outcome.append(await policy.call_async(function or venue.fetch, args, {"depth": 5}))
            except Exception as error:
                outcome.append(error)

        group.start_soon(run)
        await settle()

    return call


async def move(clock, seconds):
    clock.advance(seconds)
    await settle()


async def settle():
    for _ in range(12):
        await anyio.lowlevel.checkpoint()


async def test_a_call_that_answers_before_the_delay_is_made_once(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        await begin(group, "BTC/USDT")
        await move(clock, 0.9)
        await venue.answer(1, 42)
    assert (outcome, venue.begun) == ([42], [(("BTC/USDT",), {"depth": 5})])


async def test_a_second_attempt_begins_after_the_delay_with_the_same_arguments(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        await begin(group, "BTC/USDT")
        await move(clock, 1.0)
        assert venue.begun == [(("BTC/USDT",), {"depth": 5})] * 2
        await venue.answer(2, "second")
    assert outcome == ["second"]


@pytest.mark.parametrize(("winner", "loser"), [(1, 2), (2, 1)])
async def test_the_loser_is_cancelled_and_awaited(begin, venue, clock, outcome, winner, loser):
    async with anyio.create_task_group() as group:
        await begin(group)
        await move(clock, 1.0)
        await venue.answer(winner, "good")
        assert (outcome, venue.cancelled, venue.ended) == (["good"], [loser], [winner, loser])


async def test_no_attempt_begins_after_the_answer(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        await begin(group, max_attempts=3)
        await move(clock, 1.0)
        await venue.answer(2, "second")
        await move(clock, 5.0)
    assert (outcome, len(venue.begun)) == (["second"], 2)


@pytest.mark.parametrize("turn", range(20))  # trio runs what is ready in random order
async def test_nor_where_the_answer_comes_at_the_moment_of_the_delay(plugin, host, clock, turn):
    policy = plugin.policy(HedgeConfig(delay=1.0), READ)
    course = host.published = []

    async def fetch():
        course.append("begun")
        await clock.sleep(1.0)
        course.append("answered")

    async with anyio.create_task_group() as group:
        group.start_soon(policy.call_async, fetch, (), {})
        await settle()
        await move(clock, 1.0)
    assert course[0] == "begun"
    assert course[-1] == "answered"


async def test_attempts_follow_each_other_at_the_delay_up_to_the_most(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        await begin(group, max_attempts=3)
        for count in (2, 3, 3, 3):
            await move(clock, 1.0)
            assert len(venue.begun) == count
        await venue.answer(3, "third")
    assert (outcome, sorted(venue.cancelled)) == (["third"], [1, 2])


async def test_a_failure_before_the_delay_comes_out_at_once(begin, venue, clock, outcome):
    error = ConnectionError("reset")
    async with anyio.create_task_group() as group:
        await begin(group)
        await venue.answer(1, error)
        assert outcome == [error]
        await move(clock, 5.0)
    assert len(venue.begun) == 1


async def test_a_failure_waits_for_the_attempts_under_way(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        await begin(group)
        await move(clock, 1.0)
        await venue.answer(1, ConnectionError("reset"))
        assert outcome == []
        await venue.answer(2, "good")
    assert outcome == ["good"]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3)])
async def test_where_all_fail_the_first_attempts_error_comes_out_unchanged(begin, venue, clock, outcome, order):
    errors = {number: ConnectionError(f"attempt {number}") for number in (1, 2, 3)}
    async with anyio.create_task_group() as group:
        await begin(group, max_attempts=3)
        await move(clock, 1.0)
        await move(clock, 1.0)
        for number in order:
            assert outcome == []
            await venue.answer(number, errors[number])
    assert outcome[0] is errors[1]
    assert (errors[1].__cause__, errors[1].__context__) == (None, None)


async def test_a_cancellation_from_outside_cancels_every_attempt_and_passes_through(plugin, venue, clock):
    policy = plugin.policy(HedgeConfig(delay=1.0), READ)
    done = []

    async def run():
        try:
            await policy.call_async(venue.fetch, (), {})
        except anyio.get_cancelled_exc_class():
            done.append((sorted(venue.cancelled), sorted(venue.ended)))
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await settle()
        await move(clock, 1.0)
        group.cancel_scope.cancel()
    assert done == [([1, 2], [1, 2])]


async def test_a_loser_that_answers_its_cancellation_with_an_error_changes_nothing(begin, clock, outcome):
    attempts = []

    async def fetch(**_):
        attempts.append(len(attempts) + 1)
        if attempts[-1] == 2:
            return "second"
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            raise KeyError("cleaning up failed") from None

    async with anyio.create_task_group() as group:
        await begin(group, function=fetch)
        await move(clock, 1.0)
    assert outcome == ["second"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
async def test_what_ends_the_program_is_not_wrapped(plugin, stop):
    policy = plugin.policy(HedgeConfig(delay=1.0), READ)

    async def fetch():
        await anyio.lowlevel.checkpoint()
        raise stop

    with pytest.raises(stop):
        await policy.call_async(fetch, (), {})


async def test_no_second_attempt_where_it_could_not_begin_in_time(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        with deadline(1.0, clock=clock):
            await begin(group, delay=1.0)
        await move(clock, 3.0)
        await venue.answer(1, "first")
    assert (outcome, len(venue.begun)) == (["first"], 1)


async def test_nor_a_third_after_the_deadline(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        with deadline(1.5, clock=clock):
            await begin(group, delay=1.0, max_attempts=3)
        await move(clock, 1.0)
        await move(clock, 1.0)
        assert len(venue.begun) == 2
        await venue.answer(2, "second")
    assert outcome == ["second"]


async def test_an_outage_is_not_doubled(begin, venue, clock, outcome):
    async with anyio.create_task_group() as group:
        for _ in range(30):
            await begin(group, budget=0.1, burst=2)
        await move(clock, 1.0)
        assert len(venue.begun) == 30 + 2
        group.cancel_scope.cancel()


async def test_every_call_puts_its_share_into_the_budget(begin, venue, clock):
    async with anyio.create_task_group() as group:
        for begun in (2, 3, 5, 6):  # every second call finds half an attempt only
            await begin(group, budget=0.5, burst=1)
            await move(clock, 1.0)
            assert len(venue.begun) == begun
        group.cancel_scope.cancel()


async def test_pipelines_of_one_name_share_the_budget(begin, venue, clock):
    async with anyio.create_task_group() as group:
        for key in ("a", "b", "c"):
            scope = Scope(key=key, kind=OperationKind.READ)
            await begin(group, budget=0.001, burst=1, name="venue", scope=scope)
        await move(clock, 1.0)
        assert len(venue.begun) == 3 + 1
        group.cancel_scope.cancel()


async def test_the_delay_follows_the_times_of_recent_calls(begin, venue, clock):
    async with anyio.create_task_group() as group:
        for number in range(1, 21):
            await begin(group, delay="p95", min_delay=0.25, max_delay=4.0)
            await move(clock, 0.5 if number < 20 else 2.0)
            await venue.answer(number, "good")
        await begin(group, delay="p95", min_delay=0.25, max_delay=4.0)
        await move(clock, 0.25)
        assert len(venue.begun) == 21
        await move(clock, 0.25)
        assert len(venue.begun) == 22
        group.cancel_scope.cancel()


@pytest.mark.parametrize(("took", "delay"), [(0.125, 1.0), (8.0, 4.0)])
async def test_within_its_bounds(plugin, clock, took, delay):
    policy = plugin.policy(HedgeConfig(delay="p95", min_delay=1.0, max_delay=4.0), READ)

    async def fetch():
        clock.advance(took)

    assert policy._delay() == 4.0
    for _ in range(32):
        await policy.call_async(fetch, (), {})
    assert policy._delay() == delay


async def test_observers_are_told_what_a_healthy_call_does_not_see(begin, host, venue, clock):
    async with anyio.create_task_group() as group:
        await begin(group, burst=1, max_attempts=3)
        await move(clock, 1.0)
        await move(clock, 1.0)
        await venue.answer(2, "second")
    assert [(event.policy, event.key, event.action, event.attempt, event.delay) for event in host.published] == [
        ("hedge", "ticker", "hedging", 2, 1.0),
        ("hedge", "ticker", "exhausted", 2, None),
        ("hedge", "ticker", "won", 2, None),
    ]


async def test_nothing_is_told_where_nobody_listens(begin, host, venue, clock):
    host.observed = False
    async with anyio.create_task_group() as group:
        await begin(group)
        await move(clock, 1.0)
        await venue.answer(2, "second")
    assert host.published == []


@pytest.mark.parametrize("anyio_backend", ["trio"])  # on asyncio, anyio's own task groups do
async def test_a_failure_leaves_nothing_for_the_garbage_collector(plugin):
    class Payload:
        pass

    policy = plugin.policy(HedgeConfig(delay=1.0), READ)

    async def fetch(payload):
        await anyio.lowlevel.checkpoint()
        raise KeyError

    payload = Payload()
    seen = weakref.ref(payload)
    gc.collect()
    gc.disable()
    try:
        with pytest.raises(KeyError):
            await policy.call_async(fetch, (payload,), {})
        del payload
        await anyio.lowlevel.checkpoint()
        assert seen() is None
    finally:
        gc.enable()
