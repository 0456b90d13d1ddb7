"""Rate limits that see an attack: per operation, per address and its networks, with delays that grow with failures."""

from recoup_plugins.security_rate_limiter.config import FailureDelays, SecurityRateLimiterConfig
from recoup_plugins.security_rate_limiter.gcra import Limit
from recoup_plugins.security_rate_limiter.limiter import SecurityRateLimiter
from recoup_plugins.security_rate_limiter.plugin import SecurityRateLimiterPlugin

__all__ = [
    "FailureDelays",
    "Limit",
    "SecurityRateLimiter",
    "SecurityRateLimiterConfig",
    "SecurityRateLimiterPlugin",
]
