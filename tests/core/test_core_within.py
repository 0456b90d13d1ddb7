"""What a policy finds within, and what a rescue is told of success."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from attrs import frozen

from recoup import ErrorHandler, Pipeline, Place, Placing, function_within, guard
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio


@frozen
class Looks:
    """Has a policy that looks at the function within, or counts successes."""

    counts: bool = False


class Looking:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def call(self, inner, args, kwargs):
        self.seen.append(function_within(inner))
        return inner(*args, **kwargs)

    async def call_async(self, inner, args, kwargs):
        self.seen.append(function_within(inner))
        return await inner(*args, **kwargs)


class Counting:
    def __init__(self) -> None:
        self.successes = 0

    def passed(self):
        self.successes += 1

    def begin(self, error):
        return self if isinstance(error, LookupError) else None

    def run(self, inner, args, kwargs):
        return "stand-in"

    async def run_async(self, inner, args, kwargs):
        return "stand-in"


class Server:
    serves = (Looks,)

    def __init__(self) -> None:
        self.looking = Looking()
        self.counting = Counting()

    def placing(self, config):
        return Placing(place=Place.CACHE)

    def policy(self, config, scope):
        return self.counting if config.counts else self.looking


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def handler(server):
    return ErrorHandler(discover=False, plugins={"server": server}, clock=FakeClock())


def fetch(error=None):
    if error:
        raise error
    return "ok"


async def fetch_async(error=None):
    return fetch(error)


POLICIES = [(Looks(),), (Looks(), Looks(counts=True)), (Looks(), Looks(), Looks(counts=True), Looks())]


@pytest.mark.parametrize("make", [Pipeline, guard])
@pytest.mark.parametrize("policies", POLICIES)
async def test_the_function_is_found_through_whatever_is_between(server, handler, make, policies):
    pipeline = make(*policies, handler=handler)
    assert pipeline(fetch)() == pipeline.call_sync(fetch) == "ok"
    assert await pipeline(fetch_async)() == await pipeline.call(fetch_async) == "ok"
    each = policies.count(Looks())
    assert server.looking.seen == [fetch] * 2 * each + [fetch_async] * 2 * each


def test_a_partial_and_a_plain_function_are_themselves():
    partial = functools.partial(fetch, None)
    assert function_within(partial) is partial
    assert function_within(fetch) is fetch


@pytest.mark.parametrize("make", [Pipeline, guard])
async def test_a_rescue_is_told_of_what_succeeds_at_once_and_of_nothing_else(server, handler, make):
    pipeline = make(Looks(counts=True), handler=handler)
    assert pipeline(fetch)() == await pipeline(fetch_async)() == pipeline.call_sync(fetch) == "ok"
    assert server.counting.successes == 3
    assert pipeline(fetch)(KeyError()) == await pipeline(fetch_async)(KeyError()) == "stand-in"
    with pytest.raises(ValueError, match=r"^$"):
        pipeline(fetch)(ValueError())
    assert server.counting.successes == 3


def test_an_object_that_has_any_attribute_is_not_taken_for_more_than_it_is():
    class Proxy:
        def __getattr__(self, name):
            return fetch

        def own(self):
            return "ok"

    proxy = Proxy()
    assert function_within(proxy.own) == proxy.own
    assert function_within(proxy) is proxy
    assert function_within(functools.partial(proxy.own, 1)).func == proxy.own
