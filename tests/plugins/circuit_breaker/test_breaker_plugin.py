"""The circuit_breaker plugin: gates, status, and its recover hook."""

from __future__ import annotations

import gc

import pytest

from recoup import (
    Call,
    CircuitBreakerConfig,
    CircuitOpen,
    Classification,
    Config,
    Decision,
    ErrorCategory,
    ErrorHandlingConfig,
    ErrorSeverity,
    FailureReason,
    FallbackConfig,
    Operation,
    OperationKind,
    PluginError,
    RetryConfig,
)
from recoup_plugins.circuit_breaker import CircuitBreakerPlugin

TWICE = CircuitBreakerConfig(failure_threshold=2, recovery_timeout=30)


@pytest.fixture
def build(host):
    """Build the plugin with circuits of the configuration file."""

    def build(max_circuits=None, **circuits):
        named = {name.replace("__", "."): config for name, config in circuits.items()}
        host.config = Config(error_handling=ErrorHandlingConfig(circuit_breakers=named))
        if max_circuits is None:
            return CircuitBreakerPlugin(host)
        return CircuitBreakerPlugin(host, CircuitBreakerPlugin.Config(max_circuits=max_circuits))

    return build


@pytest.fixture
def report(make_context):
    """Hand the plugin an error."""

    def report(plugin, error=None, *, reason=FailureReason.CONNECTION_LOST, **kwargs):
        error = error or ConnectionError("reset")
        fields = {"classification": classified(reason=reason), "operation": "fetch_ticker"}
        return plugin.recover(error, make_context(error, **(fields | kwargs)))

    return report


def classified(**kwargs) -> Classification:
    fields = {"severity": ErrorSeverity.MEDIUM, "category": ErrorCategory.NETWORK, "retryable": True}
    return Classification(**(fields | kwargs))


def open_up(gate):
    while gate.breaker.state != "open":
        gate.acquire()
        gate.release(ConnectionError())


class TestGate:
    def test_it_goes_by_the_configs_name_else_by_the_key(self, build):
        plugin = build()
        named = CircuitBreakerConfig(name="shared")

        assert plugin.gate(named, "a").key == "shared"
        assert plugin.gate(named, "b") is plugin.gate(named, "a")
        assert plugin.gate(TWICE, "a").key == "a"
        assert plugin.gate(TWICE, "a") is plugin.gate(TWICE, "a")
        assert plugin.gate(TWICE, "a") is not plugin.gate(TWICE, "b")

    def test_the_configuration_file_wins(self, build):
        plugin = build(api_calls=TWICE)

        gate = plugin.gate(CircuitBreakerConfig(failure_threshold=99, recovery_timeout=99, name="api_calls"), "key")

        assert (gate.breaker.failure_threshold, gate.breaker.recovery_timeout) == (2, 30)
        assert plugin.gate(TWICE, "api_calls") is gate

    def test_two_guards_with_other_values_can_not_share_a_circuit(self, build):
        plugin = build()
        plugin.gate(CircuitBreakerConfig(name="shared"), "a")

        with pytest.raises(ValueError, match=r"circuit 'shared' exists with .* give both guards the same values"):
            plugin.gate(CircuitBreakerConfig(name="shared", failure_threshold=6), "b")

    def test_other_policies_are_not_its_own(self, build):
        assert build().gate(RetryConfig(), "key") is None


class TestBound:
    def test_idle_circuits_make_room(self, build):
        plugin = build(max_circuits=3)
        for number in range(100):
            plugin.gate(TWICE, f"k{number}")
        gc.collect()

        assert list(plugin.circuit_breaker_status()) == ["k97", "k98", "k99"]

    def test_the_one_asked_for_longest_ago_goes_first(self, build):
        plugin = build(max_circuits=2)
        for key in ("a", "b", "a", "c"):
            plugin.gate(TWICE, key)
        gc.collect()

        assert set(plugin.circuit_breaker_status()) == {"a", "c"}

    def test_asking_for_one_that_is_there_takes_no_room(self, build):
        plugin = build(max_circuits=2)
        for key in ("a", "b", "b"):
            plugin.gate(TWICE, key)
        gc.collect()

        assert set(plugin.circuit_breaker_status()) == {"a", "b"}

    def test_circuits_that_hold_failures_stay(self, build):
        plugin = build(max_circuits=2)
        open_up(plugin.gate(TWICE, "open"))
        for number in range(10):
            plugin.gate(TWICE, f"k{number}")

        assert plugin.circuit_breaker_status()["open"] == "open"

    def test_a_gate_that_a_guard_still_holds_is_found_again(self, build):
        plugin = build(max_circuits=1)
        held = plugin.gate(TWICE, "held")
        plugin.gate(TWICE, "other")

        assert plugin.gate(TWICE, "held") is held

    def test_without_room_the_error_says_what_to_do(self, build):
        plugin = build(max_circuits=1)
        open_up(plugin.gate(TWICE, "open"))

        with pytest.raises(PluginError, match=r"no room for circuit 'next'.*raise max_circuits"):
            plugin.gate(TWICE, "next")
        assert list(plugin.circuit_breaker_status()) == ["open"]

    def test_configured_circuits_take_no_room(self, build):
        plugin = build(max_circuits=1, one=TWICE, two=TWICE)
        plugin.gate(TWICE, "three")

        assert set(plugin.circuit_breaker_status()) == {"one", "two", "three"}


