"""What a venue announces holds calls back before it refuses one; what it does each week shapes the probes alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import Operation, OperationKind
from recoup_plugins.exchange_maintenance import ExchangeMaintenance, ExchangeMaintenanceConfig, MaintenanceWindow
from recoup_plugins.exchange_maintenance.venue import VenueState
from recoup_plugins.exchange_maintenance.windows import WINDOWS_KEPT, Calendar

START = datetime(2026, 1, 1, tzinfo=UTC)  # where a fake clock starts
SUBMIT = Operation(kind=OperationKind.SUBMIT, key="venue")
CANCEL = Operation(kind=OperationKind.CANCEL, key="venue")
READ = Operation(kind=OperationKind.READ, key="venue")


def at(minutes):
    return START + timedelta(minutes=minutes)


@pytest.fixture
def plugin(host):
    return ExchangeMaintenance(ExchangeMaintenanceConfig(), host)


def test_nothing_is_sent_in_an_announced_window(plugin, host):
    plugin.announce("venue", at(10), at(20))
    assert plugin.holds == {"venue"}
    assert plugin.delay(SUBMIT, "x") == 0.0
    host.clock.advance(600)
    assert plugin.state("venue") is VenueState.MAINTENANCE
    assert [plugin.delay(operation, "x") for operation in (SUBMIT, CANCEL, READ)] == [601.0] * 3
    assert plugin.delay(Operation(key="other"), "x") == 0.0
    host.clock.advance(600)
    assert plugin.delay(SUBMIT, "x") == 0.0
    assert plugin.state("venue") is VenueState.NORMAL
    assert plugin.holds == set()


def test_a_cancel_only_window_takes_cancels_and_questions(plugin, host):
    plugin.announce("venue", at(0), at(20), cancel_only=True)
    assert plugin.state("venue") is VenueState.CANCEL_ONLY
    assert plugin.delay(SUBMIT, "x") == 1201.0
    assert (plugin.delay(CANCEL, "x"), plugin.delay(READ, "x")) == (0.0, 0.0)


def test_windows_come_from_the_configuration_too(host):
    window = MaintenanceWindow(key="venue", start=at(0), end=at(1))
    plugin = ExchangeMaintenance(ExchangeMaintenanceConfig(windows=[window]), host)
    assert plugin.delay(READ, "x") == 61.0


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (at(1), at(1), "must end after it starts"),
        (datetime(2026, 1, 1), at(1), "start must be a date and time with a time zone"),
        (at(1), "tomorrow", "end must be a date and time with a time zone, got 'tomorrow'"),
    ],
)
def test_what_is_no_window_is_refused(plugin, start, end, message):
    with pytest.raises(ValueError, match=message):
        plugin.announce("venue", start, end)
    assert plugin.holds == set()


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50)), max_size=20),
    st.lists(st.integers(0, 200), min_size=1, max_size=10).map(sorted),
)
def test_the_current_window_is_the_one_that_ends_last(spans, moments):
    calendar = Calendar()
    windows = [MaintenanceWindow(key="v", start=at(start), end=at(start + length)) for start, length in spans]
    for window in windows:
        calendar.announce(window, START)
    for moment in moments:
        inside = [window.end for window in windows if window.start <= at(moment) < window.end]
        found = calendar.current("v", at(moment))
        assert (found.end if found else None) == max(inside, default=None)
        assert ("v" in calendar) == any(window.end > at(moment) for window in windows)


def test_the_farthest_window_makes_room():
    calendar = Calendar()
    for number in reversed(range(WINDOWS_KEPT + 5)):
        calendar.announce(MaintenanceWindow(key="v", start=at(number), end=at(number + 0.5)), START)
    assert calendar.current("v", at(0)) is not None
    assert calendar.current("v", at(WINDOWS_KEPT + 4)) is None


WEEK = timedelta(days=7)


def test_what_began_at_the_same_time_in_two_weeks_is_expected_to_last_as_long():
    calendar = Calendar()
    calendar.remember("v", START, timedelta(minutes=40))
    assert calendar.expected_length("v", START + WEEK) is None
    calendar.remember("v", START + WEEK + timedelta(minutes=5), timedelta(minutes=30))
    assert calendar.expected_length("v", START + 2 * WEEK - timedelta(minutes=5)) == timedelta(minutes=30)
    assert calendar.expected_length("v", START + 2 * WEEK + timedelta(hours=3)) is None
    assert calendar.expected_length("other", START + 2 * WEEK) is None


def test_several_on_one_day_are_no_weekly_habit():
    calendar = Calendar()
    calendar.remember("v", START, timedelta(minutes=5))
    calendar.remember("v", START + timedelta(minutes=10), timedelta(minutes=5))
    assert calendar.expected_length("v", START + timedelta(minutes=14)) is None
