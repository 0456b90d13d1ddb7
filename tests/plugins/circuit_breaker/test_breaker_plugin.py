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
    Place,
    PluginError,
    Scope,
    Trait,
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
    while gate.state != "open":
        gate.release(gate.acquire(), ConnectionError())


class TestGate:
    def test_it_goes_by_the_configs_name_else_by_the_key(self, build):
        plugin = build()
        named = CircuitBreakerConfig(name="shared")

        assert plugin.policy(named, Scope(key="a")).key == "shared"
        assert plugin.policy(named, Scope(key="b")) is plugin.policy(named, Scope(key="a"))
        assert plugin.policy(TWICE, Scope(key="a")).key == "a"
        assert plugin.policy(TWICE, Scope(key="a")) is plugin.policy(TWICE, Scope(key="a"))
        assert plugin.policy(TWICE, Scope(key="a")) is not plugin.policy(TWICE, Scope(key="b"))

    def test_the_configuration_file_wins(self, build):
        plugin = build(api_calls=TWICE)

        gate = plugin.policy(
            CircuitBreakerConfig(failure_threshold=99, recovery_timeout=99, name="api_calls"), Scope(key="key")
        )

        assert (gate.config.failure_threshold, gate.config.recovery_timeout) == (2, 30)
        assert plugin.policy(TWICE, Scope(key="api_calls")) is gate

    def test_asking_with_other_values_keeps_what_is_counted(self, build):
        plugin = build()
        gate = plugin.policy(CircuitBreakerConfig(name="shared", failure_threshold=3), Scope(key="a"))
        gate.release(gate.acquire(), ConnectionError())

        changed = CircuitBreakerConfig(name="shared", failure_threshold=2)
        assert plugin.policy(changed, Scope(key="b")) is gate
        assert gate.config is changed
        gate.release(gate.acquire(), ConnectionError())
        assert gate.state == "open"

    def test_asking_with_other_values_leaves_an_open_circuit_open(self, build, host):
        plugin = build()
        gate = plugin.policy(TWICE, Scope(key="a"))
        open_up(gate)
        plugin.policy(CircuitBreakerConfig(failure_threshold=9, recovery_timeout=1), Scope(key="a"))

        host.clock.advance(29)
        assert gate.state == "open"
        host.clock.advance(1)
        gate.release(gate.acquire(), ConnectionError())
        host.clock.advance(1)
        assert gate.state == "half_open"

    def test_it_stands_within_the_retry_and_judges(self, build):
        placing = build().placing(TWICE)

        assert (placing.place, placing.traits) == (Place.CIRCUIT_BREAKER, Trait.JUDGES)


class TestBound:
    def test_idle_circuits_make_room(self, build):
        plugin = build(max_circuits=3)
        for number in range(100):
            plugin.policy(TWICE, Scope(key=f"k{number}"))
        gc.collect()

        assert list(plugin.circuit_breaker_status()) == ["k97", "k98", "k99"]

    def test_the_one_asked_for_longest_ago_goes_first(self, build):
        plugin = build(max_circuits=2)
        for key in ("a", "b", "a", "c"):
            plugin.policy(TWICE, Scope(key=key))
        gc.collect()

        assert set(plugin.circuit_breaker_status()) == {"a", "c"}

    def test_asking_for_one_that_is_there_takes_no_room(self, build):
        plugin = build(max_circuits=2)
        for key in ("a", "b", "b"):
            plugin.policy(TWICE, Scope(key=key))
        gc.collect()

        assert set(plugin.circuit_breaker_status()) == {"a", "b"}

    def test_circuits_that_hold_failures_stay(self, build):
        plugin = build(max_circuits=2)
        open_up(plugin.policy(TWICE, Scope(key="open")))
        for number in range(10):
            plugin.policy(TWICE, Scope(key=f"k{number}"))

        assert plugin.circuit_breaker_status()["open"] == "open"

    def test_a_gate_that_a_guard_still_holds_is_found_again(self, build):
        plugin = build(max_circuits=1)
        held = plugin.policy(TWICE, Scope(key="held"))
        plugin.policy(TWICE, Scope(key="other"))

        assert plugin.policy(TWICE, Scope(key="held")) is held

    def test_without_room_the_error_says_what_to_do(self, build):
        plugin = build(max_circuits=1)
        open_up(plugin.policy(TWICE, Scope(key="open")))

        with pytest.raises(PluginError, match=r"no room for circuit 'next'.*raise max_circuits"):
            plugin.policy(TWICE, Scope(key="next"))
        assert list(plugin.circuit_breaker_status()) == ["open"]

    def test_configured_circuits_take_no_room(self, build):
        plugin = build(max_circuits=1, one=TWICE, two=TWICE)
        plugin.policy(TWICE, Scope(key="three"))

        assert set(plugin.circuit_breaker_status()) == {"one", "two", "three"}


class TestStatus:
    def test_configured_circuits_are_there_from_the_start(self, build):
        assert build(api_calls=TWICE, exchange=TWICE).circuit_breaker_status() == {
            "api_calls": "closed",
            "exchange": "closed",
        }

    def test_it_follows_each_circuit(self, build, host):
        plugin = build(api_calls=TWICE)
        open_up(plugin.policy(TWICE, Scope(key="api_calls")))
        plugin.policy(TWICE, Scope(key="other"))

        assert plugin.circuit_breaker_status() == {"api_calls": "open", "other": "closed"}
        host.clock.advance(30)
        assert plugin.circuit_breaker_status() == {"api_calls": "half_open", "other": "closed"}


def test_changes_are_published(build, host):
    gate = build().policy(TWICE, Scope(key="venue"))
    open_up(gate)
    host.clock.advance(30)
    gate.release(gate.acquire(), None)

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
        gate = plugin.policy(TWICE, Scope(key="exchange"))
        call = Call(gates=frozenset({"exchange"}), operation=Operation(kind=OperationKind.READ))

        gate.release(gate.acquire(), ConnectionError())
        assert report(plugin, call=call) is None
        assert gate.state == "closed"
        gate.release(gate.acquire(), ConnectionError())
        assert report(plugin, call=call).decision is Decision.RAISE

    def test_a_guarded_call_with_other_gates_counts_for_the_configured_circuit(self, build, report):
        plugin = build(exchange=TWICE)
        plugin.policy(TWICE, Scope(key="own"))
        call = Call(gates=frozenset({"own"}), operation=Operation(kind=OperationKind.READ))

        report(plugin, call=call)
        report(plugin, call=call)

        assert plugin.circuit_breaker_status() == {"exchange": "open", "own": "closed"}

    def test_a_gate_that_the_call_passed_and_that_is_now_open_ends_recovery(self, build, report):
        plugin = build()
        open_up(plugin.policy(TWICE, Scope(key="own")))
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
        gate = plugin.policy(TWICE, Scope(key="own"))
        open_up(gate)
        host.clock.advance(30)
        call = Call(gates=frozenset({"own"}), operation=Operation(kind=OperationKind.READ))

        assert report(plugin, call=call) is None


def test_it_refuses_with_the_circuits_key(build):
    gate = build().policy(CircuitBreakerConfig(failure_threshold=1, name="venue:orders"), Scope(key="key"))
    open_up(gate)

    with pytest.raises(CircuitOpen) as refusal:
        gate.acquire()
    assert (refusal.value.key, refusal.value.retry_after) == ("venue:orders", 60)


def test_it_serves_breaker_policies():
    assert CircuitBreakerPlugin.serves == (CircuitBreakerConfig,)
