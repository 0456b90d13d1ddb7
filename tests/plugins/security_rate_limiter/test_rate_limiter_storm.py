"""A storm of errors through the handler: handled up to the budget, the rest summed up, and told as a flood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from recoup import Config, ErrorHandler, SuppressionEvent, ThreatEvent, hookimpl
from recoup.config.models import ErrorHandlingConfig, SecurityConfig
from recoup.testing import FakeClock
from recoup_plugins.security_rate_limiter import SecurityRateLimiterPlugin
from recoup_plugins.security_sanitizer import SecuritySanitizerPlugin

if TYPE_CHECKING:
    from recoup.host import Host
    from recoup_plugins.security_rate_limiter import SecurityRateLimiterConfig

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]


class Quiet:
    """Observes, and leaves sanitizing to others."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    @hookimpl
    def monitor(self, event: object) -> None:
        self._observer.events.append(event)


class Observer:
    def __init__(self) -> None:
        self.events: list[object] = []

    @hookimpl
    def monitor(self, event: object) -> None:
        self.events.append(event)

    @hookimpl
    def sanitize(self, payload: object) -> object:
        return payload  # there is nothing secret in these storms, and the real one takes half a second to build

    def of(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def observer() -> Observer:
    return Observer()


@pytest.fixture
def handler(clock: FakeClock, observer: Observer) -> ErrorHandler:
    security = SecurityConfig(max_errors_per_minute=20)
    return ErrorHandler(
        Config(error_handling=ErrorHandlingConfig(security=security)),
        clock=clock,
        discover=False,
        plugins={
            "security_rate_limiter": SecurityRateLimiterPlugin,
            "observer": observer,
        },
    )


async def storm(handler: ErrorHandler, errors: int, operation: str = "fetch_ticker") -> int:
    limited = 0
    for _ in range(errors):
        error = ValueError("no such symbol")
        outcome = await handler.process(error, handler.create_error_context(error, "exchange", operation))
        limited += outcome.limited is not None
    return limited


async def test_what_is_not_handled_is_summed_up_with_the_next_error(
    handler: ErrorHandler, clock: FakeClock, observer: Observer
) -> None:
    assert await storm(handler, 120) == 100
    assert observer.of(SuppressionEvent) == []
    clock.advance(60.0)
    await storm(handler, 1)
    assert [event.count for event in observer.of(SuppressionEvent)] == [100]


async def test_a_storm_that_ends_is_summed_up_at_the_latest_on_close(handler: ErrorHandler, observer: Observer) -> None:
    async with handler:
        await storm(handler, 120)
        await storm(handler, 50, "fetch_balance")
    assert {event.operation: event.count for event in observer.of(SuppressionEvent)} == {
        "fetch_ticker": 100,
        "fetch_balance": 30,
    }


async def test_no_error_is_dropped_in_silence(handler: ErrorHandler, clock: FakeClock, observer: Observer) -> None:
    handled = 0
    async with handler:
        for _ in range(30):
            handled += 40 - await storm(handler, 40)
            clock.advance(7.0)
    assert handled + sum(event.count for event in observer.of(SuppressionEvent)) == 30 * 40


async def test_ten_times_the_budget_is_told_as_a_flood_once(handler: ErrorHandler, observer: Observer) -> None:
    await storm(handler, 199)
    assert observer.of(ThreatEvent) == []
    await storm(handler, 200)
    (threat,) = observer.of(ThreatEvent)
    assert (threat.threat, threat.component, threat.operation) == ("error_flood", "exchange", "fetch_ticker")
    assert threat.evidence["errors"] == 200


async def test_an_ordinary_storm_is_no_attack(handler: ErrorHandler, clock: FakeClock, observer: Observer) -> None:
    for _ in range(60):
        await storm(handler, 3)
        clock.advance(1.0)
    assert observer.of(ThreatEvent) == []


async def test_whoever_observes_a_threat_sees_no_address_at_the_default_level(
    clock: FakeClock, observer: Observer
) -> None:
    made: list[SecurityRateLimiterPlugin] = []

    class Kept(SecurityRateLimiterPlugin):
        def __init__(self, config: SecurityRateLimiterConfig, host: Host) -> None:
            super().__init__(config, host)
            made.append(self)

    plugins = {"security_rate_limiter": Kept, "security_sanitizer": SecuritySanitizerPlugin, "quiet": Quiet(observer)}
    async with ErrorHandler(Config(), clock=clock, discover=False, plugins=plugins):
        (plugin,) = made
        for number in range(100):
            await plugin.limiter.record_failure("web", "login", "203.0.113.77", account=f"name-{number}")
    events = observer.of(ThreatEvent)
    assert {event.threat for event in events} == {"credential_stuffing"}
    assert len(events) == 1 + len({event.severity for event in events} - {events[0].severity})
    assert "203.0.113" not in repr(events)
    (finding, *_) = plugin.limiter.threats()
    assert finding.source == "203.0.113.77"
