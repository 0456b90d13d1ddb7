"""The seed's FallbackRecovery."""

from __future__ import annotations

import anyio.lowlevel
import pytest

from recoup import Classification, ErrorCategory, ErrorSeverity, RecoveryStrategy
from recoup_plugins.fallback import FallbackRecovery


def test_it_follows_the_protocol():
    assert isinstance(FallbackRecovery([]), RecoveryStrategy)
    assert FallbackRecovery([]).max_attempts == 3


@pytest.mark.anyio
async def test_a_value_stands_in_as_it_is():
    value = ["cached"]

    assert await FallbackRecovery(value).recover(ConnectionError(), {}) is value


@pytest.mark.anyio
async def test_a_function_is_called_with_error_and_context():
    error, context = ConnectionError(), {"operation": "fetch_ticker"}

    assert await FallbackRecovery(lambda *args: args).recover(error, context) == (error, context)


@pytest.mark.anyio
async def test_a_coroutine_function_is_awaited():
    async def other_venue(error, context):
        await anyio.lowlevel.checkpoint()
        return context["symbol"]

    assert await FallbackRecovery(other_venue).recover(ConnectionError(), {"symbol": "BTC/USDT"}) == "BTC/USDT"


@pytest.mark.anyio
async def test_its_failure_comes_out():
    def broken(error, context):
        raise LookupError("no other venue")

    with pytest.raises(LookupError, match="no other venue"):
        await FallbackRecovery(broken).recover(ConnectionError(), {})


def test_it_recovers_as_often_as_max_attempts_says():
    strategy = FallbackRecovery(None, max_attempts=2)

    assert [strategy.can_recover(OSError(), {"recovery_attempts": n}) for n in range(3)] == [True, True, False]
    assert strategy.can_recover(OSError(), {})


@pytest.mark.parametrize(
    ("operation", "outcome_known", "expected"),
    [
        ("create_order", False, False),
        ("create_order", True, True),
        ("fetch_ticker", False, True),
        ("cancel_order", False, True),
    ],
)
def test_nothing_stands_in_for_a_side_effect_that_may_have_happened(operation, outcome_known, expected):
    classification = Classification(
        severity=ErrorSeverity.MEDIUM,
        category=ErrorCategory.NETWORK,
        retryable=True,
        outcome_known=outcome_known,
    )
    context = {"operation": operation, "classification": classification}

    assert FallbackRecovery(None).can_recover(TimeoutError(), context) is expected


@pytest.mark.parametrize(("operation", "expected"), [("create_order", False), ("edit_order", False), ("tick", True)])
def test_unclassified_an_order_may_have_been_sent(operation, expected):
    assert FallbackRecovery(None).can_recover(TimeoutError(), {"operation": operation}) is expected


def test_no_attempts_at_all_are_refused():
    with pytest.raises(ValueError, match="max_attempts"):
        FallbackRecovery(None, max_attempts=0)
