"""The ``retry`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recoup import UNCLASSIFIED, ErrorCategory, FailureReason, Recovery, Refused, RetryConfig, hookimpl
from recoup_plugins.retry.backoff import Backoff

if TYPE_CHECKING:
    from recoup import Classification, ErrorContext, Host

_DEFAULT = RetryConfig()
_PERMANENT_CATEGORIES = frozenset({ErrorCategory.VALIDATION, ErrorCategory.CONFIGURATION, ErrorCategory.BUSINESS_LOGIC})


class RetryPlugin:
    """Has calls repeated that may succeed later and do no harm when sent again. Thread-safe and task-safe.

    The policy is, in this order: the guard's own :class:`recoup.RetryConfig`; the configuration's ``retry_policies``
    by the exception's class name and those of its base classes, then by category (``network_errors``, ``network``),
    then ``default``; and :class:`recoup.RetryConfig` as it stands for errors that the application handles itself and
    for guarded calls whose repetition is harmless. Any other call is not repeated.

    Other plugins' repetitions do not count towards ``max_attempts``: waiting out a rate limit eats no attempt.

    Attributes:
        name: under which the guard counts the repetitions it asks for.
        serves: the policy configuration it gives effect to.
    """

    name = "retry"
    serves = (RetryConfig,)

    def __init__(self, host: Host) -> None:
        self._host = host

    @hookimpl(trylast=True)
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Answer with a repetition after the backoff delay, or after the time that the other side asked to wait.

        None where there is no policy, the error is permanent, the outcome is unknown, the attempts are used up, or the
        wait would not end before the call's deadline.
        """
        call = context.call
        if not context.may_send_again or (call is not None and not call.may_repeat):
            return None
        policy = self._policy(error, context)
        if policy is None or not _worthwhile(error, context, policy):
            return None
        repetition = context.recovery_attempts if call is None else call.answers[self.name]
        if repetition + 1 >= policy.max_attempts:
            return None
        delay = self._delay(context.classification, policy, repetition)
        remaining = None if call is None else call.remaining(self._host.clock.monotonic())
        if remaining is not None and remaining <= delay:
            return None
        return Recovery.retry(delay, detail=f"attempt {repetition + 2} of {policy.max_attempts} after {delay:.3g} s")

    def _policy(self, error: Exception, context: ErrorContext) -> RetryConfig | None:
        own = None if context.call is None else context.call.policy(RetryConfig)
        return own or self._configured(error, context) or (_DEFAULT if _may_default(context) else None)

    def _configured(self, error: Exception, context: ErrorContext) -> RetryConfig | None:
        policies = self._host.config.error_handling.retry_policies
        if not policies:
            return None
        category = (context.classification or UNCLASSIFIED).category.value
        names = [base.__name__ for base in type(error).__mro__]
        for name in (*names, f"{category}_errors", category, "default"):
            if name in policies:
                return policies[name]
        return None

    def _delay(self, classification: Classification | None, policy: RetryConfig, repetition: int) -> float:
        if classification is not None and classification.retry_after is not None:
            return classification.retry_after
        return Backoff.from_config(policy).delay(repetition, self._host.random)


def _may_default(context: ErrorContext) -> bool:
    return context.call is None or context.kind.repeatable


def _worthwhile(error: Exception, context: ErrorContext, policy: RetryConfig) -> bool:
    if not isinstance(error, policy.exceptions):
        return False
    classification = context.classification or UNCLASSIFIED
    if classification.retryable:
        return True
    wished = context.call is not None and context.call.policy(RetryConfig) is policy
    return wished and (_names_exceptions(policy) or not _known_permanent(error, classification))


def _names_exceptions(policy: RetryConfig) -> bool:
    return policy.exceptions not in ((Exception,), Exception)


def _known_permanent(error: Exception, classification: Classification) -> bool:
    """Whether a plugin recognised the error, and not merely failed to; a refusal needs no plugin for that."""
    recognised = classification.reason is not FailureReason.OTHER or isinstance(error, Refused)
    return recognised or classification.category in _PERMANENT_CATEGORIES
