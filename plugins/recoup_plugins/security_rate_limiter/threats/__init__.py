"""Threat detection: what looks like an attack, told from what honest users do."""

from recoup_plugins.security_rate_limiter.threats.attempts import Attempt
from recoup_plugins.security_rate_limiter.threats.config import ThreatDetection
from recoup_plugins.security_rate_limiter.threats.watch import Slips, ThreatWatch

__all__ = ["Attempt", "Slips", "ThreatDetection", "ThreatWatch"]
