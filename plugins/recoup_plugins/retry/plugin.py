"""The ``retry`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attrs import field, frozen
from attrs.validators import ge, instance_of

from recoup import UNCLASSIFIED, Place, Placing, PolicyMisuse, Recovery, Refused, RetryConfig, Trait, hookimpl
from recoup_plugins.retry.budget import BudgetRegistry
from recoup_plugins.retry.policy import BudgetedRetryPolicy, RetryPolicy, StandingRetryPolicy
from recoup_plugins.retry.series import Series
from recoup_plugins.retry.setting import Setting, terms_of
from recoup_plugins.retry.terms import configured_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from recoup import Call, Classification, ErrorContext, Host, Scope

_DEFAULT = RetryConfig()


@frozen(kw_only=True)
class RetrySettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_budgets: retry budgets kept at most; the one asked for longest ago goes first.
    """

    max_budgets: int = field(default=10_000, validator=[instance_of(int), ge(1)])


class RetryPlugin:
    """Has calls repeated that may succeed later and do no harm when sent again. Thread-safe and task-safe.

    The policy is, in this order: the guard's own :class:`recoup.RetryConfig`; the configuration's ``retry_policies``
    by the exception's class name and those of its base classes, then by category (``network_errors``, ``network``),
    then ``default``; and :class:`recoup.RetryConfig` as it stands for errors that the application handles itself and
    for guarded calls whose repetition is harmless. Any other call is not repeated. With ``per_error``, the guard's own
    comes behind ``retry_policies``.

    Other plugins' repetitions do not count towards ``max_attempts``: waiting out a rate limit eats no attempt.

    Attributes:
        name: under which the guard counts the repetitions it asks for.
        serves: the policy configuration it gives effect to.
    """

    Config = RetrySettings
    name = "retry"
    serves = (RetryConfig,)

    def __init__(self, host: Host, config: RetrySettings | None = None) -> None:
        self._host = host
        self._budgets = BudgetRegistry(max_budgets=(config or RetrySettings()).max_budgets, clock=host.clock)
        self._drawn: WeakKeyDictionary[Call, float] = WeakKeyDictionary()

    def policy(self, config: RetryConfig, scope: Scope) -> RetryPolicy | StandingRetryPolicy:
        """Return what repeats calls in a pipeline; a wrapper only where a result or the time elapsed counts.

        In a vital scope, such as that of cancels, no budget counts: repetitions take no tokens and need none.

        Raises:
            PolicyMisuse: an order would be sent again for what its answer looks like.
        """
        if config.retry_on_result is not None and scope.kind.is_side_effect:
            raise PolicyMisuse(
                f"RetryConfig(retry_on_result=...) around {scope.name}, which is a {scope.kind.value}: it would happen "
                "twice; raise an exception where the answer says that nothing happened"
            )
        budgets = None if scope.is_vital else self._budgets
        setting = Setting(
            self._host,
            terms_of(config, budgets, scope.key, wished=True),
            budgets,
            key=scope.key,
            component=scope.component,
            name=scope.name,
            is_repeatable=scope.kind.repeatable,
        )
        if config.retry_on_result is not None or setting.is_timed:
            return StandingRetryPolicy(setting)
        budget = setting.terms.budget
        return RetryPolicy(setting) if budget is None else BudgetedRetryPolicy(setting, budget)

    def placing(self, config: RetryConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Around everything that an attempt passes."""
        return Placing(place=Place.RETRY, traits=Trait.REPEATS)

    def retry_budgets(self) -> dict[str, float]:
        """Return the tokens left in each retry budget, by its name or key."""
        return self._budgets.tokens()

    @hookimpl(trylast=True)
    def recover(self, error: Exception, context: ErrorContext) -> Recovery | Awaitable[Recovery] | None:
        """Answer with a repetition after the backoff delay, or after the time that the other side asked to wait.

        None where there is no policy, the error is permanent, or a refusal that the guard does not name, the outcome is
        unknown, the attempts, the time or the budget are used up, or the wait would not end before the call's deadline;
        and where the policy judges results, and so stands around each attempt by itself.
        An awaitable where ``before_sleep`` gave one.
        """
        call = context.call
        if not context.may_send_again or (call is not None and (not call.may_repeat or _stands(error, call))):
            return None
        verdict = context.classification or UNCLASSIFIED
        config, is_own = self._config(error, context, verdict)
        if config is None or (is_own and config.retry_on_result is not None):
            return None
        series = self._series(config, context, wished=is_own)
        delay = series.answer(error, verdict, None if call is None else call.remaining(self._host.clock.monotonic()))
        if delay is None:
            return None
        if call is not None and series.previous is not None:
            self._drawn[call] = series.previous
        answer = Recovery.retry(
            delay, detail=f"attempt {series.attempts + 1} of {config.max_attempts} after {delay:.3g} s"
        )
        waiting = series.tell(delay)
        return _after(waiting, answer) if waiting else answer

    def _config(
        self, error: Exception, context: ErrorContext, verdict: Classification
    ) -> tuple[RetryConfig | None, bool]:
        """Return the policy for an error, and whether the guard has it of its own."""
        own = None if context.call is None else context.call.policy(RetryConfig)
        if own is not None and not own.per_error:
            return own, True
        policies = self._host.config.error_handling.retry_policies
        name = configured_name(error, verdict, policies) if policies else None
        if name is not None:
            return policies[name], own is not None
        if own is not None:
            return own, True
        return (_DEFAULT if context.call is None or context.kind.repeatable else None), False

    def _series(self, config: RetryConfig, context: ErrorContext, *, wished: bool) -> Series:
        call = context.call
        component = context.component
        key = f"{component}.{context.operation}" if call is None else call.operation.key or call.key
        budgets = None if call is not None and call.operation.is_vital else self._budgets
        setting = Setting(
            self._host,
            terms_of(config, budgets, key, wished=wished),
            budgets,
            key=key,
            component=component,
            name=context.operation,
            is_repeatable=context.kind.repeatable,
            announces=False,
        )
        if call is None:
            return Series.resumed(setting, attempts=context.recovery_attempts)
        attempts = call.answers[self.name]
        return Series.resumed(setting, attempts=attempts, previous=self._drawn.get(call), began=call.started)


def _stands(error: Exception, call: Call) -> bool:
    """Say whether an error is a refusal that the guard does not name: its fallback is not to wait for a circuit."""
    own = call.policy(RetryConfig)
    return isinstance(error, Refused) and not (own is not None and own.names_exceptions)


async def _after(waiting: Sequence[Awaitable[None]], answer: Recovery) -> Recovery:
    for one in waiting:
        await one
    return answer
