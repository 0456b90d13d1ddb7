"""The seed's configuration, as it stands: every value in it takes effect through the installed plugins."""

from random import Random

import pytest

from recoup import (
    Config,
    ErrorEvent,
    ErrorHandler,
    ErrorSeverity,
    EscalationEvent,
    SuppressionEvent,
    hookimpl,
    with_circuit_breaker,
    with_retry,
)
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio

SEED = """
error_handling:
  severity_levels:
    critical:
      escalate: true
      notify: ["discord", "email", "sms"]
    high:
      escalate: true
      notify: ["discord", "email"]

  retry_policies:
    network_errors:
      max_attempts: 5
      base_delay: 1
      max_delay: 60
      backoff_strategy: "exponential"

  circuit_breakers:
    api_calls:
      failure_threshold: 5
      recovery_timeout: 30

  security:
    sanitization_level: "HIGH"  # LOW/MEDIUM/HIGH/CRITICAL
    rate_limiting: true
    max_errors_per_minute: 100
"""


class Witness:
    def __init__(self):
        self.events = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture
def handler(clock, witness):
    return ErrorHandler(Config.from_yaml(SEED), clock=clock, random=Random(0), plugins={"witness": witness})


async def handle(handler, error, component="exchange", operation="fetch_ticker", **kwargs):
    return await handler.process(error, handler.create_error_context(error, component, operation, **kwargs))


@pytest.mark.parametrize(
    ("error", "severity", "notify"),
    [
        (MemoryError("out of memory"), ErrorSeverity.CRITICAL, ("discord", "email", "sms")),
        (ImportError("no such module"), ErrorSeverity.HIGH, ("discord", "email")),
    ],
)
async def test_severities_escalate_to_their_channels(handler, witness, error, severity, notify):
    outcome = await handle(handler, error)

    (escalation,) = witness.of(EscalationEvent)
    assert outcome.escalated
    assert (escalation.severity, escalation.notify) == (severity, notify)


async def test_what_is_not_listed_is_not_escalated(handler, witness):
    assert not (await handle(handler, ValueError("a bad value"))).escalated
    assert witness.of(EscalationEvent) == []


async def test_network_errors_are_called_five_times_with_doubling_delays(handler, clock):
    calls = []

    @with_retry(max_retries=4, base_delay=1, max_delay=60, handler=handler)
    async def by_decorator():
        calls.append("decorator")
        raise ConnectionResetError("reset")

    with pytest.raises(ConnectionResetError):
        await by_decorator()

    async def fetch_ticker():
        calls.append("configuration")
        raise ConnectionResetError("reset")

    from recoup import guard

    with pytest.raises(ConnectionResetError):
        await guard(handler=handler).call(fetch_ticker)

    assert calls.count("decorator") == calls.count("configuration") == 5
    assert clock.sleeps == [1.0, 2.0, 4.0, 8.0] * 2
    assert handler.get_retry_policy("network_errors") | {"jitter": None, "exponential_base": None} == {
        "max_attempts": 5,
        "base_delay": 1,
        "max_delay": 60,
        "backoff_strategy": "exponential",
        "jitter": None,
        "exponential_base": None,
    }
    assert handler.get_retry_policy("ConnectionResetError")["max_attempts"] == 5


async def test_the_circuit_opens_after_five_failures_for_thirty_seconds(handler, clock):
    assert handler.get_circuit_breaker_status() == {"api_calls": "closed"}
    for _ in range(5):
        await handle(handler, ConnectionResetError("reset"), component="api_calls")
    assert handler.get_circuit_breaker_status() == {"api_calls": "open"}

    clock.advance(29.9)
    assert handler.get_circuit_breaker_status() == {"api_calls": "open"}
    clock.advance(0.1)
    assert handler.get_circuit_breaker_status() == {"api_calls": "half_open"}


async def test_a_decorator_that_names_the_circuit_shares_it(handler):
    from recoup import CircuitOpen

    @with_circuit_breaker(name="api_calls", handler=handler)
    async def call():
        return "through"

    assert await call() == "through"
    for _ in range(5):
        await handle(handler, ConnectionResetError("reset"), component="api_calls")
    with pytest.raises(CircuitOpen) as refused:
        await call()
    assert refused.value.key == "api_calls"
    assert refused.value.retry_after == pytest.approx(30)


async def test_events_are_sanitized_at_high(handler, witness):
    await handle(handler, ValueError("login from 192.0.2.7 failed"), user_id="alice", amount="1.5")

    (event,) = witness.of(ErrorEvent)
    assert "192.0.2.7" not in event.message
    assert event.user_id != "alice"
    assert event.details["amount"] == "1.5"  # hidden at CRITICAL only


async def test_the_hundred_and_first_error_of_a_minute_is_suppressed_and_summarised(handler, witness, clock):
    outcomes = [await handle(handler, ValueError("bad")) for _ in range(101)]

    assert [outcome.limited is None for outcome in outcomes] == [True] * 100 + [False]
    assert len(witness.of(ErrorEvent)) == 100
    assert not outcomes[-1].handled
    assert outcomes[-1].limited.retry_after > 0

    clock.advance(60)
    assert (await handle(handler, ValueError("bad"))).limited is None
    assert [event.count for event in witness.of(SuppressionEvent)] == [1]


async def test_rate_limiting_can_be_turned_off(clock, witness):
    config = Config.from_yaml(SEED.replace("rate_limiting: true", "rate_limiting: false"))
    handler = ErrorHandler(config, clock=clock, plugins={"witness": witness})

    for _ in range(150):
        await handle(handler, ValueError("bad"))

    assert len(witness.of(ErrorEvent)) == 150
