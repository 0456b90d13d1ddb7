"""Rate limits that see an attack: per operation, per address and its networks, and what looks like an attack."""

from recoup_plugins.security_rate_limiter.config import FailureDelays, SecurityRateLimiterConfig
from recoup_plugins.security_rate_limiter.gcra import Limit
from recoup_plugins.security_rate_limiter.limiter import SecurityRateLimiter
from recoup_plugins.security_rate_limiter.plugin import SecurityRateLimiterPlugin
from recoup_plugins.security_rate_limiter.threats import ThreatDetection

__all__ = [
    "FailureDelays",
    "Limit",
    "SecurityRateLimiter",
    "SecurityRateLimiterConfig",
    "SecurityRateLimiterPlugin",
    "ThreatDetection",
]