class TestStatus:
    def test_configured_circuits_are_there_from_the_start(self, build):
        assert build(api_calls=TWICE, exchange=TWICE).circuit_breaker_status() == {
            "api_calls": "closed",
            "exchange": "closed",
        }

    def test_it_follows_each_circuit(self, build, host):
        plugin = build(api_calls=TWICE)
        open_up(plugin.gate(TWICE, "api_calls"))
        plugin.gate(TWICE, "other")

        assert plugin.circuit_breaker_status() == {"api_calls": "open", "other": "closed"}
        host.clock.advance(30)
        assert plugin.circuit_breaker_status() == {"api_calls": "half_open", "other": "closed"}


def test_changes_are_published(build, host):
    gate = build().gate(TWICE, "venue")
    open_up(gate)
    host.clock.advance(30)
    gate.acquire()
    gate.release(None)

    assert [(e.kind, e.key, e.old, e.new, e.failures, e.retry_after) for e in host.published] == [
        ("breaker", "venue", "closed", "open", 2, 30),
        ("breaker", "venue", "open", "half_open", 2, None),
        ("breaker", "venue", "half_open", "closed", 2, None),
    ]


class TestRecover:
    def test_errors_that_the_application_handles_open_the_circuit_and_end_recovery(self, build, report, host):
        plugin = build(exchange=TWICE)

        assert report(plugin) is None
        answer = report(plugin)
        assert (answer.decision, answer.detail) == (Decision.RAISE, "circuit 'exchange' is open")
        host.clock.advance(29)
        assert report(plugin).decision is Decision.RAISE

    @pytest.mark.parametrize(
        ("configured", "counted"),
        [
            (["exchange__fetch_ticker", "exchange", "fetch_ticker"], "exchange.fetch_ticker"),
            (["exchange", "fetch_ticker"], "exchange"),
            (["fetch_ticker"], "fetch_ticker"),
            (["database", "create_order"], None),
        ],
    )
    def test_the_most_specific_configured_circuit_counts(self, build, report, configured, counted):
        plugin = build(**dict.fromkeys(configured, TWICE))
        report(plugin)
        report(plugin)

        opened = [name for name, state in plugin.circuit_breaker_status().items() if state == "open"]
        assert opened == ([counted] if counted else [])

    def test_a_failure_that_its_gate_has_counted_is_not_counted_again(self, build, report):
        plugin = build(exchange=TWICE)
        gate = plugin.gate(TWICE, "exchange")
        call = Call(gates=frozenset({"exchange"}), operation=Operation(kind=OperationKind.READ))

        gate.acquire()
        gate.release(ConnectionError())
        assert report(plugin, call=call) is None
        assert gate.breaker.state == "closed"
        gate.acquire()
        gate.release(ConnectionError())
        assert report(plugin, call=call).decision is Decision.RAISE

    def test_a_guarded_call_with_other_gates_counts_for_the_configured_circuit(self, build, report):
        plugin = build(exchange=TWICE)
        plugin.gate(TWICE, "own")
        call = Call(gates=frozenset({"own"}), operation=Operation(kind=OperationKind.READ))

        report(plugin, call=call)
        report(plugin, call=call)

        assert plugin.circuit_breaker_status() == {"exchange": "open", "own": "closed"}

    def test_a_gate_that_the_call_passed_and_that_is_now_open_ends_recovery(self, build, report):
        plugin = build()
        open_up(plugin.gate(TWICE, "own"))
        call = Call(gates=frozenset({"own"}), operation=Operation(kind=OperationKind.READ))

        assert report(plugin, call=call).detail == "circuit 'own' is open"

    def test_recovery_of_an_unknown_outcome_goes_on(self, build, report):
        plugin = build(exchange=TWICE)
        unknown = classified(reason=FailureReason.TIMEOUT, outcome_known=False)

        answers = [report(plugin, operation="create_order", classification=unknown) for _ in range(5)]

        assert answers == [None] * 5
        assert plugin.circuit_breaker_status() == {"exchange": "open"}

    def test_a_call_with_a_fallback_is_not_repeated_but_falls_back(self, build, report):
        plugin = build(exchange=TWICE)
        call = Call(policies=(FallbackConfig(),), operation=Operation(kind=OperationKind.READ))

        report(plugin, call=call)
        assert call.may_repeat
        assert report(plugin, call=call) is None
        assert not call.may_repeat

    @pytest.mark.parametrize(
        "reason",
        [
            FailureReason.TIMEOUT,
            FailureReason.CONNECTION_FAILED,
            FailureReason.CONNECTION_LOST,
            FailureReason.SERVER_ERROR,
            FailureReason.BAD_RESPONSE,
            FailureReason.OTHER,
        ],
    )
    def test_ill_health_counts(self, build, report, reason):
        plugin = build(exchange=TWICE)

        assert report(plugin, reason=reason) is None
        assert report(plugin, reason=reason).decision is Decision.RAISE

    @pytest.mark.parametrize(
        "reason",
        [
            FailureReason.PROGRAMMING,
            FailureReason.INSUFFICIENT_FUNDS,
            FailureReason.ORDER_REJECTED,
            FailureReason.DUPLICATE_ORDER,
            FailureReason.ORDER_NOT_FOUND,
            FailureReason.INVALID_REQUEST,
            FailureReason.REFUSED,
            FailureReason.AUTHENTICATION,
            FailureReason.PERMISSION,
            FailureReason.CLOCK_SKEW,
            FailureReason.RESOURCE_EXHAUSTED,
            FailureReason.RATE_LIMITED,
            FailureReason.BANNED,
            FailureReason.MAINTENANCE,
        ],
    )
    def test_what_says_nothing_of_health_or_names_its_own_time_neither_counts_nor_ends_recovery(
        self, build, report, reason
    ):
        plugin = build(exchange=TWICE)
        assert [report(plugin, reason=reason) for _ in range(5)] == [None] * 5
        assert plugin.circuit_breaker_status() == {"exchange": "closed"}

        report(plugin)
        report(plugin)
        assert report(plugin, reason=reason) is None

    @pytest.mark.parametrize(
        "category", [ErrorCategory.VALIDATION, ErrorCategory.CONFIGURATION, ErrorCategory.BUSINESS_LOGIC]
    )
    def test_nor_do_errors_on_our_own_side(self, build, report, category):
        plugin = build(exchange=TWICE)

        assert [report(plugin, classification=classified(category=category)) for _ in range(5)] == [None] * 5

    def test_unclassified_errors_count(self, build, report):
        plugin = build(exchange=TWICE)
        report(plugin, RuntimeError(), classification=None)

        assert report(plugin, RuntimeError(), classification=None).decision is Decision.RAISE

    def test_only_expected_exceptions_count(self, build, report):
        plugin = build(exchange=CircuitBreakerConfig(failure_threshold=2, expected_exception=TimeoutError))

        assert [report(plugin) for _ in range(3)] == [None] * 3
        report(plugin, TimeoutError())
        assert report(plugin, TimeoutError()).decision is Decision.RAISE

    def test_recovery_goes_on_once_a_trial_would_be_admitted(self, build, report, host):
        plugin = build()
        gate = plugin.gate(TWICE, "own")
        open_up(gate)
        host.clock.advance(30)
        call = Call(gates=frozenset({"own"}), operation=Operation(kind=OperationKind.READ))

        assert report(plugin, call=call) is None


def test_it_refuses_with_the_circuits_key(build):
    gate = build().gate(CircuitBreakerConfig(failure_threshold=1, name="venue:orders"), "key")
    open_up(gate)

    with pytest.raises(CircuitOpen) as refusal:
        gate.acquire()
    assert (refusal.value.key, refusal.value.retry_after) == ("venue:orders", 60)


def test_it_serves_breaker_policies():
    assert CircuitBreakerPlugin.serves == (CircuitBreakerConfig,)
