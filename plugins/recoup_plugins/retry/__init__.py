"""Repeats calls that may succeed later, with backoff."""

from recoup_plugins.retry.backoff import Backoff
from recoup_plugins.retry.budget import Budget, BudgetRegistry
from recoup_plugins.retry.plugin import RetryPlugin, RetrySettings
from recoup_plugins.retry.policy import RetryPolicy, StandingRetryPolicy
from recoup_plugins.retry.series import Series
from recoup_plugins.retry.strategy import RetryRecovery

__all__ = [
    "Backoff",
    "Budget",
    "BudgetRegistry",
    "RetryPlugin",
    "RetryPolicy",
    "RetryRecovery",
    "RetrySettings",
    "Series",
    "StandingRetryPolicy",
]
