"""SecurityRateLimiterPlugin: errors against max_errors_per_minute, requests against the limiter."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from recoup.config.models import Config, ErrorHandlingConfig, SecurityConfig
from recoup_plugins.security_rate_limiter import Limit, SecurityRateLimiterConfig, SecurityRateLimiterPlugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recoup.host import Host
    from recoup.testing import FakeClock


@pytest.fixture
def plugin(make_host: Callable[..., Host], clock: FakeClock) -> SecurityRateLimiterPlugin:
    config = Config(error_handling=ErrorHandlingConfig(security=SecurityConfig(max_errors_per_minute=100)))
    host = make_host(config=config, clock=clock)
    return SecurityRateLimiterPlugin(SecurityRateLimiterConfig(per_address=Limit(count=2, per=60.0)), host)


@pytest.fixture
def clock() -> FakeClock:
    from recoup.testing import FakeClock

    return FakeClock()


def test_it_refuses_where_it_fails() -> None:
    assert SecurityRateLimiterPlugin.on_failure == "deny"
    assert SecurityRateLimiterPlugin.Config is SecurityRateLimiterConfig


def test_the_hundred_and_first_error_is_refused_with_a_reason_and_a_time(plugin: SecurityRateLimiterPlugin) -> None:
    answers = [plugin.rate_limit("exchange", "create_order", None) for _ in range(101)]
    assert [answer.allowed for answer in answers if answer is not None] == [True] * 100 + [False]
    assert answers[100] is not None
    assert answers[100].retry_after == 60.0
    assert answers[100].reason == "max_errors_per_minute: 100 for one component and operation"


def test_there_is_room_again_as_errors_leave_the_minute(plugin: SecurityRateLimiterPlugin, clock: FakeClock) -> None:
    for _ in range(100):
        plugin.rate_limit("exchange", "create_order", None)
        clock.advance(0.5)
    seen = []
    for _ in range(3):
        clock.advance(0.5 if seen else 10.0)
        pair = [plugin.rate_limit("exchange", "create_order", None) for _ in range(2)]
        seen += [answer.allowed for answer in pair if answer is not None]
    assert seen == [True, False] * 3


def test_each_operation_has_its_own_allowance(plugin: SecurityRateLimiterPlugin) -> None:
    for _ in range(150):
        plugin.rate_limit("exchange", "create_order", None)
    for pair in (("exchange", "cancel_order"), ("database", "create_order")):
        answer = plugin.rate_limit(*pair, None)
        assert answer is not None
        assert answer.allowed


def test_a_request_with_an_address_goes_to_the_limiter_and_is_no_error(plugin: SecurityRateLimiterPlugin) -> None:
    answers = [plugin.rate_limit("trading", "place_order", "192.0.2.1") for _ in range(3)]
    assert [answer.allowed for answer in answers if answer is not None] == [True, True, False]
    assert plugin.limiter.decide("trading", "place_order", "192.0.2.1").allowed is False
    errors = [plugin.rate_limit("trading", "place_order", None) for _ in range(100)]
    assert all(answer is not None and answer.allowed for answer in errors)


def test_errors_do_not_use_up_the_applications_own_operations(plugin: SecurityRateLimiterPlugin) -> None:
    for _ in range(100):
        plugin.rate_limit("trading", "place_order", None)
    assert plugin.limiter.decide("trading", "place_order").allowed


@pytest.fixture
def often_switching() -> Iterator[None]:
    """Threads change as often as they can, so that a missing lock shows."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("often_switching")
def test_eight_threads_are_counted_exactly(make_host: Callable[..., Host]) -> None:
    security = SecurityConfig(max_errors_per_minute=20_000)
    host = make_host(config=Config(error_handling=ErrorHandlingConfig(security=security)))
    plugin = SecurityRateLimiterPlugin(SecurityRateLimiterConfig(), host)
    allowed: list[int] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        answers = [plugin.rate_limit("exchange", "create_order", None) for _ in range(3_000)]
        allowed.append(sum(answer.allowed for answer in answers if answer is not None))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 20_000


def test_its_section_is_read_from_plain_data(make_host: Callable[..., Host]) -> None:
    from recoup.config.structure import structure

    section = {
        "limits": {"trading": {"count": 3, "per": 60.0}},
        "per_site": {"count": 5, "per": 1.0, "burst": 9},
        "allow": ["10.0.0.0/8"],
        "failures": {"free": 1, "base_delay": 2.0, "max_delay": 8.0},
    }
    config = structure(section, SecurityRateLimiterConfig)
    plugin = SecurityRateLimiterPlugin(config, make_host())
    assert config.limits == {"trading": Limit(count=3, per=60.0)}
    assert (config.per_site.burst, config.failures.max_delay, config.allow) == (9, 8.0, ("10.0.0.0/8",))
    assert [plugin.limiter.decide("trading", "x", "10.0.0.1").allowed for _ in range(4)] == [True, True, True, False]
