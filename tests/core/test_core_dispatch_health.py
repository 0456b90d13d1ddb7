"""What is done about plugins that fail again and again, and about calls that outlive a change of plugins."""

# ruff: noqa: PLW0108 - hookimpl marks functions, neither bound methods nor classes
from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from recoup import Config, ErrorHandler, PluginEvent, StateEvent, hookimpl
from recoup.dispatch.generation import Generation
from recoup.dispatch.health import DISABLE_AFTER, DISABLE_WINDOW, REPORT_INTERVAL
from recoup.dispatch.timelimit import TimeLimited
from recoup.errors import PluginTimeout
from recoup.testing import FakeClock

EVENT = StateEvent(subject="venue", old="up", new="down")


def broken() -> None:
    raise ValueError("broken")


class World:
    def __init__(self, **plugins: Any) -> None:
        self.clock = FakeClock()
        self.events: list[Any] = []
        watch = SimpleNamespace(monitor=hookimpl(lambda event: self.events.append(event)))
        clean = SimpleNamespace(sanitize=hookimpl(lambda payload: payload))
        self.handler = ErrorHandler(
            Config(), plugins={**plugins, "clean": clean, "watch": watch}, discover=False, clock=self.clock
        )

    def reports(self) -> list[tuple[str, str, int]]:
        return [(item.plugin, item.fault, item.count) for item in self.events if isinstance(item, PluginEvent)]

    def reason(self, name: str) -> str:
        return next(status.reason for status in self.handler.plugins.statuses() if status.name == name)

    def failures(self, name: str) -> int:
        return next(status.failures for status in self.handler.plugins.statuses() if status.name == name)


def failing(hook: str) -> Any:
    return SimpleNamespace(**{hook: hookimpl(broken)})


class TestReports:
    def test_failures_within_a_minute_give_one_event_and_the_next_one_counts_them(self) -> None:
        world = World(a=failing("classify"))
        for _ in range(100):
            world.handler.classify_error(ValueError())
        assert world.reports() == [("a", "raised", 1)]
        world.clock.advance(REPORT_INTERVAL)
        world.handler.classify_error(ValueError())
        assert world.reports()[1:] == [("a", "raised", 100)]
        assert world.failures("a") == 101

    def test_each_plugin_and_each_hook_has_its_own(self) -> None:
        both = SimpleNamespace(classify=hookimpl(broken), analyze=hookimpl(broken))
        world = World(a=both, b=failing("classify"))
        world.handler.classify_error(ValueError())
        world.handler.hooks.analyze(None)  # type: ignore[arg-type]
        assert sorted(world.reports()) == [("a", "raised", 1), ("a", "raised", 1), ("b", "raised", 1)]

    def test_what_answers_is_never_disabled_however_often_it_fails(self) -> None:
        world = World(a=failing("classify"))
        for _ in range(10 * DISABLE_AFTER):
            world.handler.classify_error(ValueError())
        assert world.reason("a") == ""

    def test_a_plugin_that_is_gone_leaves_nothing_behind(self) -> None:
        world = World()
        for index in range(50):
            world.handler.plugins.register(failing("classify"), f"p{index}")
            world.handler.classify_error(ValueError())
            world.handler.plugins.unregister(f"p{index}")
        assert world.handler.plugins._health._records == {}


class TestDisabling:
    @pytest.mark.parametrize("hook", ["monitor", "analyze"])
    def test_an_observer_is_disabled_at_its_fifth_failure_within_a_minute(self, hook: str) -> None:
        calls: list[int] = []

        def counting() -> None:
            calls.append(1)
            raise ValueError("broken")

        world = World(a=SimpleNamespace(**{hook: hookimpl(counting)}))
        for number in range(1, 2 * DISABLE_AFTER):
            world.handler.publish(EVENT) if hook == "monitor" else world.handler.hooks.analyze(None)  # type: ignore[arg-type]
            assert (world.reason("a") != "") == (number >= DISABLE_AFTER)
        assert world.reason("a") == f"{hook} disabled after repeated failures"
        seen = len(calls)
        world.handler.publish(EVENT)
        assert len(calls) == seen
        assert [fault for _, fault, _ in world.reports()] == ["raised", "disabled"]

    def test_failures_that_are_far_apart_disable_nobody(self) -> None:
        world = World(a=failing("monitor"))
        for _ in range(4 * DISABLE_AFTER):
            world.handler.publish(EVENT)
            world.clock.advance(DISABLE_WINDOW / (DISABLE_AFTER - 1) + 1)
        assert world.reason("a") == ""

    def test_one_event_on_which_many_monitors_fail_does_not_have_them_disable_each_other(self) -> None:
        names = [f"m{index}" for index in range(20)]
        world = World(**{name: failing("monitor") for name in names})
        world.handler.publish(EVENT)
        assert [world.reason(name) for name in names] == [""] * 20
        assert sorted(world.reports()) == sorted((name, "raised", 1) for name in names)

    def test_its_other_hooks_stay_at_work(self) -> None:
        both = SimpleNamespace(monitor=hookimpl(broken), sanitize=hookimpl(lambda: "clean"))
        world = World(a=both)
        for _ in range(DISABLE_AFTER):
            world.handler.publish(EVENT)
        assert world.reason("a") == "monitor disabled after repeated failures"
        assert world.handler.sanitize("x") == "clean"

    def test_registered_anew_it_is_enabled_again(self) -> None:
        world = World(a=failing("monitor"))
        for _ in range(DISABLE_AFTER):
            world.handler.publish(EVENT)
        world.handler.plugins.register(world.handler.plugins.unregister("a"), "a")
        assert world.reason("a") == ""

    def test_a_late_failure_of_a_plugin_that_is_gone_does_not_disable_the_one_that_took_its_name(self) -> None:
        world = World(a=failing("monitor"))
        former = world.handler.hooks.compiled
        world.handler.plugins.unregister("a")
        world.handler.plugins.register(SimpleNamespace(monitor=hookimpl(lambda: None)), "a")
        for _ in range(DISABLE_AFTER):
            former.monitor(EVENT)
        assert world.reason("a") == ""


