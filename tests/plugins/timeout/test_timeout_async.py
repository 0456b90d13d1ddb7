"""A time-out around coroutines: the same specification on asyncio and trio, in virtual time."""

import asyncio
import contextlib
import gc
import weakref

import anyio
import anyio.lowlevel
import pytest
import trio

from recoup import DeadlineExceeded, Pipeline, PolicyEvent, RecoupError, Timeout, deadline, hookimpl, remaining
from recoup_plugins.timeout import TimeoutConfig

pytestmark = pytest.mark.anyio


@pytest.fixture
def limited(handler):
    def limit(seconds, function, **kwargs):
        return Pipeline(TimeoutConfig(seconds=seconds, **kwargs), handler=handler)(function)

    return limit


async def take(seconds):
    await anyio.sleep(seconds)
    return f"after {seconds}"


async def test_a_call_that_ends_in_time_gives_its_result(limited):
    assert await limited(2.0, take)(1.0) == "after 1.0"


async def test_a_call_that_does_not_is_cut_off_when_its_time_is_over(limited):
    began = anyio.current_time()
    with pytest.raises(Timeout) as caught:
        await limited(2.0, take, name="venue")(5.0)
    assert anyio.current_time() - began == pytest.approx(2.0)
    assert (caught.value.key, caught.value.seconds, caught.value.retry_after) == ("venue", 2.0, None)
    assert isinstance(caught.value, TimeoutError)
    assert isinstance(caught.value, RecoupError)


async def test_what_cuts_it_off_is_a_cancellation_which_is_the_cause(limited):
    seen = []

    async def call():
        try:
            await anyio.sleep(5)
        except BaseException as error:
            seen.append(error)
            raise

    with pytest.raises(Timeout) as caught:
        await limited(2.0, call)()
    assert isinstance(seen[0], anyio.get_cancelled_exc_class())
    assert caught.value.__cause__ is seen[0]


async def test_the_task_lives_on_unharmed_after_a_time_out(limited):
    for _ in range(3):
        with pytest.raises(Timeout):
            await limited(1.0, take)(5.0)
        await anyio.sleep(3)
        assert await limited(1.0, take)(0.5) == "after 0.5"


async def test_each_time_out_is_an_exception_of_its_own(limited):
    call = limited(1.0, take)
    errors = []
    for _ in range(3):
        try:
            await call(5.0)
        except Timeout as error:
            errors.append(error)
    assert len(set(map(id, errors))) == 3
    depths = [sum(1 for _ in _frames(error.__traceback__)) for error in errors]
    assert depths[0] >= depths[1] == depths[2]  # the first call also compiles


def _frames(traceback):
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


async def test_an_error_of_the_call_comes_out_untouched(limited):
    error = ValueError("bad price")

    async def call():
        await anyio.sleep(1)
        raise error

    with pytest.raises(ValueError, match="bad price") as caught:
        await limited(2.0, call)()
    assert caught.value is error
    assert (error.__cause__, error.__context__) == (None, None)


async def test_a_call_that_swallows_the_cancellation_keeps_its_result(limited):
    async def call():
        try:
            await anyio.sleep(5)
        except anyio.get_cancelled_exc_class():
            return "made the best of it"

    assert await limited(2.0, call)() == "made the best of it"
    await anyio.sleep(1)  # nothing is left to cancel the task


async def test_a_call_that_answers_the_cancellation_with_another_error_keeps_that(limited):
    async def call():
        try:
            await anyio.sleep(5)
        except anyio.get_cancelled_exc_class():
            raise KeyError("gone") from None

    with pytest.raises(KeyError, match="gone"):
        await limited(2.0, call)()
    await anyio.sleep(1)


async def test_a_cancellation_from_outside_passes_through(limited):
    with anyio.move_on_after(1.0) as scope:
        await limited(2.0, take)(5.0)
    assert scope.cancelled_caught
    await anyio.sleep(5)


async def test_a_cancellation_from_outside_at_the_same_moment_wins(limited):
    with anyio.move_on_after(2.0) as scope:
        await limited(2.0, take)(5.0)
    assert scope.cancelled_caught
    await anyio.sleep(5)


async def test_a_cancellation_from_outside_wins_though_the_time_runs_out_during_the_cleaning_up(limited):
    async def call():
        try:
            await anyio.sleep(10)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(3)

    with anyio.move_on_after(1.0) as scope:
        await limited(2.0, call)()
    assert scope.cancelled_caught
    await anyio.sleep(5)


async def test_of_two_limits_the_nearer_cuts_off(limited):
    inner = limited(1.0, take, name="inner")
    with pytest.raises(Timeout) as caught:
        await limited(2.0, inner, name="outer")(5.0)
    assert caught.value.key == "inner"


async def test_of_two_equal_limits_one_time_out_comes_out_and_the_task_lives_on(limited):
    inner = limited(2.0, take, name="inner")
    with pytest.raises(Timeout):
        await limited(2.0, inner, name="outer")(5.0)
    await anyio.sleep(5)


