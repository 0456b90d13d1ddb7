"""Holds what the application believes against what the venue says, and never trades on a difference."""

from recoup_plugins.reconciliation.plugin import ReconciliationConfig, ReconciliationPlugin

__all__ = ["ReconciliationConfig", "ReconciliationPlugin"]
