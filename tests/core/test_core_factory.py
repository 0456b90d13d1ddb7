"""The seed's factory, and the handler that serves code which was given none."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from recoup import Config, ErrorHandler, ErrorHandlerFactory, HandlerStateError, RateLimitDecision, hookimpl
from recoup._current import _default, current_handler, resolve_handler
from recoup.testing import FakeClock


@pytest.fixture(autouse=True)
def no_default(monkeypatch):
    monkeypatch.setattr("recoup.error_handler.installed_plugins", dict)
    former = ErrorHandlerFactory.set_default(None)
    yield
    ErrorHandlerFactory.set_default(former)


def test_creates_handlers_of_their_own():
    config, clock, random = Config(), FakeClock(), Random(1)
    one = ErrorHandlerFactory.create_error_handler(config, clock=clock, random=random, discover=False)
    assert isinstance(one, ErrorHandler)
    assert (one.config, one.clock, one.random) == (config, clock, random)
    assert ErrorHandlerFactory.create_error_handler(config) is not one


def test_makes_the_default_when_it_is_needed_and_keeps_it():
    assert ErrorHandlerFactory._default is None
    assert ErrorHandlerFactory.get_default() is ErrorHandlerFactory.get_default() is resolve_handler()


def test_makes_only_one_default_for_many_threads():
    with ThreadPoolExecutor(8) as pool:
        handlers = list(pool.map(lambda _: ErrorHandlerFactory.get_default(), range(64)))
    assert len(set(handlers)) == 1


def test_gives_the_former_default_back():
    mine = ErrorHandler(discover=False)
    assert ErrorHandlerFactory.set_default(mine) is None
    assert ErrorHandlerFactory.get_default() is mine
    assert ErrorHandlerFactory.set_default(None) is mine


def test_a_given_handler_goes_before_the_current_and_that_before_the_default():
    given, current = ErrorHandler(discover=False), ErrorHandler(discover=False)
    token = current_handler.set(current)
    try:
        assert resolve_handler(given) is given
        assert resolve_handler() is current
    finally:
        current_handler.reset(token)


def test_without_any_provider_the_error_says_what_to_do():
    providers = _default[:]
    _default.clear()
    try:
        with pytest.raises(HandlerStateError, match=r"import recoup, or pass handler=\.\.\."):
            resolve_handler()
    finally:
        _default[:] = providers


GROWTH = 2_000_000
"""Bytes by which a handler may grow between its 5,000th and its 25,000th error, all of different text."""


def test_handled_errors_do_not_grow_the_memory_beyond_a_bound():
    class Everything:
        def __init__(self):
            self.count = 0

        @hookimpl
        def sanitize(self, payload):
            return payload

        @hookimpl
        def rate_limit(self):
            self.count += 1
            return RateLimitDecision(allowed=self.count % 2 == 0)

        @hookimpl
        def monitor(self, event):
            pass

    handler = ErrorHandler(discover=False, plugins={"everything": Everything}, clock=FakeClock())

    def handle(numbers):
        for number in numbers:
            error = ValueError(f"message {number}")
            context = handler.create_error_context(error, f"component-{number}", f"fetch_{number}", detail=number)
            handler.process_sync(error, context)

    handle(range(5_000))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        handle(range(5_000, 25_000))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < GROWTH
