"""What matters least is refused first, and cancel orders never."""

from __future__ import annotations

import gc
import threading

import anyio
import anyio.lowlevel
import pytest

from recoup import (
    ErrorHandler,
    LoadShed,
    Operation,
    OperationKind,
    Pipeline,
    Place,
    PolicyServer,
    Priority,
    Scope,
)
from recoup.testing import FakeClock, check_plugin
from recoup_plugins.load_shed import LoadShedConfig, LoadShedPlugin, LoadShedSettings

on_both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
LOW, NORMAL, HIGH, CRITICAL = Priority


@pytest.fixture
def plugin(host):
    return LoadShedPlugin(host)


@pytest.fixture
def gates(plugin):
    """A gate for each priority, to one load."""

    def make(**values):
        config = LoadShedConfig(name="venue", **values)
        return {item: plugin.policy(config, Scope(key="any", priority=item)) for item in Priority}

    return make


def admitted(gate, most=1000):
    """How many calls a gate lets in before it refuses."""
    for count in range(most):
        try:
            gate.acquire()
        except LoadShed:
            return count
    return most


def test_it_keeps_the_contract_of_its_role():
    assert all(check.passed for check in check_plugin(LoadShedPlugin, "load_shed"))


class TestConfig:
    def test_by_default_a_hundred_calls_with_room_kept_for_what_matters(self):
        config = LoadShedConfig()
        assert (config.max_concurrent, config.low, config.normal, config.high) == (100, 0.6, 0.8, 0.95)

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"max_concurrent": 0}, "'max_concurrent' must be from 1 to 1000000 calls"),
            ({"max_concurrent": 2.5}, "'max_concurrent' must be a whole number of calls"),
            ({"low": 0}, "'low' must be a share of the capacity"),
            ({"high": 1.1}, "'high' must be a share of the capacity"),
            ({"normal": "most"}, "'normal' must be a number"),
            ({"low": 0.9}, r"low \(0.9\), normal \(0.8\) and high \(0.95\) must not fall"),
            ({"max_latency": 0}, "'max_latency' must be above 0 seconds"),
            ({"half_life": float("inf")}, "'half_life' must be finite"),
            ({"retry_after": -1.0}, "'retry_after' must be above 0 seconds"),
            ({"name": 3}, "'name' must be a text"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, values, message):
        with pytest.raises((TypeError, ValueError), match=message):
            LoadShedConfig(**values)

    @pytest.mark.parametrize(
        ("capacity", "low", "calls"),
        [(100, 0.6, 60), (5, 0.6, 3), (30, 0.1, 3), (1, 0.01, 1), (10, 0.55, 6)],
    )
    def test_a_share_is_rounded_up_to_whole_calls(self, capacity, low, calls):
        assert LoadShedConfig(max_concurrent=capacity, low=low).most_calls[LOW] == calls


class TestPriorities:
    def test_each_has_room_up_to_its_share_of_all_that_is_under_way(self, gates):
        gate = gates(max_concurrent=100)
        assert admitted(gate[LOW]) == 60
        assert admitted(gate[NORMAL]) == 20
        assert admitted(gate[LOW]) == 0
        assert admitted(gate[HIGH]) == 15
        assert admitted(gate[NORMAL]) == 0
        assert admitted(gate[HIGH]) == 0

    def test_critical_is_never_refused(self, gates):
        assert admitted(gates(max_concurrent=1)[CRITICAL], most=500) == 500

    def test_critical_calls_count_for_the_others(self, gates):
        gate = gates(max_concurrent=10)
        admitted(gate[CRITICAL], most=6)
        assert admitted(gate[LOW]) == 0
        assert admitted(gate[NORMAL]) == 2

    def test_a_call_that_ends_makes_room(self, gates):
        gate = gates(max_concurrent=5)
        permits = [gate[LOW].acquire() for _ in range(3)]
        with pytest.raises(LoadShed):
            gate[LOW].acquire()
        gate[LOW].release(permits.pop(), None)
        assert admitted(gate[LOW]) == 1

    def test_follow_from_what_an_operation_does(self):
        handler = ErrorHandler(plugins={"load_shed": LoadShedPlugin}, discover=False)
        config = LoadShedConfig(max_concurrent=2, low=0.5, normal=0.5, high=0.5, name="venue")
        order = Pipeline(config, operation=Operation(kind=OperationKind.SUBMIT), handler=handler)
        cancel = Pipeline(config, operation=Operation(kind=OperationKind.CANCEL), handler=handler)
        read = Pipeline(config, operation=Operation(kind=OperationKind.READ), handler=handler)
        assert read.call_sync(cancel.call_sync, int) == 0
        for refused in (read, order):
            with pytest.raises(LoadShed):
                read.call_sync(refused.call_sync, int)


