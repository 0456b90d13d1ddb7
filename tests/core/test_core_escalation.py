"""A human is told of each matter once, then in summary, and no more once it is acknowledged."""

from __future__ import annotations

import threading

import pytest

from recoup import (
    Classification,
    Config,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    EscalationEvent,
    Escalations,
    SeverityConfig,
    StateEvent,
    hookimpl,
)
from recoup.escalation import KEPT
from recoup.testing import FakeClock

INTERVAL = 300.0
EVENT = EscalationEvent(
    error_id="e-1", severity=ErrorSeverity.HIGH, component="exchange", operation="create_order", reason="why"
)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def events():
    return []


@pytest.fixture
def escalations(clock, events):
    config = ErrorHandlingConfig(severity_levels={ErrorSeverity.HIGH: SeverityConfig(escalate=True, notify=("sms",))})
    return Escalations(config, clock, events.append)


def told(events):
    return [event.count for event in events if isinstance(event, EscalationEvent)]


def test_it_goes_to_the_channels_of_its_severity(escalations, events):
    escalations.tell(EVENT, "TimeoutError")
    assert events[0].notify == ("sms",)
    assert events[0].escalation_id


def test_a_matter_is_told_once_and_then_in_summary(escalations, events, clock):
    for _ in range(4):
        escalations.tell(EVENT, "TimeoutError")
        clock.advance(INTERVAL / 4)
    assert told(events) == [1]
    escalations.tell(EVENT, "TimeoutError")
    assert told(events) == [1, 5]


def test_one_that_was_quiet_is_over_and_told_anew(escalations, events, clock):
    escalations.tell(EVENT, "TimeoutError")
    clock.advance(INTERVAL)
    assert escalations.open() == ()
    escalations.tell(EVENT, "TimeoutError")
    assert told(events) == [1, 1]


def test_other_matters_are_told_by_themselves(escalations, events):
    escalations.tell(EVENT, "TimeoutError", "order-1")
    escalations.tell(EVENT, "TimeoutError", "order-2")
    assert told(events) == [1, 1]
    assert len({event.escalation_id for event in events}) == 2


def test_an_acknowledged_one_is_silent_while_it_goes_on(escalations, events, clock):
    escalations.tell(EVENT, "TimeoutError")
    (opened,) = escalations.open()
    assert escalations.acknowledge(opened.escalation_id)
    assert escalations.acknowledge(opened.escalation_id)
    assert escalations.open() == ()
    for _ in range(10):
        clock.advance(INTERVAL / 2)
        escalations.tell(EVENT, "TimeoutError")
    assert told(events) == [1]
    acknowledged = [event for event in events if isinstance(event, StateEvent)]
    assert [(event.old, event.new) for event in acknowledged] == [("open", "acknowledged")]
    clock.advance(INTERVAL)
    escalations.tell(EVENT, "TimeoutError")
    assert told(events) == [1, 1]


def test_what_is_open_is_counted(escalations):
    for _ in range(3):
        escalations.tell(EVENT, "TimeoutError")
    (opened,) = escalations.open()
    assert (opened.reason, opened.count) == ("why", 3)


def test_nothing_goes_by_an_id_that_was_never_given(escalations):
    assert not escalations.acknowledge("unheard of")


def test_the_one_that_was_quiet_for_longest_makes_room(escalations, events, clock):
    for number in range(KEPT + 1):
        escalations.tell(EVENT, str(number))
        clock.advance(0.01)
    assert len(escalations.open()) == KEPT
    escalations.tell(EVENT, "1")
    assert len(told(events)) == KEPT + 1
    escalations.tell(EVENT, "0")
    assert len(told(events)) == KEPT + 2


def test_threads_tell_one_matter_once(escalations, events):
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(100):
            escalations.tell(EVENT, "TimeoutError")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(events) == [1]
    assert escalations.open()[0].count == 800


class Core:
    def __init__(self):
        self.events = []

    @hookimpl
    def classify(self, error, context):
        return Classification(severity=ErrorSeverity.CRITICAL, category=ErrorCategory.EXCHANGE, retryable=False)

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


def test_the_same_critical_error_escalates_once_in_an_interval():
    core = Core()
    handler = ErrorHandler(Config(), clock=FakeClock(), discover=False, plugins={"core": core})
    for _ in range(5):
        error = OSError("disk full")
        outcome = handler.process_sync(error, handler.create_error_context(error, "database", "write"))
        assert outcome.escalated
    assert told(core.events) == [1]
    (opened,) = handler.escalations.open()
    assert opened.count == 5
    assert handler.escalations.acknowledge(opened.escalation_id)