async def test_the_outer_limit_cuts_off_an_inner_call_that_began_late(limited):
    inner = limited(2.0, take, name="inner")

    async def outer():
        await anyio.sleep(2)
        await inner(5.0)

    began = anyio.current_time()
    with pytest.raises(Timeout):
        await limited(3.0, outer, name="outer")()
    assert anyio.current_time() - began == pytest.approx(3.0)
    await anyio.sleep(5)


async def test_the_deadline_is_seen_within_and_only_there(limited, loop_clock):
    async def call():
        before = remaining(clock=loop_clock)
        await anyio.sleep(0.5)
        return before, remaining(clock=loop_clock)

    assert await limited(2.0, call)() == (pytest.approx(2.0), pytest.approx(1.5))
    assert remaining(clock=loop_clock) is None


async def test_a_nearer_deadline_around_stays_and_cuts_off(limited, loop_clock):
    async def call():
        seen.append(remaining(clock=loop_clock))
        await anyio.sleep(5)

    seen = []
    with deadline(0.5, clock=loop_clock), pytest.raises(Timeout) as caught:
        await limited(2.0, call)()
    assert seen == [pytest.approx(0.5)]
    assert caught.value.seconds == pytest.approx(0.5)


async def test_a_later_deadline_around_changes_nothing(limited, loop_clock):
    with deadline(3.0, clock=loop_clock):
        with pytest.raises(Timeout) as caught:
            await limited(2.0, take)(5.0)
        assert remaining(clock=loop_clock) == pytest.approx(1.0)
    assert caught.value.seconds == 2.0


async def test_no_call_begins_once_a_deadline_around_has_passed(limited, loop_clock):
    with deadline(0.5, clock=loop_clock):
        await anyio.sleep(1)
        with pytest.raises(DeadlineExceeded) as caught:
            await limited(2.0, take, name="venue")(0.0)
    assert (caught.value.key, caught.value.retry_after) == ("venue", None)


async def test_many_calls_at_once_are_each_cut_off_at_their_own_time(limited):
    call = limited(1.0, take)
    ended = {}

    async def begin(index):
        await anyio.sleep(index / 8)
        began = anyio.current_time()
        try:
            await call(0.5 if index % 3 == 0 else 5.0)
        except Timeout:
            ended[index] = "cut off", anyio.current_time() - began
        else:
            ended[index] = "done", anyio.current_time() - began

    async with anyio.create_task_group() as group:
        for index in range(40):
            group.start_soon(begin, index)
    for index in range(40):
        assert ended[index] == (("done", pytest.approx(0.5)) if index % 3 == 0 else ("cut off", pytest.approx(1.0)))


async def test_a_child_that_outlives_the_call_is_not_cut_off_with_it(limited):
    ended = []

    async def child():
        await anyio.sleep(3)
        ended.append("child")

    async with anyio.create_task_group() as group:

        async def call():
            group.start_soon(child)

        await limited(1.0, call)()
    assert ended == ["child"]


async def test_a_time_out_leaves_nothing_for_the_garbage_collector(limited):
    class Payload:
        pass

    async def call(payload):
        await anyio.sleep(5)

    payload = Payload()
    seen = weakref.ref(payload)
    limit = limited(1.0, call)
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(Timeout):
            await limit(payload)
        del payload
        await anyio.lowlevel.checkpoint()  # until then, asyncio itself holds the cancellation
        assert seen() is None
    finally:
        gc.enable()


async def test_monitors_are_told_of_a_call_cut_off(handler, limited):
    events = []

    class Listener:
        @hookimpl
        def monitor(self, event):
            events.append(event)

    await handler.add_plugin(Listener(), "listener")
    with pytest.raises(Timeout):
        await limited(2.0, take)(5.0)
    assert [(event.policy, event.action) for event in events if isinstance(event, PolicyEvent)] == [
        ("timeout", "timed_out")
    ]


async def test_a_generator_is_given_the_time_to_its_first_item(handler):
    closed = []

    @Pipeline(TimeoutConfig(seconds=1.0), handler=handler)
    async def watch(first):
        try:
            await anyio.sleep(first)
            yield 1
            await anyio.sleep(10)
            yield 2
        finally:
            closed.append(first)

    assert [item async for item in watch(0.5)] == [1, 2]
    with pytest.raises(Timeout):
        _ = [item async for item in watch(2.0)]
    assert closed == [0.5, 2.0]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_group_with_another_error_is_left_to_asyncio(limited):
    async def call():
        async with asyncio.TaskGroup() as group:
            group.create_task(_raise_on_cancel())
            await asyncio.sleep(5)

    with pytest.raises(ExceptionGroup) as caught:
        await limited(0.001, call)()
    assert caught.group_contains(KeyError)


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_on_trio_a_group_with_another_error_becomes_the_cause(limited):
    async def call():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_raise_on_cancel)
            await anyio.sleep(5)

    with pytest.raises(Timeout) as caught:
        await limited(0.001, call)()
    assert isinstance(caught.value.__cause__, BaseExceptionGroup)
    assert caught.value.__cause__.subgroup(KeyError) is not None


async def _raise_on_cancel():
    try:
        await anyio.sleep(5)
    except anyio.get_cancelled_exc_class():
        raise KeyError("cleaning up failed") from None
