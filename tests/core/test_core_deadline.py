"""A deadline set outside is seen by everything within."""

import contextvars
import threading

import anyio
import anyio.lowlevel
import pytest

from recoup import Call, Operation, deadline, remaining
from recoup.deadline import ambient_deadline, nearer
from recoup.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock(auto_advance=False)


def test_without_a_deadline_nothing_remains_to_be_told(clock):
    assert remaining(clock=clock) is None
    assert nearer(5.0) == 5.0


def test_the_time_that_remains_runs_out_and_is_negative_from_then_on(clock):
    with deadline(2.0, clock=clock):
        assert remaining(clock=clock) == 2.0
        clock.advance(1.5)
        assert remaining(clock=clock) == 0.5
        clock.advance(1.5)
        assert remaining(clock=clock) == -1.0
    assert remaining(clock=clock) is None


def test_it_decorates_nothing(clock):
    with pytest.raises(TypeError, match="not callable"):
        deadline(2.0, clock=clock)(print)


def test_of_two_deadlines_the_nearer_counts_whichever_is_outside(clock):
    with deadline(2.0, clock=clock):
        with deadline(5.0, clock=clock):
            assert remaining(clock=clock) == 2.0
        with deadline(1.0, clock=clock):
            assert remaining(clock=clock) == 1.0
            assert nearer(9.0) == 1.0
            assert nearer(0.5) == 0.5
        assert remaining(clock=clock) == 2.0


def test_it_is_gone_after_an_error(clock):
    with pytest.raises(KeyError), deadline(2.0, clock=clock):
        raise KeyError
    assert ambient_deadline.get() is None


@pytest.mark.parametrize("seconds", [-0.1, float("nan")])
def test_what_is_no_time_from_now_is_refused(seconds):
    with pytest.raises(ValueError, match="0 seconds from now or later"), deadline(seconds):
        pass


def test_zero_seconds_have_passed_at_once(clock):
    with deadline(0.0, clock=clock):
        assert remaining(clock=clock) == 0.0


def test_by_default_it_goes_by_the_time_of_the_machine():
    with deadline(60.0):
        assert 59.0 < remaining() <= 60.0


def test_a_call_sees_the_nearer_of_its_own_deadline_and_the_one_around(clock):
    call = Call(operation=Operation(deadline=3.0), started=0.0)
    assert call.remaining(clock.monotonic()) == 3.0
    with deadline(2.0, clock=clock):
        assert call.remaining(clock.monotonic()) == 2.0
    with deadline(4.0, clock=clock):
        assert call.remaining(clock.monotonic()) == 3.0
        assert Call().remaining(clock.monotonic()) == 4.0


def test_another_thread_sees_it_only_where_the_context_goes_along(clock):
    seen = []
    with deadline(2.0, clock=clock):
        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=lambda: seen.append(remaining(clock=clock))),
            threading.Thread(target=context.run, args=(lambda: seen.append(remaining(clock=clock)),)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert seen == [None, 2.0]


@pytest.mark.anyio
async def test_tasks_started_within_see_it_and_those_outside_do_not(clock):
    seen = {}

    async def look(name):
        await anyio.lowlevel.checkpoint()
        seen[name] = remaining(clock=clock)

    async with anyio.create_task_group() as group:
        group.start_soon(look, "outside")
        with deadline(2.0, clock=clock):
            group.start_soon(look, "within")
    assert seen == {"outside": None, "within": 2.0}
