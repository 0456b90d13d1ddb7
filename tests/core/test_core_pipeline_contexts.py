"""Blocks of code under policies."""

from __future__ import annotations

import pytest
from pipelining import Again, Around, Door, Instead, Server, serving

from recoup import Operation, OperationKind, Pipeline, PolicyMisuse, RateLimited, Timeout

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sync", "async"])
def way(request):
    return request.param


@pytest.fixture
def server():
    return Server()


async def block(way, pipeline, error=None):
    """Run a block that raises, or not, and return the context."""
    if way == "sync":
        with pipeline.context("block") as context:
            if error is not None:
                raise error
    else:
        async with pipeline.context("block") as context:
            if error is not None:
                raise error
    return context


async def attempts(way, pipeline, errors):
    """Run a block that raises one error after the other, and return how often it was run."""
    made = 0
    if way == "sync":
        for attempt in pipeline.attempts("block"):
            with attempt:
                made += 1
                if errors:
                    raise errors.pop(0)
    else:
        async for attempt in pipeline.attempts("block"):
            async with attempt:
                made += 1
                if errors:
                    raise errors.pop(0)
    return made


class TestContext:
    async def test_passes_gates_and_leaves_them_in_reverse(self, way, server):
        await block(way, Pipeline(Door(name="a"), Door(name="b", waits=True), handler=serving(server)))
        assert server.log == ["+a", "waited for b", ("-b", None), ("-a", None)]
        assert {scope.key for scope in server.scopes} == {"block"}

    async def test_tells_them_the_error_and_lets_it_pass(self, way, server):
        error = KeyError("mine")
        with pytest.raises(KeyError) as caught:
            await block(way, Pipeline(Door(), handler=serving(server)), error)
        assert caught.value is error
        assert server.log == ["+door", ("-door", error)]

    async def test_that_is_refused_frees_the_gates_before(self, way, server):
        refusal = RateLimited("full", key="b")
        pipeline = Pipeline(Door(name="a"), Door(name="b", acquire=refusal), handler=serving(server))
        with pytest.raises(RateLimited):
            await block(way, pipeline)
        assert server.log == ["+a", ("-a", refusal)]

    async def test_raises_what_a_gate_puts_in_the_place_of_the_error(self, way, server):
        late = Timeout("late", key="door", seconds=1.0)
        pipeline = Pipeline(Door(name="a"), Door(release=late), handler=serving(server))
        with pytest.raises(Timeout) as caught:
            await block(way, pipeline, KeyError("mine"))
        assert isinstance(caught.value.__context__, KeyError)
        assert server.log[-1] == ("-a", late)

    @pytest.mark.parametrize("fault", ["acquire", "release"])
    async def test_a_gate_that_breaks_is_reported(self, way, server, fault):
        await block(way, Pipeline(Door(**{fault: ValueError("bug")}), handler=serving(server)))
        assert [event.hook for event in server.events if event.kind == "plugin"] == [fault]

    async def test_has_the_stand_in_of_a_fallback(self, way, server):
        pipeline = Pipeline(Instead(value="stale"), Door(), handler=serving(server))
        context = await block(way, pipeline, KeyError("mine"))
        assert (context.result, context.rescued) == ("stale", True)
        assert isinstance(server.log[-1][1], KeyError)

    async def test_a_fallback_that_breaks_lets_the_error_pass_and_is_reported(self, way, server):
        pipeline = Pipeline(Instead(error=ValueError("bug")), handler=serving(server))
        with pytest.raises(KeyError):
            await block(way, pipeline, KeyError("mine"))
        assert [event.hook for event in server.events if event.kind == "plugin"] == ["begin"]

    async def test_that_ends_well_has_none(self, way, server):
        context = await block(way, Pipeline(Instead(value="stale"), handler=serving(server)))
        assert (context.result, context.rescued) == (None, False)

    async def test_a_cancellation_is_no_failure_for_a_fallback(self, way, server):
        with pytest.raises(KeyboardInterrupt):
            await block(way, Pipeline(Instead(value="stale"), Door(), handler=serving(server)), KeyboardInterrupt())
        assert isinstance(server.log[-1][1], KeyboardInterrupt)

    def test_can_t_be_called_by_a_wrapper(self, server):
        with pytest.raises(PolicyMisuse, match="Around calls what it stands around, and a block can't be called: dec"):
            Pipeline(Around(), handler=serving(server)).context("block")

    def test_can_t_be_repeated(self, server):
        with pytest.raises(PolicyMisuse, match=r"Again calls .*: iterate over attempts\(\)"):
            Pipeline(Again(), handler=serving(server)).context("block")

    def test_needs_a_name(self, server):
        with pytest.raises(PolicyMisuse, match="a block has no name of its own"):
            Pipeline(Door(), handler=serving(server)).context()

    def test_takes_the_pipeline_s_name_or_the_operation_s_key(self, server):
        handler = serving(server)
        Pipeline(Door(), name="venue", handler=handler).context()
        Pipeline(Door(), operation=Operation(key="binance:a"), handler=handler).context("fetch_ticker")
        assert [(scope.key, scope.kind) for scope in server.scopes] == [
            ("venue", OperationKind.UNSPECIFIED),
            ("binance:a", OperationKind.READ),
        ]

    def test_has_no_arguments_to_tell_an_operation(self, server):
        with pytest.raises(PolicyMisuse, match="a block has none"):
            Pipeline(Door(), operation=Operation, handler=serving(server)).context("block")


class TestAttempts:
    async def test_are_made_until_one_succeeds_with_the_delay_between(self, way, server):
        handler = serving(server)
        pipeline = Pipeline(Again(times=5), Door(), handler=handler)
        assert await attempts(way, pipeline, [ConnectionError(), ConnectionError()]) == 3
        assert handler.clock.sleeps == [1.5, 1.5]
        assert len(server.log) == 6

    async def test_end_with_the_last_error(self, way, server):
        errors = [ConnectionError(str(number)) for number in range(4)]
        with pytest.raises(ConnectionError, match="2") as caught:
            await attempts(way, Pipeline(Again(times=2), handler=serving(server)), errors)
        assert caught.value.__context__ is None

    async def test_end_with_an_error_that_is_not_to_be_repeated(self, way, server):
        with pytest.raises(KeyError):
            await attempts(way, Pipeline(Again(), handler=serving(server)), [KeyError("mine")])

    async def test_end_with_a_cancellation(self, way, server):
        with pytest.raises(KeyboardInterrupt):
            await attempts(way, Pipeline(Again(), Door(), handler=serving(server)), [KeyboardInterrupt()])

    async def test_judge_what_a_gate_puts_in_the_place_of_the_error(self, way, server):
        late = Timeout("late", key="door", seconds=1.0)
        pipeline = Pipeline(Again(), Door(release=late), handler=serving(server))
        with pytest.raises(Timeout):
            await attempts(way, pipeline, [ConnectionError()])

    def test_need_a_policy_that_repeats_outermost(self, server):
        for policies in ((), (Door(),), (Door(), Again())):
            with pytest.raises(PolicyMisuse, match="as the outermost one"):
                Pipeline(*policies, handler=serving(server)).attempts("block")
