"""The breaker as a gate around calls of tasks and threads."""

from __future__ import annotations

import threading

import anyio
import anyio.lowlevel
import pytest

from recoup import CircuitBreakerConfig, CircuitOpen, Refused
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin

CONFIG = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30)


@pytest.fixture
def plugin(host):
    return CircuitBreakerPlugin(host)


@pytest.fixture
def gate(plugin):
    return plugin.gate(CONFIG, "venue")


def fail(gate, error=None, times=1):
    for _ in range(times):
        gate.acquire()
        gate.release(error or ConnectionError())


def state(plugin, key="venue"):
    return plugin.circuit_breaker_status()[key]


def test_a_failure_is_an_error_of_the_expected_type(plugin):
    gate = plugin.gate(
        CircuitBreakerConfig(failure_threshold=2, expected_exception=(ConnectionError, TimeoutError)), "venue"
    )
    fail(gate, ValueError())
    fail(gate, ConnectionResetError())
    assert state(plugin) == "closed"
    fail(gate, TimeoutError())
    assert state(plugin) == "open"


def test_any_exception_counts_by_default(plugin, gate):
    fail(gate, KeyError("k"), times=2)

    assert state(plugin) == "open"


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), GeneratorExit(), Refused("other", key="x"), CircuitOpen("inner", key="x")]
)
def test_interruptions_and_refusals_count_as_neither(plugin, gate, error):
    fail(gate)
    fail(gate, error, times=5)
    assert state(plugin) == "closed"
    fail(gate)
    assert state(plugin) == "open"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), CircuitOpen("inner", key="x")])
def test_an_interrupted_trial_gives_its_place_back(plugin, gate, host, error):
    fail(gate, times=2)
    host.clock.advance(30)
    fail(gate, error)

    gate.acquire()
    gate.release(None)
    assert state(plugin) == "closed"


def test_nested_calls_through_several_gates_are_told_apart(plugin, gate, host):
    other = plugin.gate(CONFIG, "other")
    gate.acquire()
    other.acquire()
    fail(gate, times=2)
    host.clock.advance(30)
    gate.acquire()  # the trial, within two calls that were admitted before
    gate.release(None)
    assert state(plugin) == "closed"

    gate.release(ConnectionError())
    other.release(ConnectionError())
    assert (state(plugin), state(plugin, "other")) == ("closed", "closed")
    assert gate.breaker.idle
    assert not other.breaker.idle


def test_gates_may_be_released_in_any_order(plugin, gate):
    other = plugin.gate(CONFIG, "other")
    gate.acquire()
    other.acquire()
    gate.release(ConnectionError())
    other.release(None)

    with pytest.raises(RuntimeError, match="'venue' was released"):
        gate.release(None)


def test_the_innermost_permit_of_a_gate_is_released_first(plugin, gate, host):
    outer = plugin.gate(CONFIG, "outer")
    outer.acquire()
    gate.acquire()
    fail(gate, times=2)
    host.clock.advance(30)
    gate.acquire()  # the trial

    outer.release(None)
    gate.release(None)
    assert state(plugin) == "closed"
    gate.release(ConnectionError())
    assert gate.breaker.idle


def test_a_release_elsewhere_than_the_acquire_is_an_error(gate):
    gate.acquire()
    errors = []

    def release():
        try:
            gate.release(None)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=release)
    thread.start()
    thread.join()

    assert len(errors) == 1
    gate.release(None)


@pytest.mark.anyio
async def test_half_open_lets_exactly_one_of_many_tasks_through(plugin, gate, host):
    fail(gate, times=2)
    host.clock.advance(30)
    admitted, refused = [], []

    async def call(number):
        try:
            gate.acquire()
        except CircuitOpen:
            refused.append(number)
            return
        admitted.append(number)
        await anyio.lowlevel.checkpoint()
        gate.release(None)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(call, number)

    # Once the trial has succeeded, the circuit is closed for whoever comes later; nobody does here.
    assert (len(admitted), len(refused)) == (1, 19)
    assert state(plugin) == "closed"


@pytest.mark.anyio
async def test_a_cancelled_trial_frees_its_place(plugin, gate, host):
    fail(gate, times=2)
    host.clock.advance(30)
    under_way = anyio.Event()

    async def trial():
        gate.acquire()
        under_way.set()
        try:
            await anyio.sleep_forever()
        except BaseException as error:
            gate.release(error)
            raise

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trial)
        await under_way.wait()
        with pytest.raises(CircuitOpen):
            gate.acquire()
        tasks.cancel_scope.cancel()

    assert state(plugin) == "half_open"
    gate.acquire()
    gate.release(None)
    assert state(plugin) == "closed"


@pytest.mark.anyio
async def test_a_straggling_task_can_not_close_the_circuit(plugin, gate, host):
    trial_under_way, straggler_done = anyio.Event(), anyio.Event()

    async def straggler():
        gate.acquire()
        await trial_under_way.wait()
        gate.release(None)
        straggler_done.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(straggler)
        await anyio.wait_all_tasks_blocked()
        fail(gate, times=2)
        host.clock.advance(30)
        gate.acquire()
        trial_under_way.set()
        await straggler_done.wait()
        assert state(plugin) == "half_open"
        gate.release(ConnectionError())

    assert state(plugin) == "open"


@pytest.mark.anyio
async def test_tasks_started_within_a_call_have_permits_of_their_own(plugin, gate):
    async def child(error):
        gate.acquire()
        await anyio.lowlevel.checkpoint()
        gate.release(error)

    gate.acquire()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child, None)
        tasks.start_soon(child, None)
    gate.release(ConnectionError())

    fail(gate)
    assert state(plugin) == "open"
