"""The breaker as a gate around calls of tasks and threads."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from recoup import CircuitBreakerConfig, CircuitOpen, Refused, Scope
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin

CONFIG = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30)


@pytest.fixture
def plugin(host):
    return CircuitBreakerPlugin(host)


@pytest.fixture
def gate(plugin):
    return plugin.policy(CONFIG, Scope(key="venue"))


def fail(gate, error=None, times=1):
    for _ in range(times):
        gate.release(gate.acquire(), error or ConnectionError())


def state(plugin, key="venue"):
    return plugin.circuit_breaker_status()[key]


def test_a_failure_is_an_error_of_the_expected_type(plugin):
    config = CircuitBreakerConfig(failure_threshold=2, expected_exception=(ConnectionError, TimeoutError))
    gate = plugin.policy(config, Scope(key="venue"))
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

    gate.release(gate.acquire(), None)
    assert state(plugin) == "closed"


@pytest.mark.anyio
async def test_half_open_lets_exactly_one_of_many_tasks_through(plugin, gate, host):
    fail(gate, times=2)
    host.clock.advance(30)
    admitted, refused = [], []

    async def call(number):
        try:
            permit = gate.acquire()
        except CircuitOpen:
            refused.append(number)
            return
        admitted.append(number)
        await anyio.lowlevel.checkpoint()
        gate.release(permit, None)

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
        permit = gate.acquire()
        under_way.set()
        try:
            await anyio.sleep_forever()
        except BaseException as error:
            gate.release(permit, error)
            raise

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trial)
        await under_way.wait()
        with pytest.raises(CircuitOpen):
            gate.acquire()
        tasks.cancel_scope.cancel()

    assert state(plugin) == "half_open"
    gate.release(gate.acquire(), None)
    assert state(plugin) == "closed"


@pytest.mark.anyio
async def test_a_straggling_task_can_not_close_the_circuit(plugin, gate, host):
    trial_under_way, straggler_done = anyio.Event(), anyio.Event()

    async def straggler():
        permit = gate.acquire()
        await trial_under_way.wait()
        gate.release(permit, None)
        straggler_done.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(straggler)
        await anyio.wait_all_tasks_blocked()
        fail(gate, times=2)
        host.clock.advance(30)
        trial = gate.acquire()
        trial_under_way.set()
        await straggler_done.wait()
        assert state(plugin) == "half_open"
        gate.release(trial, ConnectionError())

    assert state(plugin) == "open"
