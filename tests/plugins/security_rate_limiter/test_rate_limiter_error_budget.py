"""max_errors_per_minute is what it says: no 60 seconds have more, wherever they begin, whoever asks."""

from __future__ import annotations

import sys
import threading
import tracemalloc
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter.error_budget import ErrorBudget
from recoup_plugins.security_rate_limiter.sliding_log import SlidingLog, SlidingLogs

if TYPE_CHECKING:
    from collections.abc import Iterator

pauses = st.sampled_from([0.0, 0.001, 0.25, 0.499, 0.5, 1.0, 7.0, 29.75, 59.999, 60.0, 61.0])


def most_in_a_minute(times: list[float]) -> int:
    """Count by hand: every window that begins with an arrival."""
    return max((sum(begin <= time < begin + 60.0 for time in times) for begin in times), default=0)


def handled_at(budget: ErrorBudget, clock: FakeClock, waits: list[tuple[float, int]]) -> list[float]:
    times = []
    for pause, errors in waits:
        clock.advance(pause)
        times += [clock.monotonic() for _ in range(errors) if budget.decide("exchange", "create_order").allowed]
    return times


@settings(max_examples=200)
@given(most=st.integers(1, 130), waits=st.lists(st.tuples(pauses, st.integers(1, 150)), max_size=60))
def test_no_minute_has_more_errors_than_allowed(most: int, waits: list[tuple[float, int]]) -> None:
    clock = FakeClock()
    assert most_in_a_minute(handled_at(ErrorBudget(most, clock), clock, waits)) <= most


@settings(max_examples=100)
@given(most=st.integers(1, 120), waits=st.lists(st.tuples(pauses, st.integers(1, 10)), max_size=60))
def test_no_error_is_turned_away_for_which_the_minute_has_room(most: int, waits: list[tuple[float, int]]) -> None:
    clock = FakeClock()
    budget = ErrorBudget(most, clock)
    times: list[float] = []
    for pause, errors in waits:
        clock.advance(pause)
        now = clock.monotonic()
        for _ in range(errors):
            recent = [time for time in times if round((now - time) * 1e6) < 60_000_000]
            decision = budget.decide("exchange", "create_order")
            assert decision.allowed is (len(recent) < most)
            if decision.allowed:
                times.append(now)
            else:
                assert decision.retry_after == pytest.approx(recent[-most] + 60.0 - now, abs=2e-6)


def test_whoever_waits_for_the_worst_moment_gets_no_second_burst() -> None:
    clock = FakeClock()
    assert len(handled_at(ErrorBudget(100, clock), clock, [(0.0, 200), (30.0, 200), (29.9, 200)])) == 100


def test_a_large_limit_takes_bounded_memory_and_is_late_by_half_a_second_at_most() -> None:
    log = SlidingLog(30_000, 60_000_000)
    for tick in range(0, 60_000_000, 2_000):
        assert log.wait(tick) == 0
        log.add(tick)
    assert 0 < log.wait(59_999_999) <= 1 + 500_000
    assert log.wait(60_500_000) == 0
    assert len(log._until) <= 122


@given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 500)), max_size=80), st.integers(121, 2_000))
def test_a_large_limit_is_never_exceeded(arrivals: list[tuple[int, int]], most: int) -> None:
    span, now = 12_000, 0
    log, times = SlidingLog(most, span), list[int]()
    for pause, count in arrivals:
        now += pause
        for _ in range(count):
            if log.wait(now) == 0:
                log.add(now)
                times.append(now)
    assert all(sum(begin <= time < begin + span for time in times) <= most for begin in set(times))


def test_names_that_a_client_makes_up_count_as_one_operation() -> None:
    budget = ErrorBudget(20, FakeClock())
    answers = [budget.decide("web", f"GET /account/{number}") for number in range(1_000)]
    assert sum(answer.allowed for answer in answers) == 128 + 20
    assert answers[-1].reason == "max_errors_per_minute: 20 for one component and operation"
    assert budget.decide("exchange", "create_order").allowed


def test_one_component_has_ten_times_one_operations_errors_and_a_tenth_of_each() -> None:
    clock = FakeClock()
    budget = ErrorBudget(20, clock)
    answers = [budget.decide("web", f"operation-{number // 50}") for number in range(40 * 50)]
    assert sum(answer.allowed for answer in answers) == 10 * 20 + 30 * 2
    assert answers[-1].reason == "max_errors_per_minute: 200 for all operations of one component"
    clock.advance(60.0)
    assert sum(budget.decide("web", "operation-39").allowed for _ in range(50)) == 20


def test_a_storm_under_made_up_names_hides_nothing_that_goes_wrong_elsewhere() -> None:
    budget = ErrorBudget(100, FakeClock())
    budget.decide("web", "create_order")
    for number in range(20_000):
        budget.decide("web", f"GET /account/{number % 200}")
    assert sum(budget.decide("web", "create_order").allowed for _ in range(50)) == 9


def test_keys_without_room_share_one_log_and_gain_nothing_by_finding_room() -> None:
    logs = SlidingLogs(3, 100, 1)

    def admit(key: str, now: int) -> bool:
        log = logs.find(key, now)
        if log.wait(now):
            return False
        log.add(now)
        return True

    assert admit("tenant", 0)
    assert [admit(f"made-up-{number}", 50) for number in range(5)] == [True, True, True, False, False]
    assert not admit("made-up-0", 100)  # the tenant is gone, and his place comes with what was counted before
    assert admit("made-up-0", 150)
    assert len(logs) == 1


def test_memory_stays_bounded_under_a_flood_of_names() -> None:
    budget, clock = ErrorBudget(1_000_000, FakeClock()), FakeClock()
    tracemalloc.start()
    try:
        for number in range(20_000):
            budget.decide("web", f"GET /account/{number}")
            clock.advance(1e-4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_096 * 1_000


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads change as often as they can, so that a missing lock shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


class NotedClock(FakeClock):
    """Keeps for each thread the time that it was told last."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.local()

    def monotonic(self) -> float:
        self.told.time = super().monotonic()
        return self.told.time


@pytest.mark.usefixtures("often_switching")
def test_eight_threads_and_a_clock_that_moves_get_no_more_in_any_minute() -> None:
    clock = NotedClock()
    budget = ErrorBudget(50, clock)
    start = threading.Barrier(8)
    allowed: list[float] = []

    def work(number: int) -> None:
        start.wait()
        for _ in range(800):
            if budget.decide("exchange", "create_order").allowed:
                allowed.append(clock.told.time)
            if number == 0:
                clock.advance(0.25)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most_in_a_minute(allowed) == 50


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_tasks_get_no_more_in_any_minute() -> None:
    clock = FakeClock()
    budget = ErrorBudget(7, clock)
    times: list[float] = []

    async def work() -> None:
        for _ in range(40):
            if budget.decide("exchange", "create_order").allowed:
                times.append(clock.monotonic())
            clock.advance(0.5)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(work)
    assert most_in_a_minute(times) == 7