class TestLatency:
    def busy(self, gate, host, seconds, times=100):
        for _ in range(times):
            permit = gate.acquire()
            host.clock.advance(seconds)
            gate.release(permit, None)

    def test_above_its_share_refuses_too(self, gates, host):
        gate = gates(max_latency=1.0)
        self.busy(gate[CRITICAL], host, 0.7)
        with pytest.raises(LoadShed, match=r"'venue': calls take 0.7 s in the mean, .* room up to 60% of the capacity"):
            gate[LOW].acquire()
        assert admitted(gate[NORMAL]) == 80
        assert admitted(gate[HIGH]) == 15

    def test_is_forgotten_while_nothing_is_called(self, gates, host):
        gate = gates(max_latency=1.0, half_life=5.0)
        self.busy(gate[CRITICAL], host, 1.1)
        assert admitted(gate[LOW]) == 0
        host.clock.advance(5.0)
        assert admitted(gate[LOW]) == 60

    def test_from_long_ago_counts_for_less_than_one_call_of_now(self, gates, host):
        gate = gates(max_latency=1.0, half_life=5.0)
        self.busy(gate[CRITICAL], host, 10.0)
        host.clock.advance(60.0)
        self.busy(gate[LOW], host, 0.1, times=1)
        assert admitted(gate[LOW]) == 60

    def test_a_time_out_is_as_slow_as_it_took(self, gates, host):
        gate = gates(max_latency=1.0)
        for _ in range(50):
            permit = gate[CRITICAL].acquire()
            host.clock.advance(2.0)
            gate[CRITICAL].release(permit, TimeoutError())
        assert admitted(gate[HIGH]) == 0

    @pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), GeneratorExit()])
    def test_other_endings_say_nothing(self, gates, host, error):
        gate = gates(max_latency=1.0)
        for _ in range(50):
            permit = gate[CRITICAL].acquire()
            host.clock.advance(5.0)
            gate[CRITICAL].release(permit, error)
        assert admitted(gate[LOW]) == 60

    def test_of_a_call_let_in_before_it_was_measured_says_nothing(self, gates, host, plugin):
        gate = gates()
        host.clock.advance(100.0)
        permit = gate[LOW].acquire()
        gates(max_latency=1.0)
        gate[LOW].release(permit, None)
        assert plugin.status()["venue"].load == 0.0


class TestRefusal:
    def test_says_for_what_why_and_when_to_come_back(self, gates):
        gate = gates(max_concurrent=2, retry_after=1.5)
        admitted(gate[CRITICAL], most=2)
        with pytest.raises(
            LoadShed, match=r"'venue': 2 calls are under way, .* room up to 95% of the capacity"
        ) as shed:
            gate[HIGH].acquire()
        assert (shed.value.key, shed.value.retry_after) == ("venue", 1.5)

    def test_is_told(self, gates, host):
        gate = gates(max_concurrent=1)
        admitted(gate[LOW], most=2)
        (event,) = host.published
        assert (event.policy, event.key, event.action) == ("load_shed", "venue", "refused")

    def test_is_not_told_where_nobody_listens(self, gates, host):
        host.observed = False
        admitted(gates(max_concurrent=1)[LOW], most=2)
        assert host.published == []


