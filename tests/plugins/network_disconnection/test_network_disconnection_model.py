"""The phases of a connection and the line before it, against a model."""

from __future__ import annotations

import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from recoup_plugins.network_disconnection.connection import Connection, ConnectionPhase
from recoup_plugins.network_disconnection.queue import OrderQueue

CAPACITY = 4
TABLE = {
    "up": {"down"},
    "down": {"reconnecting"},
    "reconnecting": {"flushing", "failed", "down"},
    "flushing": {"up", "down"},
    "failed": {"reconnecting"},
}


class Line(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.connection = Connection("venue", OrderQueue(CAPACITY))
        self.phase = "up"
        self.waiting = []
        self.left = []

    @rule(new=st.sampled_from(ConnectionPhase))
    def move(self, new):
        old = self.connection.move(new)
        if new.value in TABLE[self.phase]:
            assert old.value == self.phase
            self.phase = new.value
        else:
            assert old is None

    @rule()
    def enter(self):
        turn = self.connection.queue.enter()
        assert (turn is None) == (len(self.waiting) >= CAPACITY)
        if turn is not None:
            self.waiting.append(turn)

    @rule(data=st.data())
    def leave(self, data):
        """One gives up, and is not taken out of the line yet."""
        staying = [turn for turn in self.waiting if turn not in self.left]
        if staying:
            turn = data.draw(st.sampled_from(staying))
            assert turn.leave()
            self.left.append(turn)

    @rule()
    def forget(self):
        if self.left:
            turn = self.left.pop(0)
            self.connection.queue.forget(turn)
            self.connection.queue.forget(turn)
            self.waiting.remove(turn)

    @rule()
    def release(self):
        staying = [turn for turn in self.waiting if turn not in self.left]
        assert self.connection.queue.release() == bool(staying)
        if staying:
            assert staying[0].given
            passed = self.waiting[: self.waiting.index(staying[0]) + 1]
            self.waiting = self.waiting[len(passed) :]
            self.left = [turn for turn in self.left if turn not in passed]
        else:
            self.waiting, self.left = [], []

    @invariant()
    def the_line_is_as_long_as_it_should_be(self):
        assert len(self.connection.queue) == len(self.waiting)
        assert self.connection.phase.value == self.phase


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=30)


def test_threads_are_let_go_exactly_once_each():
    queue = OrderQueue(1000)
    turns = [queue.enter() for _ in range(800)]
    barrier = threading.Barrier(8)
    released = []

    def work():
        barrier.wait()
        while queue.release():
            released.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(released) == 800
    assert all(turn.given for turn in turns)
