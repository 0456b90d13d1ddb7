"""A request refused for its timestamp is repeated after the clock was set, but not twice in a row."""

from __future__ import annotations

import ccxt
import pytest

from recoup import Decision
from recoup_ccxt import CcxtClassifier, CcxtClockSync
from recoup_ccxt.clock_sync import MAX_SYNCS, NAME

pytestmark = pytest.mark.anyio


class Venue:
    def __init__(self, failure: Exception | None = None) -> None:
        self.synced = 0
        self.failure = failure

    def probe(self) -> None: ...

    async def sync_clock(self) -> None:
        self.synced += 1
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def refused(host, make_context):
    def make(venue, error=None, **kwargs):
        error = error or ccxt.InvalidNonce('binance {"code":-1021}')
        context = make_context(error, venue, **kwargs)
        context.classification = CcxtClassifier(host).classify(error, context)
        return context

    return make


async def test_sets_the_clock_through_a_guarded_call_and_repeats_at_once(host, refused):
    venue = Venue()
    context = refused(venue)
    answer = await CcxtClockSync(host).recover(context.error, context)
    assert (answer.decision, answer.delay, venue.synced) == (Decision.RETRY, 0.0, 1)
    (_, operation), *more = host.calls
    assert (operation.kind.repeatable, more) == (True, [])


async def test_a_refusal_right_after_a_synchronisation_is_left_to_others(host, refused):
    venue = Venue()
    context = refused(venue)
    context.call.answers[NAME] += 1
    context.call.last_answer = NAME
    assert await CcxtClockSync(host).recover(context.error, context) is None
    assert venue.synced == 0


async def test_synchronisations_of_one_call_are_bounded(host, refused):
    venue = Venue()
    context = refused(venue)
    context.call.answers[NAME] = MAX_SYNCS - 1
    context.call.last_answer = "retry"
    assert await CcxtClockSync(host).recover(context.error, context) is not None
    context.call.answers[NAME] = MAX_SYNCS
    assert await CcxtClockSync(host).recover(context.error, context) is None
    assert venue.synced == 1


async def test_a_clock_that_can_not_be_set_leaves_the_refusal_to_others(host, refused):
    context = refused(Venue(ccxt.NetworkError("down")))
    assert await CcxtClockSync(host).recover(context.error, context) is None


async def test_not_its_business(host, refused):
    plugin = CcxtClockSync(host)
    for context in (
        refused(Venue(), ccxt.InsufficientFunds("binance x")),
        refused(None),
        refused(Venue(), call=None),
    ):
        assert await plugin.recover(context.error, context) is None
    assert host.calls == []


async def test_a_guard_that_takes_no_repetition_gets_none(host, refused):
    venue = Venue()
    context = refused(venue)
    context.call.may_repeat = False
    assert await CcxtClockSync(host).recover(context.error, context) is None
    assert venue.synced == 0


def test_it_goes_by_the_name_of_its_entry_point():
    from importlib.metadata import entry_points

    assert {entry.name for entry in entry_points(group="recoup.plugins") if entry.load() is CcxtClockSync} == {NAME}
