"""Repeats calls that may succeed later, with backoff."""

from recoup_plugins.retry.backoff import Backoff
from recoup_plugins.retry.plugin import RetryPlugin
from recoup_plugins.retry.strategy import RetryRecovery

__all__ = ["Backoff", "RetryPlugin", "RetryRecovery"]
