"""Keeps outgoing calls within limits, by the generic cell rate algorithm."""

from recoup_plugins.rate_limit.config import Counted, RateLimitConfig
from recoup_plugins.rate_limit.gate import RateLimitGate
from recoup_plugins.rate_limit.headers import Usage, usages
from recoup_plugins.rate_limit.limiter import KeyedLimiter
from recoup_plugins.rate_limit.plugin import RateLimitPlugin, RateLimitSettings

__all__ = [
    "Counted",
    "KeyedLimiter",
    "RateLimitConfig",
    "RateLimitGate",
    "RateLimitPlugin",
    "RateLimitSettings",
    "Usage",
    "usages",
]
