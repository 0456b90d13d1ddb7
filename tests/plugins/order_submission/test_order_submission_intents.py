"""The table of intents: who may send, who waits, and what is forgotten first."""

import threading

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from recoup import Call
from recoup_plugins.order_submission.intents import Intents, SendState

KEY = ("venue:main", "bot-1")


@pytest.fixture
def intents():
    return Intents(10)


def sent(intents, name, state):
    key, call = ("venue", name), Call()
    assert intents.send(key, call)
    intents.end(key, call, state)
    return key


class TestSending:
    def test_a_new_intent_is_sent_by_one_call(self, intents):
        assert intents.send(KEY, Call())
        assert intents.state(KEY) is SendState.SUBMITTED
        assert not intents.send(KEY, Call())
        assert intents.send_or_verify(KEY, Call()) is None

    def test_it_is_new_again_after_a_known_failure(self, intents):
        call = Call()
        intents.send(KEY, call)
        assert intents.end(KEY, call, None) is SendState.SUBMITTED
        assert intents.state(KEY) is None
        assert intents.send_or_verify(KEY, Call()) is SendState.SUBMITTED

    @pytest.mark.parametrize("state", [SendState.ACCEPTED, SendState.UNKNOWN])
    def test_one_that_was_accepted_or_is_unknown_is_verified_by_the_next_call(self, intents, state):
        key = sent(intents, "1", state)
        assert not intents.send(key, Call())
        assert intents.send_or_verify(key, Call()) is state
        assert intents.state(key) is SendState.VERIFYING
        assert intents.send_or_verify(key, Call()) is None


class TestVerifying:
    def test_the_call_that_sent_it_verifies_it_and_sends_it_again(self, intents):
        call = Call()
        intents.send(KEY, call)
        assert intents.verify(KEY, call) is SendState.SUBMITTED
        assert intents.end(KEY, call, SendState.NOT_FOUND) is SendState.VERIFYING
        assert intents.send_or_verify(KEY, Call()) is None
        assert intents.verify(KEY, call) is SendState.NOT_FOUND

    def test_no_other_call_does_meanwhile(self, intents):
        intents.send(KEY, Call())
        assert intents.verify(KEY, Call()) is None

    def test_a_call_that_does_not_hold_the_intent_has_no_say(self, intents):
        holder = Call()
        intents.send(KEY, holder)
        assert intents.end(KEY, Call(), None) is None
        assert intents.end(("venue:main", "bot-2"), holder, None) is None
        assert intents.state(KEY) is SendState.SUBMITTED

    def test_a_call_that_gave_the_intent_up_has_no_say_any_more(self, intents):
        call = Call()
        intents.send(KEY, call)
        intents.end(KEY, call, SendState.UNKNOWN)
        assert intents.end(KEY, call, None) is None
        assert intents.state(KEY) is SendState.UNKNOWN


class TestRoom:
    def test_the_intent_accepted_longest_ago_goes_first(self):
        intents = Intents(3)
        unknown = sent(intents, "unknown", SendState.UNKNOWN)
        first, second = (sent(intents, name, SendState.ACCEPTED) for name in ("first", "second"))
        sent(intents, "third", SendState.ACCEPTED)
        assert [intents.state(key) for key in (unknown, first, second)] == [
            SendState.UNKNOWN,
            None,
            SendState.ACCEPTED,
        ]

    def test_what_is_unknown_never_goes(self):
        intents = Intents(2)
        unknown = [sent(intents, name, SendState.UNKNOWN) for name in ("1", "2")]
        assert intents.is_stuck
        assert not intents.send(KEY, Call())
        assert [intents.state(key) for key in unknown] == [SendState.UNKNOWN] * 2

    def test_what_a_call_holds_never_goes(self):
        intents = Intents(2)
        for name in ("1", "2"):
            assert intents.send(("venue", name), Call())
        assert not intents.is_stuck
        assert not intents.send(KEY, Call())
        assert intents.send_or_verify(KEY, Call()) is None
        assert intents.verify(KEY, Call()) is None
        assert len(intents) == 2


@pytest.mark.parametrize("before", [None, SendState.UNKNOWN, SendState.ACCEPTED])
def test_of_many_threads_one_holds_the_intent(before):
    intents, won, start = Intents(10), [], threading.Barrier(16)
    key = KEY if before is None else sent(intents, "1", before)

    def claim():
        call = Call()
        start.wait()
        state = intents.send_or_verify(key, call)
        if state is not None:
            won.append(state)

    threads = [threading.Thread(target=claim) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [before or SendState.SUBMITTED]


class IntentsMachine(RuleBasedStateMachine):
    """Calls that send, verify and end in any order."""

    def __init__(self):
        super().__init__()
        self.intents = Intents(4)
        self.calls = [Call() for _ in range(6)]
        self.holders = {}

    keys = st.sampled_from([("venue", str(number)) for number in range(6)])
    callers = st.integers(0, 5)

    def _take(self, key, call, state):
        if state is not None:
            assert self.holders.get(key, call) is call
            self.holders[key] = call

    @rule(key=keys, caller=callers)
    def send_or_verify(self, key, caller):
        call = self.calls[caller]
        if self.holders.get(key) is not call:  # a call asks once
            self._take(key, call, self.intents.send_or_verify(key, call))

    @rule(key=keys, caller=callers)
    def verify(self, key, caller):
        call = self.calls[caller]
        self._take(key, call, self.intents.verify(key, call))

    @rule(key=keys, caller=callers, state=st.sampled_from([None, *SendState]))
    def end(self, key, caller, state):
        call = self.calls[caller]
        held = self.holders.get(key) is call
        assert (self.intents.end(key, call, state) is not None) == held
        if held and state in {None, SendState.UNKNOWN, SendState.ACCEPTED}:
            del self.holders[key]
            assert self.intents.state(key) is state

    @invariant()
    def bounded(self):
        assert len(self.intents) <= 4

    @invariant()
    def what_is_held_is_there(self):
        for key in self.holders:
            assert self.intents.state(key) not in {None, SendState.UNKNOWN, SendState.ACCEPTED}


TestIntentsMachine = IntentsMachine.TestCase
TestIntentsMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
