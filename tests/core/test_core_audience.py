"""Which events anybody listens to."""

from __future__ import annotations

from recoup import ErrorHandler, PolicyEvent, hookimpl
from recoup.testing import FakeClock


class Hears:
    """A monitor that wants some kinds, and writes down what it was asked."""

    def __init__(self, *kinds: str):
        self.kinds = kinds
        self.asked: list[str] = []

    def hears(self, kind):
        self.asked.append(kind)
        return kind in self.kinds

    @hookimpl
    def monitor(self, event):
        pass


class HearsAll:
    def __init__(self):
        self.events = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


class Breaks(HearsAll):
    def hears(self, kind):
        raise ValueError("deaf")


def make(**plugins):
    return ErrorHandler(discover=False, plugins=plugins, clock=FakeClock())


def test_without_a_monitor_nothing_is_heard():
    assert not make().hears("policy")


def test_a_monitor_hears_every_kind_unless_it_says_otherwise():
    assert make(all=HearsAll()).hears("policy")
    handler = make(some=Hears("breaker"))
    assert handler.hears("breaker")
    assert not handler.hears("policy")
    assert make(some=Hears("breaker"), other=Hears("policy")).hears("policy")


def test_each_kind_is_asked_for_once_until_plugins_change():
    handler = make(some=(some := Hears()))
    for _ in range(3):
        assert not handler.hears("policy")
    assert some.asked == ["policy"]
    handler.plugins.register(HearsAll(), "all")
    assert handler.hears("policy")


def test_one_that_can_t_say_is_reported_and_hears_all():
    handler = make(breaks=(breaks := Breaks()), other=(other := HearsAll()))
    assert handler.hears("policy")
    assert [event.hook for event in other.events if event.kind == "plugin"] == ["hears"]
    handler.publish(PolicyEvent(policy="retry", key="k", action="retrying"))
    assert breaks.events
