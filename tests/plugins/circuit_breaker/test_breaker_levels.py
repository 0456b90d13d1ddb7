"""Circuits above circuits: venue > account > endpoint."""

from __future__ import annotations

import pytest
from attrs import evolve

from recoup import (
    Call,
    CircuitBreakerConfig,
    CircuitOpen,
    Classification,
    Config,
    ErrorCategory,
    ErrorHandlingConfig,
    ErrorSeverity,
    FailureReason,
    Operation,
    OperationKind,
    PolicyMisuse,
    Scope,
)
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin

TWICE = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30)
VENUE, ACCOUNT, ORDERS, TICKER = "kraken", "kraken > main", "kraken > main > orders", "kraken > main > ticker"


@pytest.fixture
def build(host):
    def build(**circuits):
        host.config = Config(error_handling=ErrorHandlingConfig(circuit_breakers=circuits))
        return CircuitBreakerPlugin(host)

    return build


@pytest.fixture
def plugin(build):
    return build(**{VENUE: evolve(TWICE, failure_threshold=3)})


def gate(plugin, key, config=TWICE):
    return plugin.policy(config, Scope(key=key))


def fail(gate, times=1):
    for _ in range(times):
        gate.release(gate.acquire(), ConnectionError())


def is_refused(gate):
    try:
        permit = gate.acquire()
    except CircuitOpen:
        return True
    gate.release(permit, None)
    return False


def states(plugin):
    return {key: str(state) for key, state in plugin.circuit_breaker_status().items() if state != "closed"}


class TestAnOpenParent:
    @pytest.mark.parametrize("level", [VENUE, ACCOUNT])
    def test_opens_what_is_below_it(self, plugin, level):
        orders, other = gate(plugin, ORDERS), gate(plugin, "bybit > main > orders")
        plugin.force_open(level)

        assert is_refused(orders)
        assert not is_refused(other)
        assert plugin.circuit_breaker_status()[ORDERS] == "open"
        plugin.reset(level)
        assert not is_refused(orders)

    def test_refuses_in_the_name_of_the_child_with_its_own_time(self, plugin):
        orders = gate(plugin, ORDERS)
        fail(plugin.policy(TWICE, Scope(key=VENUE)), 3)

        with pytest.raises(CircuitOpen, match="'kraken > main > orders' is closed off: circuit 'kraken' is open") as it:
            orders.acquire()
        assert (it.value.key, it.value.retry_after) == (ORDERS, 30)
        assert it.value.__context__ is None or it.value.__suppress_context__

    def test_need_not_have_been_called(self, plugin):
        plugin.force_open(ACCOUNT)

        assert is_refused(gate(plugin, ORDERS))


class TestWhatCountsWhere:
    def test_a_failure_counts_on_every_level_that_has_values(self, plugin):
        fail(gate(plugin, ORDERS))
        fail(gate(plugin, TICKER))
        fail(gate(plugin, "kraken > spare > orders"))

        assert states(plugin) == dict.fromkeys(
            (VENUE, ACCOUNT, ORDERS, TICKER, "kraken > spare", "kraken > spare > orders"), "open"
        )

    def test_a_child_that_opens_leaves_its_siblings_alone(self, plugin):
        orders, ticker = gate(plugin, ORDERS), gate(plugin, TICKER)
        fail(orders, 2)

        assert states(plugin) == {ORDERS: "open"}
        assert not is_refused(ticker)

    def test_a_level_that_nobody_has_given_values_to_counts_nothing(self, build):
        plugin = build()
        fail(gate(plugin, ORDERS, evolve(TWICE, failure_threshold=99)), 50)

        assert states(plugin) == {}
        assert plugin.status(VENUE).calls == 0

    def test_values_may_come_later(self, build):
        plugin = build()
        orders = gate(plugin, ORDERS, evolve(TWICE, failure_threshold=99))
        gate(plugin, VENUE)
        fail(orders, 2)

        assert plugin.status(VENUE).state == "open"

    def test_a_success_below_counts_too(self, plugin):
        orders, ticker = gate(plugin, ORDERS, evolve(TWICE, failure_threshold=99)), gate(plugin, TICKER)
        fail(orders, 2)
        ticker.release(ticker.acquire(), None)
        fail(orders, 2)

        assert states(plugin) == {}

    def test_each_level_goes_by_its_own_exceptions(self, build):
        plugin = build(**{VENUE: evolve(TWICE, expected_exception=TimeoutError)})
        fail(gate(plugin, ORDERS), 2)

        assert states(plugin) == {ORDERS: "open"}


