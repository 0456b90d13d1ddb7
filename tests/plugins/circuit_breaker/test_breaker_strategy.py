"""The seed's CircuitBreakerRecovery."""

from __future__ import annotations

import pytest

from recoup import Classification, ErrorCategory, ErrorSeverity, RecoveryStrategy
from recoup.testing import FakeClock
from recoup_plugins.circuit_breaker import CircuitBreakerRecovery

RETRY = {"action": "retry", "state": "closed"}


@pytest.fixture
def clock():
    return FakeClock()


def test_it_follows_the_protocol():
    strategy = CircuitBreakerRecovery()

    assert isinstance(strategy, RecoveryStrategy)
    assert strategy.max_attempts == 5
    assert CircuitBreakerRecovery(failure_threshold=7).max_attempts == 7


@pytest.mark.anyio
async def test_it_lets_recoveries_go_on_until_the_failures_mount_up(clock):
    strategy = CircuitBreakerRecovery(failure_threshold=3, recovery_timeout=60, clock=clock)

    answers = [await strategy.recover(ConnectionError(), {}) for _ in range(3)]

    assert answers == [RETRY, RETRY, False]
    assert strategy.state == "open"
    assert not strategy.can_recover(ConnectionError(), {})


@pytest.mark.anyio
async def test_after_the_recovery_time_one_more_failure_reopens_it(clock):
    strategy = CircuitBreakerRecovery(failure_threshold=2, recovery_timeout=60, clock=clock)
    await strategy.recover(ConnectionError(), {})
    await strategy.recover(ConnectionError(), {})

    clock.advance(60)
    assert strategy.state == "half_open"
    assert strategy.can_recover(ConnectionError(), {})
    assert await strategy.recover(ConnectionError(), {}) is False
    assert strategy.state == "open"


@pytest.mark.anyio
async def test_after_a_quiet_time_the_count_starts_anew(clock):
    strategy = CircuitBreakerRecovery(failure_threshold=2, recovery_timeout=60, clock=clock)
    await strategy.recover(ConnectionError(), {})
    await strategy.recover(ConnectionError(), {})

    clock.advance(120)
    assert await strategy.recover(ConnectionError(), {}) == RETRY
    clock.advance(60)
    assert await strategy.recover(ConnectionError(), {}) == RETRY
    assert await strategy.recover(ConnectionError(), {}) is False


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("operation", "outcome_known", "expected"),
    [
        ("create_order", None, False),
        ("create_order", False, False),
        ("create_order", True, RETRY),
        ("fetch_ticker", False, RETRY),
        ("tick", None, RETRY),
        ("tick", False, False),
    ],
)
async def test_a_side_effect_that_may_have_happened_is_counted_but_not_recovered(
    clock, operation, outcome_known, expected
):
    strategy = CircuitBreakerRecovery(failure_threshold=2, clock=clock)
    context = {"operation": operation}
    if outcome_known is not None:
        context["classification"] = Classification(
            severity=ErrorSeverity.MEDIUM,
            category=ErrorCategory.NETWORK,
            retryable=True,
            outcome_known=outcome_known,
        )

    assert await strategy.recover(TimeoutError(), context) == expected
    await strategy.recover(TimeoutError(), context)
    assert strategy.state == "open"


@pytest.mark.parametrize("bad", [{"failure_threshold": 0}, {"recovery_timeout": -1}])
def test_impossible_values_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        CircuitBreakerRecovery(**bad)
