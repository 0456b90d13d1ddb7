"""Gates that offer more than to admit and to leave: standing permits, and two of a class around one call."""

from __future__ import annotations

import gc
import inspect
import weakref

import pytest
from attrs import frozen
from pipelining import Again, Around, Door, Server, serving

from recoup import CircuitOpen, Pipeline, Place, Placing, PluginEvent, Refused, hookimpl

pytestmark = pytest.mark.anyio
EVERY_WAY = pytest.mark.parametrize("way", ["sync", "async"])


@frozen(kw_only=True)
class Special:
    """What SpecialServer has a gate for."""

    gate: object
    place: Place = Place.CIRCUIT_BREAKER


class SpecialServer:
    """Serves gates as they are given, and writes down the faults of plugins."""

    serves = (Special,)

    def __init__(self):
        self.faults = []

    def policy(self, config, scope):
        return config.gate

    def placing(self, config):
        return Placing(place=config.place)

    @hookimpl
    def monitor(self, event):
        if isinstance(event, PluginEvent):
            self.faults.append((event.hook, event.detail))


class Pass:
    """A standing permit."""

    def __init__(self, name, log):
        self.name = name
        self.log = log

    def note(self, failures):
        self.log.append((self.name, failures))


class Barrier:
    """A standing gate that does as it is told."""

    key = "barrier"

    def __init__(self, *, is_standing=False, refused=None):
        self.log = []
        self.standing = Pass("standing", self.log) if is_standing else None
        self.refused = refused

    def refuses(self):
        self.log.append("refuses?")
        if isinstance(self.refused, ZeroDivisionError):
            raise self.refused
        return self.refused

    def refusal(self, reason):
        return CircuitOpen(f"refused: {reason}", key=self.key)

    def acquire(self):
        self.log.append("acquire")
        return Pass("asked for", self.log)

    def release(self, permit, error):
        self.log.append((permit.name, error))


class Step:
    """A gate that nests, and writes down under which permits."""

    def __init__(self, name, log, *, fails=False):
        self.key = name
        self.log = log
        self.fails = fails

    def acquire(self, *outer):
        if self.fails:
            raise ZeroDivisionError
        self.log.append((f"+{self.key}", *outer))
        return f"permit of {self.key}"

    def release(self, permit, error):
        self.log.append((f"-{permit}", type(error).__name__))

    def within(self, outer):
        return Step(f"{self.key} in {outer.key}", self.log)

    def resume(self, permit):
        self.log.append(("resume", permit))


@pytest.fixture
def special():
    return SpecialServer()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def handler(server, special):
    return serving(server, special=special)


async def called(way, pipeline, function, *args):
    if way == "sync":
        return pipeline(function)(*args)

    @pipeline
    async def call(*args):
        return function(*args)

    result = call(*args)
    return await result if inspect.isawaitable(result) else result


def echo(value="ok"):
    if isinstance(value, Exception):
        raise value
    return value


