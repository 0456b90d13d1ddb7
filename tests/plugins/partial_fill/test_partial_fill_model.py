"""Fills race with cancels, answers are lost or lag behind, events repeat or vanish: never more than was ordered."""

from __future__ import annotations

from decimal import Decimal

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from recoup_plugins.partial_fill import FillPolicy, FillTracker, SettlementState

ORDERED = Decimal(10)
MAX_REQUESTS = 60
DARKNESS = 1000
"""Requests that are lost, more than any settlement makes."""
NESTED = 60
"""Requests that others make for one of its own: repetitions, and lookups of an unknown child."""

quantities = st.integers(0, 60).map(lambda tenths: Decimal(tenths) / 10)


fates = st.fixed_dictionaries(
    {
        "fills": st.sampled_from([0, 0, 1, 2]).map(Decimal),
        "when": st.sampled_from(["before", "after"]),
        "fault": st.sampled_from(["", "", "", "lost_before", "lost_after", "limited"]),
        "lags": st.booleans(),
    }
)


def check(venue, found, policy):
    """What was found is the venue's truth, or it is said that nobody knows."""
    assert found.filled <= venue.filled
    if found.state is SettlementState.OPEN:
        assert policy is FillPolicy.KEEP
    elif policy is FillPolicy.COMPLETE and found.state is not SettlementState.UNKNOWN:
        assert venue.is_at_rest
        assert found.filled == venue.filled
    elif policy is FillPolicy.CANCEL and found.state is not SettlementState.UNKNOWN:
        assert found.filled == venue.ledger["bot-1"]["filled"]


class Fills(RuleBasedStateMachine):
    """One order's life. What makes its desk and fates is set by the test."""

    make_desk = make_fate = backend = None

    @initialize(filled=quantities, child_patience=st.sampled_from([0, 2]), max_children=st.integers(1, 3))
    def begin(self, filled, child_patience, max_children):
        self.desk = self.make_desk(
            filled=str(filled),
            child_patience=child_patience,
            max_children=max_children,
            max_requests=MAX_REQUESTS,
            timeout=30,
            cancel_timeout=10,
        )
        self.venue = self.desk.venue
        self.tracker = FillTracker(ORDERED)

    @rule(amount=quantities)
    def the_market_moves(self, amount):
        self.venue.fill_any(amount)

    @rule()
    def time_passes(self):
        self.venue.clock.advance(1)

    @rule(data=st.data())
    def an_event_comes_again_or_late(self, data):
        events = [*self.venue.trades["bot-1"], *(order for _, order in self.venue.history["bot-1"])]
        event = data.draw(st.sampled_from(events))
        self.tracker.observe(event) if "status" in event else self.tracker.apply(event)

    @rule(
        policy=st.sampled_from(FillPolicy),
        fates=st.lists(fates, max_size=40),
        knows=st.booleans(),
        goes_dark=st.booleans(),
    )
    def it_is_settled(self, policy, fates, knows, goes_dark):
        venue = self.venue
        dark = [{"fault": "lost_before"}] * DARKNESS if goes_dark else []
        venue.fates, venue.requests = [self.make_fate(**item) for item in fates + dark], []
        found = anyio.run(self.settle, policy, self.tracker if knows else None, backend=self.backend)
        assert len(venue.requests) <= MAX_REQUESTS * NESTED
        self.check(found, policy)

    @rule(policy=st.sampled_from([FillPolicy.CANCEL, FillPolicy.COMPLETE]))
    def it_is_settled_in_peace(self, policy):
        """Once the venue answers again, and its answers no longer lag, everything is found out."""
        venue = self.venue
        venue.fates, venue.requests = [], []
        venue.clock.advance(1)
        found = anyio.run(self.settle, policy, self.tracker, backend=self.backend)
        assert len(venue.requests) <= MAX_REQUESTS
        assert found.state in {SettlementState.FILLED, SettlementState.SHORT}
        self.check(found, policy)

    async def settle(self, policy, tracker):
        return await self.desk.plugin.settle(self.desk.operation, policy=policy, tracker=tracker)

    def check(self, found, policy):
        check(self.venue, found, policy)

    @invariant()
    def never_is_more_filled_than_was_ordered(self):
        if hasattr(self, "venue"):
            assert self.venue.worst <= ORDERED
            assert self.venue.filled <= ORDERED


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_never_overfilled_and_in_the_end_the_venues_truth(desk, fate, backend):
    made = {"make_desk": staticmethod(desk), "make_fate": staticmethod(fate), "backend": backend}
    run_state_machine_as_test(
        type("Fills", (Fills,), made), settings=settings(max_examples=40, stateful_step_count=8, deadline=None)
    )


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@settings(max_examples=100)
@given(
    filled=st.integers(0, 9),
    policy=st.sampled_from([FillPolicy.CANCEL, FillPolicy.COMPLETE]),
    patience=st.sampled_from([0, 2]),
    drawn=st.lists(fates, max_size=40),
    goes_dark=st.booleans(),
)
def test_whatever_happens_around_each_request(desk, fate, backend, filled, policy, patience, drawn, goes_dark):
    dark = [{"fault": "lost_before"}] * DARKNESS if goes_dark else []
    around = [fate(**item) for item in drawn + dark]
    desk = desk(*around, filled=str(filled), child_patience=patience, max_requests=MAX_REQUESTS, cancel_timeout=10)
    venue = desk.venue

    def settle():
        return anyio.run(lambda: desk.plugin.settle(desk.operation, policy=policy), backend=backend)

    check(venue, settle(), policy)
    assert venue.worst <= ORDERED

    venue.fates = []
    venue.clock.advance(1)
    found = settle()

    assert found.state in {SettlementState.FILLED, SettlementState.SHORT}
    check(venue, found, policy)
    assert max(venue.worst, venue.filled) <= ORDERED
