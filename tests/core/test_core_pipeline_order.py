"""Orders of policies: the recommended one, and those that make no sense."""

from __future__ import annotations

from itertools import permutations

import pytest
from pipelining import Again, Door, Instead, Server, serving

from recoup import Pipeline, Place, PolicyMisuse, PolicyUnavailable, Trait
from recoup.pipeline.order import arranged, check_order

PARALLEL = Door(name="hedge", place=Place.HEDGE, traits=Trait.PARALLEL)
JUDGE = Door(name="breaker", place=Place.CIRCUIT_BREAKER, traits=Trait.JUDGES)
ALONE = Door(name="alone", place=Place.CONCURRENCY, traits=Trait.ONE_AT_A_TIME)
TOTAL = Door(name="total", place=Place.TOTAL_TIMEOUT, seconds=10.0)
EACH = Door(name="each", place=Place.ATTEMPT_TIMEOUT, seconds=2.0)


@pytest.fixture
def plugins():
    return serving(Server()).plugins


def test_the_recommended_one_does_not_depend_on_how_they_come(plugins):
    expected = (Instead(), TOTAL, Again(), JUDGE, EACH)
    assert all(arranged(plugins, given) == expected for given in permutations(expected))


def test_policies_of_one_place_stay_as_they_come(plugins):
    first, second = Door(name="a"), Door(name="b")
    assert arranged(plugins, (second, first)) == (second, first)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ((Again(), JUDGE, Again()), "policy 3, Again, stands within policy 1, Again: attempts multiply"),
        ((PARALLEL, Again()), "put the repeating policy outside"),
        ((ALONE, PARALLEL, Again()), "more is under way than is admitted"),
        ((Again(), Instead()), "hides failures that should be repeated"),
        ((JUDGE, Instead()), "hides failures that should be counted"),
        ((PARALLEL, ALONE), "the second attempt would only wait for the first"),
        ((EACH, TOTAL), "its 10 s can never be over before the 2 s around it"),
        ((TOTAL, TOTAL), "its 10 s can never be over before the 10 s around it"),
    ],
)
def test_that_makes_no_sense_is_refused_with_the_reason_and_the_remedy(plugins, order, reason):
    with pytest.raises(PolicyMisuse, match=reason):
        check_order(plugins, order)


@pytest.mark.parametrize("order", [(), (JUDGE,), (Instead(), TOTAL, Again(), PARALLEL, JUDGE, EACH), (JUDGE, Again())])
def test_that_makes_sense_is_left_alone(plugins, order):
    check_order(plugins, order)


def test_what_makes_no_sense_in_any_order_can_t_be_arranged(plugins):
    with pytest.raises(PolicyMisuse, match="the second attempt would only wait"):
        arranged(plugins, (PARALLEL, ALONE))


def test_one_that_nobody_serves_has_no_place(plugins):
    with pytest.raises(PolicyUnavailable, match="serves object"):
        check_order(plugins, (JUDGE, object()))


def test_is_checked_before_the_first_call():
    server = Server()
    with pytest.raises(PolicyMisuse):
        Pipeline(Again(), Instead(), handler=serving(server)).call_sync(abs, 1)
    assert server.scopes == []
