"""The plugin around the limiter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recoup import hookimpl
from recoup_plugins.security_rate_limiter.config import SecurityRateLimiterConfig
from recoup_plugins.security_rate_limiter.error_budget import ErrorBudget
from recoup_plugins.security_rate_limiter.limiter import SecurityRateLimiter

if TYPE_CHECKING:
    from recoup.events import RateLimitDecision
    from recoup.host import Host


class SecurityRateLimiterPlugin:
    """Answers ``rate_limit``. Thread-safe and task-safe.

    Two things are counted apart, since a burst of errors says nothing of how fast an application works. Without an IP
    address a call is an error that the handler asks about: it counts against ``max_errors_per_minute`` of its
    component and operation. With one it is a request from outside: it counts against the limits of the operation, the
    address and its networks. For its own operations an application asks ``limiter`` directly.

    What looks like an attack is published as a :class:`recoup.ThreatEvent`; ten times ``max_errors_per_minute`` in a
    minute is a flood. ``limiter.threats()`` gives the attacks that are going on.

    A limiter that fails refuses: ``on_failure`` is ``deny``, unless the configuration says otherwise.

    Args:
        config: limits, lists and bounds.
        host: gives the clock and ``error_handling.security``.

    Attributes:
        limiter: the limiter, for application code to ask and to tell of failures and successes.

    Raises:
        ValueError: a name of a limit or a network on a list is malformed.
    """

    Config: ClassVar[type[SecurityRateLimiterConfig]] = SecurityRateLimiterConfig
    on_failure: ClassVar[str] = "deny"

    def __init__(self, config: SecurityRateLimiterConfig, host: Host) -> None:
        self.limiter = SecurityRateLimiter(config=config, clock=host.clock, publish=host.publish)
        self._budget = host.config.error_handling.security.max_errors_per_minute
        self._errors = ErrorBudget(self._budget, host.clock)

    @hookimpl
    def rate_limit(self, component: str, operation: str, ip_address: str | None) -> RateLimitDecision | None:
        """Answer for an error where there is no address, otherwise for a request from it."""
        if ip_address is None:
            self.limiter.record_error(component, operation, self._budget)
            return self._errors.decide(component, operation)
        return self.limiter.decide(component, operation, ip_address)
