"""Gates: passed in order, freed in reverse, and never left shut by a call that went wrong."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from recoup import CircuitOpen, ErrorHandler, Guard, Place, Placing, Recovery, RetryConfig, hookimpl
from recoup.pipeline.pipeline import SCOPES_KEPT
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio


class GateOf:
    """Serves one gate of its own and writes down what happens to it."""

    serves = (RetryConfig,)

    def __init__(self, name: str, log: list[Any], *, acquire: Any = None, release: Any = None, gate: Any = None):
        self.key = name
        self.log = log
        self.on_acquire = acquire
        self.on_release = release
        self.on_gate = gate
        self.asked: list[str] = []

    def placing(self, config):
        return Placing(place=Place.RETRY)

    def policy(self, config, scope):
        self.asked.append(scope.key)
        if self.on_gate is not None:
            raise self.on_gate
        return self

    def acquire(self):
        if self.on_acquire is not None:
            raise self.on_acquire
        self.log.append(f"+{self.key}")

    def release(self, permit, error):
        self.log.append((f"-{self.key}", error))
        if self.on_release is not None:
            raise self.on_release


class Observes:
    def __init__(self):
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


def make(*gates: GateOf, **plugins: Any) -> ErrorHandler:
    named = {gate.key: gate for gate in gates}
    return ErrorHandler(discover=False, plugins={**named, "observes": Observes(), **plugins}, clock=FakeClock())


def faults(handler: ErrorHandler) -> list[tuple[str, str]]:
    return [(event.plugin, event.hook) for event in handler.plugins.get("observes").events if event.kind == "plugin"]


@pytest.fixture
def log() -> list[Any]:
    return []


@pytest.fixture(params=["async", "sync"])
def how(request):
    return request.param


async def call(how: str, handler: ErrorHandler, function: Any = lambda: "ok") -> Any:
    guarded = Guard(RetryConfig(), handler=handler)
    return guarded.call_sync(function) if how == "sync" else await guarded.call(function)


async def test_are_passed_in_order_and_freed_in_reverse(log, how):
    assert await call(how, make(GateOf("a", log), GateOf("b", log))) == "ok"
    assert log == ["+a", "+b", ("-b", None), ("-a", None)]


async def test_are_told_the_error(log, how):
    error = ValueError("mine")

    def fail():
        raise error

    with pytest.raises(ValueError, match="mine"):
        await call(how, make(GateOf("a", log)), fail)
    assert log == ["+a", ("-a", error)]


async def test_are_passed_anew_for_each_attempt(log, how):
    class Repeats:
        @hookimpl
        def recover(self, context):
            return Recovery.retry() if context.call.attempts < 3 else None

    def fetch():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await call(how, make(GateOf("a", log), repeats=Repeats()), fetch)
    assert log.count("+a") == 3
    assert len(log) == 6


async def test_one_that_refuses_frees_those_before_it_with_the_refusal(log, how):
    refusal = CircuitOpen("open", key="b")
    called = []
    with pytest.raises(CircuitOpen) as caught:
        await call(
            how, make(GateOf("a", log), GateOf("b", log, acquire=refusal), GateOf("c", log)), lambda: called.append(1)
        )
    assert caught.value is refusal
    assert log == ["+a", ("-a", refusal)]  # not None: nothing has succeeded
    assert called == []


async def test_one_that_breaks_lets_the_call_through_and_is_not_freed(log, how):
    handler = make(GateOf("a", log, acquire=ValueError("bug")), GateOf("b", log))
    assert await call(how, handler) == "ok"
    assert log == ["+b", ("-b", None)]
    assert faults(handler) == [("a", "acquire")]


async def test_one_that_breaks_when_freed_keeps_no_other_shut_and_no_result_back(log, how):
    handler = make(GateOf("a", log), GateOf("b", log, release=ValueError("bug")))
    assert await call(how, handler) == "ok"
    assert log == ["+a", "+b", ("-b", None), ("-a", None)]
    assert faults(handler) == [("b", "release")]


async def test_one_that_can_t_be_had_lets_the_call_through(log, how):
    handler = make(GateOf("a", log, gate=ValueError("bug")), GateOf("b", log))
    assert await call(how, handler) == "ok"
    assert log == ["+b", ("-b", None)]
    assert faults(handler) == [("a", "policy")]


async def test_are_freed_when_the_program_is_interrupted(log, how):
    interrupt = KeyboardInterrupt()

    def interrupted():
        raise interrupt

    with pytest.raises(KeyboardInterrupt):
        await call(how, make(GateOf("a", log)), interrupted)
    assert log == ["+a", ("-a", interrupt)]


async def test_an_interrupt_on_the_way_in_frees_those_before_it(log, how):
    interrupt = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await call(how, make(GateOf("a", log), GateOf("b", log, acquire=interrupt)))
    assert log == ["+a", ("-a", interrupt)]


async def test_are_asked_for_once_for_each_name_under_component_and_name(log):
    handler = make(gate := GateOf("a", log))
    guarded = Guard(RetryConfig(), handler=handler, component="desk", name="buy")
    for _ in range(3):
        guarded.call_sync(lambda: None)
    assert gate.asked == ["desk.buy"]


async def test_names_beyond_a_bound_are_forgotten_and_asked_for_again(log):
    handler = make(gate := GateOf("a", log))
    guarded = Guard(RetryConfig(), handler=handler)
    for number in range(SCOPES_KEPT + 5):
        function = lambda: None  # noqa: E731
        function.__qualname__ = f"f{number}"
        guarded.call_sync(function)
        guarded.call_sync(function)
    assert len(gate.asked) == SCOPES_KEPT + 5
    function.__qualname__ = "f0"
    guarded.call_sync(function)
    assert gate.asked.count(gate.asked[0]) == 2


async def test_the_call_tells_plugins_which_gates_count_its_failures(log, how):
    seen = []

    class Looks:
        @hookimpl
        def recover(self, context):
            seen.append(context.call.gates)

    def fail():
        raise ValueError

    with pytest.raises(ValueError):
        await call(how, make(GateOf("a", log), GateOf("b", log), looks=Looks()), fail)
    assert seen == [{"a", "b"}]


class TestCancellation:
    """It passes through wherever it strikes, and leaves every gate open."""

    async def cancel(self, handler: ErrorHandler, function: Any) -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(Guard(RetryConfig(), handler=handler).call, function)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        assert scope.cancelled_caught

    async def test_in_the_guarded_function(self, log):
        asked = []

        class Recovers:
            @hookimpl
            def recover(self, error):
                asked.append(error)

        await self.cancel(make(GateOf("a", log), recovers=Recovers()), anyio.sleep_forever)
        assert [entry[0] for entry in log] == ["+", "-a"]
        assert not isinstance(log[1][1], Exception)
        assert asked == []

    async def test_in_recover(self, log):
        class Hangs:
            @hookimpl
            async def recover(self):
                await anyio.sleep_forever()

        def fetch():
            raise ConnectionError

        handler = make(GateOf("a", log), hangs=Hangs())
        await self.cancel(handler, fetch)
        assert [entry[0] for entry in log] == ["+", "-a"]
        assert faults(handler) == []
        with anyio.fail_after(5):  # the plugin is not thought to be in use any more
            await handler.remove_plugin("hangs")

    async def test_in_the_delay_before_a_repetition(self, log):
        calls = []

        class Repeats:
            @hookimpl
            def recover(self):
                return Recovery.retry(3600, verified=True)

        def fetch():
            calls.append(1)
            raise ConnectionError

        handler = make(GateOf("a", log), repeats=Repeats())
        handler.clock.auto_advance = False
        await self.cancel(handler, fetch)
        assert calls == [1]
        assert len(log) == 2

    async def test_in_the_wait_for_a_pacer(self, log):
        class Paces:
            holds = ("the venue",)

            def delay(self, operation, component):
                return 3600.0

        handler = make(GateOf("a", log), paces=Paces())
        handler.clock.auto_advance = False
        await self.cancel(handler, lambda: log.append("called"))
        assert log == []