class TestPlugin:
    def test_plays_its_role_outside_of_all_that_waits(self, plugin):
        assert isinstance(plugin, PolicyServer)
        assert plugin.placing(LoadShedConfig()).place is Place.LOAD_SHED

    def test_without_a_name_each_key_has_its_own_load(self, plugin):
        config = LoadShedConfig(max_concurrent=1)
        first, second = (plugin.policy(config, Scope(key=key, priority=LOW)) for key in "ab")
        assert (first.key, second.key) == ("a", "b")
        assert admitted(first) == admitted(second) == 1

    def test_takes_other_values_at_once_with_all_who_are_inside(self, gates, plugin):
        gate = gates(max_concurrent=10)
        assert admitted(gate[LOW]) == 6
        gates(max_concurrent=20)
        assert admitted(gate[LOW]) == 6
        gates(max_concurrent=1)
        assert admitted(gate[HIGH]) == 0
        assert plugin.status()["venue"].inside == 12
        assert plugin.status()["venue"].load == 12.0

    def test_loads_that_nothing_uses_are_bounded(self, host):
        plugin = LoadShedPlugin(host, LoadShedSettings(max_loads=2))
        for key in "abcd":
            plugin.policy(LoadShedConfig(), Scope(key=key))
        gc.collect()
        assert sorted(plugin.status()) == ["c", "d"]


class TestPipelines:
    @pytest.fixture
    def handler(self):
        return ErrorHandler(clock=FakeClock(), plugins={"load_shed": LoadShedPlugin}, discover=False)

    @on_both
    @pytest.mark.anyio
    async def test_a_cancelled_call_makes_room(self, handler):
        pipeline = Pipeline(LoadShedConfig(max_concurrent=1, name="venue"), handler=handler)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await pipeline.call(anyio.sleep_forever)
        assert await pipeline.call(anyio.lowlevel.checkpoint) is None
        assert handler.plugins.get("load_shed").status()["venue"].inside == 0

    @on_both
    @pytest.mark.anyio
    async def test_coroutines_and_plain_functions_add_to_one_load(self, handler):
        pipeline = Pipeline(LoadShedConfig(max_concurrent=1, name="venue"), handler=handler)

        async def nested():
            return pipeline.call_sync(int)

        with pytest.raises(LoadShed):
            await pipeline.call(nested)

    def test_an_error_passes_unchanged(self, handler):
        pipeline = Pipeline(LoadShedConfig(max_concurrent=1, name="venue"), handler=handler)
        error = ValueError("x")

        def fails():
            raise error

        for _ in range(3):
            with pytest.raises(ValueError, match="x") as raised:
                pipeline.call_sync(fails)
            assert raised.value is error


def test_threads_never_exceed_the_share_of_their_priority_and_leave_nothing_behind(gates, plugin, host):
    host.observed = False
    gate = gates(max_concurrent=10, low=0.2, normal=0.4, high=0.6)
    most = {LOW: 2, NORMAL: 4, HIGH: 6}
    rounds, start, over, counts = 500, threading.Barrier(12), [], []
    load = gate[LOW].load

    def work(priority):
        passed = refused = 0
        start.wait()
        for _ in range(rounds):
            try:
                permit = gate[priority].acquire()
            except LoadShed:
                refused += 1
                continue
            if priority is HIGH and load.inside > 6:
                over.append(load.inside)
            passed += 1
            gate[priority].release(permit, None)
        counts.append((priority, passed, refused))

    threads = [threading.Thread(target=work, args=(priority,)) for priority in most for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert over == []
    assert [passed + refused for _, passed, refused in counts] == [rounds] * 12
    assert plugin.status()["venue"].inside == 0


def test_as_many_threads_as_there_is_room_for_are_never_refused(gates, host):
    gate = gates(max_concurrent=10)[LOW]
    start, passed = threading.Barrier(6), []

    def work():
        start.wait()
        for _ in range(500):
            gate.release(gate.acquire(), None)
        passed.append(500)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert passed == [500] * 6
    assert host.published == []
