"""One specification for every form of a call, synchronous and asynchronous, on a clock that tests own."""

import anyio
import anyio.lowlevel
import pytest

from recoup import Config, DeadlineExceeded, ErrorHandler, Pipeline, Timeout, deadline, remaining
from recoup.testing import FakeClock
from recoup_plugins.timeout import TimeoutConfig, TimeoutPlugin

FORMS = ["decorated", "inline", "block", "decorated async", "inline async", "block async"]


@pytest.fixture(params=["asyncio", "trio"])
def backend(request):
    return request.param


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(params=FORMS)
def run(request, backend, clock):
    """Make a call of a plain function under policies in one of the forms."""
    handler = ErrorHandler(Config(), plugins={"timeout": TimeoutPlugin}, discover=False, clock=clock)

    def make(function, *policies):
        pipeline = Pipeline(*policies, handler=handler, name="venue")

        async def called():
            result = function()
            await anyio.lowlevel.checkpoint()
            return result

        async def block():
            async with pipeline.context():
                return await called()

        def block_sync():
            with pipeline.context():
                return function()

        forms = {
            "decorated": pipeline(function),
            "inline": lambda: pipeline.call_sync(function),
            "block": block_sync,
            "decorated async": lambda: anyio.run(pipeline(called), backend=backend),
            "inline async": lambda: anyio.run(pipeline.call, called, backend=backend),
            "block async": lambda: anyio.run(block, backend=backend),
        }
        return forms[request.param]()

    make.cuts_off = request.param.endswith("async")
    return make


def test_a_call_in_time_gives_its_result(run):
    assert run(lambda: 42, TimeoutConfig(seconds=1.0)) == 42


def test_an_error_passes_through_untouched(run):
    error = ValueError("bad price")

    def fail():
        raise error

    with pytest.raises(ValueError, match="bad price") as caught:
        run(fail, TimeoutConfig(seconds=1.0))
    assert caught.value is error
    assert error.__cause__ is None


def test_the_nearest_deadline_is_seen_within(run, clock):
    def look():
        return remaining(clock=clock)

    assert run(look, TimeoutConfig(seconds=2.0)) == 2.0
    assert run(look, TimeoutConfig(seconds=3.0), TimeoutConfig(seconds=2.0)) == 2.0
    with deadline(1.0, clock=clock):
        assert run(look, TimeoutConfig(seconds=2.0)) == 1.0
    assert remaining(clock=clock) is None


def test_nothing_begins_once_a_deadline_has_passed(run, clock):
    began = []
    with deadline(1.0, clock=clock):
        clock.advance(1.0)
        with pytest.raises(DeadlineExceeded) as caught:
            run(lambda: began.append(1), TimeoutConfig(seconds=2.0))
    assert (began, caught.value.key) == ([], "venue")


def test_a_call_that_takes_too_long_is_cut_off_where_that_is_possible(run, clock):
    def wait():
        clock.advance(3.0)
        return "late"

    if run.cuts_off:
        with pytest.raises(Timeout) as caught:
            run(wait, TimeoutConfig(seconds=2.0))
        assert (caught.value.key, caught.value.seconds) == ("venue", 2.0)
    else:
        assert run(wait, TimeoutConfig(seconds=2.0)) == "late"
    assert remaining(clock=clock) is None