class TestTrials:
    def test_one_trial_passes_all_levels_and_closes_them(self, plugin, host):
        orders = gate(plugin, ORDERS, evolve(TWICE, failure_threshold=3))
        fail(orders, 3)
        host.clock.advance(30)
        assert plugin.circuit_breaker_status()[ORDERS] == "half_open"
        permits = orders.acquire()
        assert is_refused(gate(plugin, TICKER))  # the venue has its trial
        orders.release(permits, None)

        assert states(plugin) == {}

    def test_a_level_that_refuses_gives_the_others_their_trial_back(self, plugin, host):
        orders, ticker = gate(plugin, ORDERS, evolve(TWICE, failure_threshold=3)), gate(plugin, TICKER)
        fail(orders, 3)
        host.clock.advance(30)
        plugin.force_open(ORDERS)

        assert is_refused(orders)
        assert not is_refused(ticker)
        assert plugin.status(VENUE).state == "closed"

    def test_a_cancelled_call_gives_all_of_them_back(self, plugin, host):
        orders = gate(plugin, ORDERS, evolve(TWICE, failure_threshold=3))
        fail(orders, 3)
        host.clock.advance(30)
        orders.release(orders.acquire(), KeyboardInterrupt())

        assert not is_refused(orders)
        assert states(plugin) == {}


class TestParent:
    def test_it_puts_a_circuit_below_another(self, build):
        plugin = build()
        endpoint = gate(plugin, "app.fetch", evolve(TWICE, parent=ACCOUNT))
        assert plugin.status("app.fetch").parents == (VENUE, ACCOUNT)
        plugin.force_open(VENUE)

        assert is_refused(endpoint)

    def test_of_a_parent_counts_as_well(self, build):
        plugin = build(eu=TWICE, kraken=evolve(TWICE, parent="eu", failure_threshold=99))
        endpoint = gate(plugin, "fetch", evolve(TWICE, parent="kraken", failure_threshold=99))
        assert plugin.status("fetch").parents == ("eu", "kraken")
        fail(endpoint, 2)

        assert plugin.status("kraken").state == plugin.status("fetch").state == plugin.status("eu").state == "open"

    def test_the_order_in_the_file_does_not_matter(self, build):
        plugin = build(a=evolve(TWICE, parent="b"), b=evolve(TWICE, parent="c"), c=TWICE)

        assert plugin.status("a").parents == ("c", "b")

    def test_a_circuit_can_not_stand_above_itself(self, build):
        with pytest.raises(PolicyMisuse, match="circuit 'a' below 'b' below 'a'"):
            build(a=evolve(TWICE, parent="b"), b=evolve(TWICE, parent="a"))

        with pytest.raises(PolicyMisuse, match="'x' below 'x'"):
            gate(build(), "x", evolve(TWICE, parent="x"))


def test_the_hook_counts_a_failure_once_on_each_level(plugin, make_context):
    orders = gate(plugin, ORDERS)
    fail(orders)
    lost = Classification(
        severity=ErrorSeverity.MEDIUM,
        category=ErrorCategory.NETWORK,
        reason=FailureReason.CONNECTION_LOST,
        retryable=True,
    )
    call = Call(gates=frozenset({ORDERS}), operation=Operation(kind=OperationKind.READ))
    plugin.recover(
        ConnectionError(),
        make_context(ConnectionError(), component=VENUE, operation="fetch", call=call, classification=lost),
    )

    assert plugin.status(VENUE).failures == 1