@EVERY_WAY
class TestStandingGates:
    async def test_the_standing_permit_is_what_a_call_gets_and_nobody_is_asked(self, way, handler):
        gate = Barrier(is_standing=True)
        assert await called(way, Pipeline(Special(gate=gate), handler=handler), echo) == "ok"
        assert gate.log == [("standing", 0)]

    async def test_a_failure_goes_by_the_gate(self, way, handler):
        gate = Barrier(is_standing=True)
        error = ConnectionError()
        with pytest.raises(ConnectionError):
            await called(way, Pipeline(Special(gate=gate), handler=handler), echo, error)
        assert gate.log == [("standing", error)]

    async def test_without_one_the_gate_is_asked(self, way, handler):
        gate = Barrier()
        assert await called(way, Pipeline(Special(gate=gate), handler=handler), echo) == "ok"
        assert gate.log == ["refuses?", "acquire", ("asked for", 0)]

    async def test_what_it_refuses_is_not_made_and_each_refusal_is_new(self, way, handler, special):
        gate = Barrier(refused="much too hot")
        pipeline = Pipeline(Special(gate=gate), handler=handler)
        errors = []
        for _ in range(2):
            with pytest.raises(CircuitOpen, match="refused: much too hot") as caught:
                await called(way, pipeline, pytest.fail)
            errors.append(caught.value)
        assert errors[0] is not errors[1]
        assert gate.log == ["refuses?"] * 2
        assert special.faults == []

    async def test_a_falsy_reason_is_one(self, way, handler):
        with pytest.raises(CircuitOpen):
            await called(way, Pipeline(Special(gate=Barrier(refused=0.0)), handler=handler), pytest.fail)

    async def test_gates_around_it_are_told_of_the_refusal(self, way, handler, server):
        pipeline = Pipeline(Door(), Special(gate=Barrier(refused="hot")), handler=handler)
        with pytest.raises(Refused) as caught:
            await called(way, pipeline, pytest.fail)
        assert server.log == ["+door", ("-door", caught.value)]

    async def test_a_fault_of_its_own_lets_the_call_through(self, way, handler, special):
        gate = Barrier(refused=ZeroDivisionError())
        assert await called(way, Pipeline(Special(gate=gate), handler=handler), echo) == "ok"
        assert gate.log == ["refuses?"]
        assert [hook for hook, _ in special.faults] == ["acquire"]

    async def test_a_refusal_leaves_nothing_for_the_garbage_collector(self, way, handler):
        class Traced(CircuitOpen):
            pass

        gate = Barrier(refused="hot")
        gate.refusal = lambda reason: Traced(reason, key="barrier")
        pipeline = Pipeline(Special(gate=gate), handler=handler)
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                try:
                    await called(way, pipeline, echo)
                except Traced as error:
                    seen = weakref.ref(error)
                assert seen() is None
        finally:
            gc.enable()


@EVERY_WAY
class TestNestingGates:
    async def test_the_inner_is_given_the_permit_of_the_one_around_it(self, way, handler, special):
        log = []
        policies = [Special(gate=Step(name, log)) for name in ("a", "b", "c")]
        assert await called(way, Pipeline(*policies, handler=handler), echo) == "ok"
        assert log == [
            ("+a",),
            ("+b in a", "permit of a"),
            ("+c in b", "permit of b in a"),
            ("-permit of c in b", "NoneType"),
            ("-permit of b in a", "NoneType"),
            ("-permit of a", "NoneType"),
        ]
        assert special.faults == []

    async def test_or_none_where_that_one_failed(self, way, handler):
        log = []
        policies = [Special(gate=Step("a", log, fails=True)), Special(gate=Step("b", log))]
        assert await called(way, Pipeline(*policies, handler=handler), echo) == "ok"
        assert log == [("+b in a", None), ("-permit of b in a", "NoneType")]

    async def test_a_policy_that_makes_the_call_again_calls_what_is_on_its_own(self, way, handler):
        log = []
        policies = [Special(gate=Step("a", log)), Again(times=1), Special(gate=Step("b", log))]
        with pytest.raises(ConnectionError):
            await called(way, Pipeline(*policies, handler=handler), echo, ConnectionError())
        assert log == [
            ("+a",),
            ("+b in a", "permit of a"),
            ("-permit of b in a", "ConnectionError"),
            ("resume", "permit of a"),
            ("+b",),
            ("-permit of b", "ConnectionError"),
            ("-permit of a", "ConnectionError"),
        ]

    async def test_within_a_wrapper_it_is_on_its_own_as_well(self, way, handler):
        log = []
        policies = [Special(gate=Step("a", log)), Around(), Special(gate=Step("b", log))]
        assert await called(way, Pipeline(*policies, handler=handler), echo) == "ok"
        assert [entry for entry in log if entry[0].startswith("+")] == [("+a",), ("+b",)]

    async def test_gates_of_other_classes_in_between_do_not_matter(self, way, handler, server):
        log = []
        policies = [Special(gate=Step("a", log)), Door(), Special(gate=Step("b", log))]
        assert await called(way, Pipeline(*policies, handler=handler), echo) == "ok"
        assert ("+b in a", "permit of a") in log
        assert server.log == ["+door", ("-door", None)]
