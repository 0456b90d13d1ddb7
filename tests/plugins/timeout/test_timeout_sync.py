"""A time-out around synchronous code: a deadline passed on, and no thread."""

import threading

import pytest

from recoup import Config, DeadlineExceeded, ErrorHandler, Pipeline, Scope, deadline, remaining
from recoup.testing import FakeClock
from recoup_plugins.timeout import TimeoutConfig, TimeoutPlugin


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def limited(clock):
    handler = ErrorHandler(Config(), plugins={"timeout": TimeoutPlugin}, discover=False, clock=clock)

    def limit(seconds, function, **kwargs):
        return Pipeline(TimeoutConfig(seconds=seconds, **kwargs), handler=handler)(function)

    return limit


def test_the_deadline_is_seen_within_and_only_there(limited, clock):
    assert limited(2.0, lambda: remaining(clock=clock))() == 2.0
    assert remaining(clock=clock) is None


def test_of_two_deadlines_the_nearer_is_seen(limited, clock):
    inner = limited(2.0, lambda: remaining(clock=clock))
    assert limited(1.0, inner)() == 1.0
    assert limited(3.0, inner)() == 2.0


def test_a_call_that_ends_late_keeps_its_result(limited, clock):
    def call():
        clock.advance(5)
        return "filled"

    assert limited(2.0, call)() == "filled"


def test_a_call_that_fails_late_keeps_its_error(limited, clock):
    error = ValueError("rejected")

    def call():
        clock.advance(5)
        raise error

    with pytest.raises(ValueError, match="rejected") as caught:
        limited(2.0, call)()
    assert caught.value is error
    assert remaining(clock=clock) is None


def test_no_call_begins_once_a_deadline_around_has_passed(limited, clock):
    calls = []
    with deadline(1.0, clock=clock):
        clock.advance(1)
        with pytest.raises(DeadlineExceeded) as caught:
            limited(2.0, lambda: calls.append(1), name="venue")()
    assert calls == []
    assert (caught.value.key, caught.value.retry_after) == ("venue", None)


def test_a_second_call_within_a_first_that_is_late_is_not_begun(limited, clock):
    inner = limited(1.0, lambda: "never")

    def call():
        clock.advance(3)
        return inner()

    with pytest.raises(DeadlineExceeded):
        limited(2.0, call)()


def test_observers_are_told_of_a_call_that_ended_late(host):
    gate = TimeoutPlugin(host).policy(TimeoutConfig(seconds=2.0), Scope(key="ticker"))
    gate.release(gate.acquire(), None)
    assert host.published == []
    permit = gate.acquire()
    host.clock.advance(2.5)
    gate.release(permit, None)
    assert [(event.policy, event.key, event.action) for event in host.published] == [("timeout", "ticker", "late")]


def test_observers_are_told_of_a_call_that_was_refused(host):
    gate = TimeoutPlugin(host).policy(TimeoutConfig(seconds=2.0), Scope(key="ticker"))
    with deadline(0.0, clock=host.clock), pytest.raises(DeadlineExceeded):
        gate.acquire()
    assert [(event.action, event.key) for event in host.published] == [("refused", "ticker")]


def test_nothing_is_told_where_nobody_listens(host):
    host.observed = False
    gate = TimeoutPlugin(host).policy(TimeoutConfig(seconds=2.0), Scope(key="ticker"))
    permit = gate.acquire()
    host.clock.advance(2.5)
    gate.release(permit, None)
    assert host.published == []


def test_hundreds_of_stuck_calls_take_no_thread_and_leave_none_behind(limited):
    stuck, free = threading.Barrier(301), threading.Event()
    answers = []

    def call(index):
        stuck.wait()
        free.wait()
        return index

    limit = limited(0.001, call)
    before = threading.active_count()
    threads = [threading.Thread(target=lambda i=i: answers.append(limit(i))) for i in range(300)]
    for thread in threads:
        thread.start()
    stuck.wait()
    assert threading.active_count() == before + 300
    assert limited(1.0, lambda: "still answers")() == "still answers"
    free.set()
    for thread in threads:
        thread.join()
    assert threading.active_count() == before
    assert sorted(answers) == list(range(300))
