"""The ``fallback`` plugin."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of, optional

from recoup import FallbackConfig, FallbackStrategy, Place, Placing, Recovery, Trait, hookimpl
from recoup_plugins.fallback.empty import empty_value
from recoup_plugins.fallback.policy import FallbackPolicy, Judge, LastGoodPolicy
from recoup_plugins.fallback.results import LastResults

if TYPE_CHECKING:
    from typing import Any

    from recoup import Call, ErrorContext, Host, Scope


@frozen(kw_only=True)
class FallbackSettings:
    """The plugin's own section. Immutable.

    Attributes:
        max_results: good results kept for ``USE_CACHE`` at most.
        max_age: seconds after which a kept result no longer stands in, or None for no limit.
    """

    max_results: int = field(default=1000, validator=[instance_of(int), ge(1)])
    max_age: float | None = field(default=None, validator=optional(gt(0)))


class FallbackPlugin:
    """Gives guarded calls with a :class:`recoup.FallbackConfig` a stand-in for their result.

    It is asked last, when nothing else has helped. ``RAISE_DEGRADED`` is the guard's own business: a hook has no way
    to raise. In a pipeline, policies do all of it. Thread-safe and task-safe.

    Attributes:
        serves: the policy configuration it gives effect to.
        asked_after: plugins that have their turn first.
    """

    Config = FallbackSettings
    serves = (FallbackConfig,)
    asked_after = ("retry",)

    def __init__(self, host: Host, config: FallbackSettings | None = None) -> None:
        settings = config or FallbackSettings()
        self._host = host
        self._results = LastResults(max_results=settings.max_results, max_age=settings.max_age, clock=host.clock)

    def policy(self, config: FallbackConfig, scope: Scope) -> FallbackPolicy | LastGoodPolicy:
        """Return what stands in for results in a pipeline; a wrapper only where good results are remembered."""
        judge = Judge(config, scope, self._host)
        if config.strategy is FallbackStrategy.USE_CACHE:
            return LastGoodPolicy(judge, self._results)
        return FallbackPolicy(judge)

    def placing(self, config: FallbackConfig) -> Placing:  # noqa: ARG002 - the role's signature
        """Around all else, so that every failure has its stand-in."""
        return Placing(place=Place.FALLBACK, traits=Trait.STANDS_IN)

    def keeps(self, policy: object) -> bool:
        """Say whether a fallback would need the results later."""
        return isinstance(policy, FallbackConfig) and policy.strategy is FallbackStrategy.USE_CACHE

    def remember(self, call: Call, value: Any) -> None:
        """Keep the result of a successful call, where its fallback would need it later."""
        policy = call.policy(FallbackConfig)
        if policy is not None and policy.strategy is FallbackStrategy.USE_CACHE:
            self._results.keep(call.function, call.args, call.kwargs, value)

    @hookimpl(trylast=True)
    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Answer with the stand-in.

        None where the guard has no fallback, or not for this error, or it is ``RAISE_DEGRADED``, or ``USE_CACHE`` has
        nothing; and where a side effect may have happened, since a stand-in would hide that.

        Raises:
            Exception: the fallback function failed, or ``RETURN_EMPTY`` knows no empty value of the function's return
                type. The core records it, and the caller gets the original error.
        """
        call = context.call
        policy = None if call is None else call.policy(FallbackConfig)
        if call is None or policy is None or not context.may_send_again or not isinstance(error, policy.exceptions):
            return None
        return await self._stand_in(policy, call)

    async def _stand_in(self, policy: FallbackConfig, call: Call) -> Recovery | None:
        match policy.strategy:
            case FallbackStrategy.RETURN_NONE:
                return Recovery.recovered(None, detail="None stands in")
            case FallbackStrategy.RETURN_DEFAULT:
                return Recovery.recovered(policy.default_value, detail="the default value stands in")
            case FallbackStrategy.RETURN_EMPTY:
                return _empty(call)
            case FallbackStrategy.RETRY_ALTERNATIVE:
                return await _alternative(policy, call)
            case FallbackStrategy.USE_CACHE:
                return self._last_good(call)
            case FallbackStrategy.RAISE_DEGRADED:
                return None

    def _last_good(self, call: Call) -> Recovery | None:
        result = self._results.last(call.function, call.args, call.kwargs)
        if result is None:
            return None
        return Recovery.recovered(result.value, detail=f"the last good result stands in, {result.age:.3g} s old")


def _empty(call: Call) -> Recovery | None:
    if call.function is None:
        return None
    return Recovery.recovered(empty_value(call.function), detail="an empty value stands in")


async def _alternative(policy: FallbackConfig, call: Call) -> Recovery:
    assert policy.fallback_function is not None  # FallbackConfig sees to it
    value = policy.fallback_function(*call.args, **call.kwargs)
    if inspect.isawaitable(value):
        value = await value
    return Recovery.recovered(value, detail="the alternative function's result stands in")
