"""Many symptoms at one venue are one incident, told when it opens, when it widens and when it is over."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import (
    BreakerEvent,
    Config,
    ErrorHandler,
    Guard,
    Operation,
    OperationKind,
    PluginEvent,
    StateEvent,
    hookimpl,
)
from recoup.testing import FakeClock
from recoup_plugins.classifier import Classifier
from recoup_plugins.incidents import Incident, Incidents, IncidentsConfig

LIMITED = StateEvent(subject="rate_limit:binance", old="open", new="limited")
DOWN = StateEvent(subject="connection:binance", old="up", new="down")
FEED = StateEvent(subject="feed:binance:main BTC/USDT:USDT", old="fresh", new="recovering")
OPEN = BreakerEvent(key="binance", old="closed", new="open")


@pytest.fixture
def incidents(host):
    host.spawns = False
    return Incidents(IncidentsConfig(), host)


def told(host):
    return [(event.subject, event.old, event.new, event.detail) for event in host.published]


def test_symptoms_of_several_kinds_are_one_incident(incidents, host):
    for event in (LIMITED, LIMITED, DOWN, LIMITED, OPEN, OPEN):
        incidents.monitor(event)
        host.clock.advance(1.0)
    assert told(host) == [
        ("incident:binance", "none", "open", "2 rate_limited, 1 disconnected"),
        ("incident:binance", "open", "open", "3 rate_limited, 1 disconnected, 1 circuit_open"),
    ]
    (incident,) = incidents.open()
    assert incident == Incident(
        venue="binance", since=incident.since, symptoms={"rate_limited": 3, "disconnected": 1, "circuit_open": 2}
    )


def test_a_few_symptoms_far_apart_are_none(incidents, host):
    for _ in range(10):
        incidents.monitor(LIMITED)
        incidents.monitor(DOWN)
        host.clock.advance(61.0)
    assert host.published == []
    assert incidents.open() == ()


def test_venues_are_kept_apart_and_a_feed_belongs_to_its_venue(incidents, host):
    for _ in range(3):
        incidents.monitor(FEED)
    incidents.monitor(LIMITED)
    assert [subject for subject, *_ in told(host)] == ["incident:binance:main"]
    assert [incident.venue for incident in incidents.open()] == ["binance:main"]


def test_it_is_over_after_quiet_with_the_next_event_where_no_loop_runs(incidents, host):
    for _ in range(3):
        incidents.monitor(LIMITED)
        host.clock.advance(10.0)
    host.clock.advance(110.0)
    assert incidents.open() == ()
    incidents.monitor(StateEvent(subject="venue:okx", old="normal", new="maintenance"))
    assert told(host)[1:] == [("incident:binance", "open", "over", "20 s: 3 rate_limited")]


@pytest.mark.anyio
async def test_it_is_over_by_itself_where_a_loop_runs(host):
    incidents = Incidents(IncidentsConfig(), host)
    for _ in range(3):
        incidents.monitor(LIMITED)
    ((_, function, args),) = host.spawned
    await function(*args)
    assert host.clock.sleeps == [120.0]
    assert told(host)[-1][2] == "over"


@pytest.mark.parametrize(
    "event",
    [
        StateEvent(subject="connection:binance", old="down", new="up"),
        StateEvent(subject="handler", old="ready", new="started"),
        BreakerEvent(key="binance", old="open", new="closed"),
        PluginEvent(plugin="retry", fault="raised"),
        StateEvent(subject="incident:binance", old="none", new="open"),
    ],
)
def test_what_is_no_symptom_is_passed_over(incidents, host, event):
    for _ in range(10):
        incidents.monitor(event)
    assert host.published == []


def test_the_venue_that_was_quiet_for_longest_makes_room(host):
    incidents = Incidents(IncidentsConfig(threshold=2, max_venues=2), host)
    for venue in "abc":
        incidents.monitor(StateEvent(subject=f"venue:{venue}", old="normal", new="maintenance"))
        host.clock.advance(1.0)
    incidents.monitor(StateEvent(subject="venue:a", old="normal", new="maintenance"))
    assert host.published == []


def test_errors_of_guarded_calls_belong_to_the_venue_of_their_key():
    events = []

    class Witness:
        @hookimpl
        def monitor(self, event):
            events.append(event)

        @hookimpl
        def sanitize(self, payload):
            return payload

    handler = ErrorHandler(
        Config(),
        clock=FakeClock(),
        discover=False,
        plugins={"incidents": Incidents, "classifier": Classifier, "witness": Witness},
    )

    @Guard(operation=Operation(kind=OperationKind.READ, key="binance"), component="exchange", handler=handler)
    def fetch():
        raise TimeoutError

    for _ in range(3):
        with pytest.raises(TimeoutError):
            fetch()
    found = [event for event in events if isinstance(event, StateEvent)]
    assert [(event.subject, event.detail) for event in found] == [("incident:binance", "3 timeout")]


@given(st.lists(st.tuples(st.sampled_from([LIMITED, DOWN, OPEN]), st.floats(0, 200)), max_size=40))
def test_what_opens_is_over_before_it_opens_again(steps):
    from random import Random

    clock, states = FakeClock(), []

    class Host:
        def __init__(self):
            self.clock = clock
            self.random = Random(0)

        def publish(self, event):
            states.append((event.old, event.new))

        def spawn(self, name, function, *args):
            return False

    incidents = Incidents(IncidentsConfig(), Host())
    for event, pause in steps:
        incidents.monitor(event)
        clock.advance(pause)
    is_open = False
    for old, new in states:
        assert (old == "open") == is_open
        is_open = new == "open"


def test_threads_open_one_incident(incidents, host):
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(50):
            incidents.monitor(LIMITED)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(host.published) == 1
    assert incidents.open()[0].symptoms == {"rate_limited": 400}
