"""What a retry configuration comes to: which failures are worth a repetition, and after how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from recoup import ErrorCategory, FailureReason, Refused
from recoup_plugins.retry.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recoup import Classification, RetryConfig
    from recoup_plugins.retry.budget import Budget

_PERMANENT_CATEGORIES = frozenset({ErrorCategory.VALIDATION, ErrorCategory.CONFIGURATION, ErrorCategory.BUSINESS_LOGIC})


@frozen(eq=False)
class Terms:
    """One retry configuration at work. Immutable.

    Attributes:
        config: the configuration.
        backoff: its delays.
        budget: what repetitions are paid from, or None.
        wished: whether the application asked for these very repetitions; then failures that nobody knows are repeated
            too, and known ones where it named the exception.
        waits: whether there is a delay to be computed at all.
        is_plain: whether an error that is known to be worth it needs no further question.
    """

    config: RetryConfig
    backoff: Backoff
    budget: Budget | None
    wished: bool
    waits: bool
    is_plain: bool

    @classmethod
    def of(cls, config: RetryConfig, budget: Budget | None, *, wished: bool) -> Terms:
        """Read a configuration."""
        return cls(config, Backoff.from_config(config), budget, wished, config.base_delay > 0, config.retry_if is None)

    def accept(self, error: Exception, verdict: Classification) -> bool:
        """Say whether one of the configuration's ``exceptions`` is worth a repetition.

        Raises:
            Exception: what the configuration's ``retry_if`` raises.
        """
        config = self.config
        if config.retry_if is not None and not config.retry_if(error):
            return False
        if verdict.retryable:
            return True
        return self.wished and (config.names_exceptions or not _is_known_permanent(error, verdict))


def configured_name(error: Exception, verdict: Classification, policies: Mapping[str, RetryConfig]) -> str | None:
    """Return the first name in ``retry_policies`` for an error: its class and bases, its category, ``default``."""
    category = verdict.category.value
    names = [base.__name__ for base in type(error).__mro__]
    return next((name for name in (*names, f"{category}_errors", category, "default") if name in policies), None)


def _is_known_permanent(error: Exception, verdict: Classification) -> bool:
    """Whether a plugin recognised the error, and not merely failed to; a refusal needs no plugin for that."""
    recognised = verdict.reason is not FailureReason.OTHER or isinstance(error, Refused)
    return recognised or verdict.category in _PERMANENT_CATEGORIES
