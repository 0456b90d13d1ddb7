"""The seed's RetryRecovery."""

from __future__ import annotations

import inspect
import json
from itertools import product

import anyio
import attrs
import pytest

from recoup import Classification, ErrorCategory, ErrorSeverity, RecoveryStrategy
from recoup.testing import FakeClock
from recoup_plugins.retry import RetryRecovery


def classified(**kwargs) -> Classification:
    fields = {"severity": ErrorSeverity.MEDIUM, "category": ErrorCategory.NETWORK, "retryable": True}
    return Classification(**(fields | kwargs))


def test_it_has_the_seeds_signature_and_protocol():
    parameters = inspect.signature(RetryRecovery).parameters
    positional = {name: p.default for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD}

    assert positional == {"max_attempts": 3, "base_delay": 1.0, "max_delay": 60.0, "exponential_base": 2.0}
    assert isinstance(RetryRecovery(), RecoveryStrategy)


@pytest.mark.anyio
async def test_it_waits_ever_longer_and_says_so():
    clock = FakeClock()
    strategy = RetryRecovery(max_attempts=4, base_delay=2, max_delay=7, clock=clock)

    answers = [await strategy.recover(ConnectionError(), {"recovery_attempts": n}) for n in range(4)]

    assert answers == [
        {"action": "retry", "delay": 2.0, "attempt": 1},
        {"action": "retry", "delay": 4.0, "attempt": 2},
        {"action": "retry", "delay": 7.0, "attempt": 3},
        {"action": "retry", "delay": 7.0, "attempt": 4},
    ]
    assert clock.sleeps == [2, 4, 7, 7]


@pytest.mark.anyio
async def test_cancellation_passes_through_the_wait():
    strategy = RetryRecovery(clock=FakeClock(auto_advance=False))

    with anyio.move_on_after(0.01) as scope:
        await strategy.recover(ConnectionError(), {})

    assert scope.cancelled_caught


def test_it_recovers_as_often_as_max_attempts_says():
    strategy = RetryRecovery(max_attempts=2)

    assert [strategy.can_recover(TimeoutError(), {"recovery_attempts": n}) for n in range(4)] == [
        True,
        True,
        False,
        False,
    ]
    assert strategy.can_recover(TimeoutError(), {})


@pytest.mark.parametrize(
    "error",
    [TypeError(), KeyError("k"), IndexError(), AttributeError(), NameError(), ZeroDivisionError(), ValueError()],
)
def test_unclassified_defects_are_not_repeated(error):
    assert not RetryRecovery().can_recover(error, {"recovery_attempts": 0})


@pytest.mark.parametrize(
    "error", [ConnectionError(), TimeoutError(), OSError(), RuntimeError(), json.JSONDecodeError("cut off", "", 0)]
)
def test_other_unclassified_errors_are_repeated(error):
    assert RetryRecovery().can_recover(error, {"recovery_attempts": 0})


@pytest.mark.parametrize(
    ("retryable", "outcome_known", "operation"),
    list(product([True, False], [True, False], ["fetch_ticker", "create_order"])),
)
def test_a_classification_decides_over_the_type(retryable, outcome_known, operation):
    context = {
        "classification": classified(retryable=retryable, outcome_known=outcome_known),
        "operation": operation,
    }

    expected = retryable and (outcome_known or operation == "fetch_ticker")
    assert RetryRecovery().can_recover(KeyError("k"), context) is expected


@pytest.mark.parametrize(
    ("operation", "expected"),
    [("create_order", False), ("editOrder", False), ("fetch_ticker", True), ("cancel_order", True), ("tick", True)],
)
def test_unclassified_an_order_may_have_been_sent(operation, expected):
    assert RetryRecovery().can_recover(TimeoutError(), {"operation": operation}) is expected


@pytest.mark.parametrize("attempts", [-1, "2", None, True, 1.0])
def test_a_count_that_is_none_is_refused(attempts):
    with pytest.raises(ValueError, match="recovery_attempts"):
        RetryRecovery().can_recover(TimeoutError(), {"recovery_attempts": attempts})


@pytest.mark.parametrize("bad", [{"max_attempts": 0}, {"base_delay": -1}, {"max_delay": -1}, {"exponential_base": 0}])
def test_impossible_values_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        RetryRecovery(**bad)


def test_it_is_immutable():
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        RetryRecovery().max_attempts = 9