class TestSynchronousTimeLimit:
    def test_a_function_that_hangs_is_given_up_and_refused_until_it_returns(self) -> None:
        release, entered = threading.Event(), threading.Event()

        def hangs(value: int) -> int:
            entered.set()
            release.wait()
            return value

        limited = TimeLimited(hangs, 0.03, "slow")
        with pytest.raises(PluginTimeout, match=r"ran over its limit of 0\.03 s"):
            limited(1)
        with pytest.raises(PluginTimeout, match="still runs"):
            limited(2)
        stuck = limited._stuck
        assert stuck is not None
        release.set()
        assert stuck.result(5) == 1
        assert limited(3) == 3
        limited.close()

    @pytest.mark.parametrize("failure", [TimeoutError("own"), ValueError("x"), KeyboardInterrupt(), SystemExit()])
    def test_whatever_the_function_raises_is_raised_in_the_caller(self, failure: BaseException) -> None:
        def fails() -> None:
            raise failure

        limited = TimeLimited(fails, 60, "p")
        with pytest.raises(type(failure)) as caught:
            limited()
        assert caught.value is failure
        limited.close()

    def test_it_sees_the_context_variables_of_its_caller(self) -> None:
        from contextvars import ContextVar

        variable = ContextVar("variable", default="unset")
        limited = TimeLimited(variable.get, 60, "p")
        variable.set("set")
        assert limited() == "set"
        limited.close()

    def test_closing_ends_the_worker_and_a_call_in_flight_is_still_served(self) -> None:
        limited = TimeLimited(lambda value: value, 60, "p")
        assert limited(1) == 1
        worker = limited._worker
        assert worker is not None
        limited.close()
        worker.join(5)
        assert not worker.is_alive()
        assert limited(2) == 2

    def test_a_limited_classify_over_its_limit_leaves_the_error_to_the_next_plugin(self) -> None:
        release = threading.Event()
        config = Config.from_dict({"error_handling": {"plugins": {"a": {"time_limit": 0.03}}}}, plugins={"a": object})
        events: list[Any] = []
        handler = ErrorHandler(
            config,
            plugins={
                "a": SimpleNamespace(classify=hookimpl(lambda: release.wait())),
                "clean": SimpleNamespace(sanitize=hookimpl(lambda payload: payload)),
                "watch": SimpleNamespace(monitor=hookimpl(lambda event: events.append(event))),
            },
            discover=False,
        )
        try:
            assert handler.classify_error(ValueError()).value == "medium"
        finally:
            release.set()
            handler.plugins.close()
        assert [(event.plugin, event.fault) for event in events] == [("a", "timed_out")]


class TestGeneration:
    def test_waiting_ends_at_once_where_no_call_is_under_way(self) -> None:
        Generation().successor().wait_drained()

    def test_waiting_lasts_until_the_last_call_of_an_older_generation_has_ended(self) -> None:
        first = Generation()
        second = first.successor()
        with first:
            with first:
                third = second.successor()
                waiter = threading.Thread(target=third.wait_drained, daemon=True)
                waiter.start()
            assert waiter.is_alive()
            with third:
                pass  # its own calls are not waited for
            assert waiter.is_alive()
        waiter.join(5)
        assert not waiter.is_alive()

    def test_a_call_that_entered_in_the_moment_of_the_replacement_is_waited_for_as_well(self) -> None:
        first = Generation()
        second = first.successor()
        with first:  # it had read the old generation, and enters when it is retired already
            third = second.successor()
            waiter = threading.Thread(target=third.wait_drained, daemon=True)
            waiter.start()
            waiter.join(0.02)
            assert waiter.is_alive()
        waiter.join(5)
        assert not waiter.is_alive()

    def test_a_call_that_hangs_through_many_changes_costs_no_memory_and_no_recursion(self) -> None:
        current = Generation()
        with current:
            for _ in range(5000):
                current = current.successor()
            assert len(current._ledger.active) == 1
        current.wait_drained()
