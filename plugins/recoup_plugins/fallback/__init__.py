"""Gives a stand-in for the result of a call that has failed for good."""

from recoup_plugins.fallback.plugin import FallbackPlugin
from recoup_plugins.fallback.strategy import FallbackRecovery

__all__ = ["FallbackPlugin", "FallbackRecovery"]
