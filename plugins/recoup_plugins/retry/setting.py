"""Where calls are repeated: the handler, and what is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recoup import PluginEvent
from recoup.deadline import ambient_deadline
from recoup_plugins.retry.terms import Terms, configured_name

if TYPE_CHECKING:
    from recoup import Classification, Host, RetryConfig
    from recoup_plugins.retry.budget import BudgetRegistry


MOST_CLASSES = 1024
"""Classes of errors that a setting remembers."""


class Setting:
    """What all attempts at one function have in common. Thread-safe and task-safe.

    Immutable but for two dictionaries: the terms of ``retry_policies``, made when an error first needs them, and what
    was learnt of classes of errors. An entry is written by one atomic operation, in free-threaded builds as well, and
    written twice at once it says the same.

    Args:
        host: the handler.
        terms: how calls are repeated.
        budgets: where budgets are kept, or None where none may keep a call from being made again.
        key: what is called, apart from everything else.
        component: where in the application.
        name: what is called, for the operator.
        is_repeatable: whether the call may be made again while nobody knows what became of it.
        announces: whether repetitions are published here; within a guard, the core does.

    Attributes:
        has_hooks: whether somebody is told before a repetition.
        is_timed: whether a limit on the time elapsed needs to know when the first attempt began.
        observed: whether anybody listens; a change of plugins comes with a new setting.
        quick: classes of which a bare error is known to be worth a repetition without a delay, and whether they are
            kinds of :class:`OSError`.
        takes_any_result: whether every result is welcome, and none counts for a budget.
    """

    __slots__ = (
        "_by_name",
        "_is_quick",
        "announces",
        "budgets",
        "classify",
        "clock",
        "component",
        "has_hooks",
        "host",
        "is_repeatable",
        "is_timed",
        "key",
        "max_attempts",
        "name",
        "observed",
        "quick",
        "random",
        "takes_any_result",
        "terms",
    )

    def __init__(
        self,
        host: Host,
        terms: Terms,
        budgets: BudgetRegistry | None,
        *,
        key: str,
        component: str,
        name: str,
        is_repeatable: bool,
        announces: bool = True,
    ) -> None:
        self.host = host
        self.classify = host.classify
        self.clock = host.clock
        self.random = host.random
        self.terms = terms
        self.budgets = budgets
        self.key = key
        self.component = component
        self.name = name
        self.is_repeatable = is_repeatable
        self.announces = announces
        self.max_attempts = terms.config.max_attempts
        self.observed = host.hears("policy")
        self.quick: dict[type[Exception], bool] = {}
        self._is_quick = not self.observed and _is_free(terms.config)
        self._by_name: dict[str, Terms] = {}
        configs = [terms.config]
        if terms.config.per_error:
            configs += host.config.error_handling.retry_policies.values()
        self.has_hooks = any(config.before_sleep for config in configs)
        self.is_timed = any(config.max_elapsed is not None for config in configs)
        is_free = budgets is None or all(item.budget is None for item in configs)
        self.takes_any_result = terms.config.retry_on_result is None and is_free

    def knows(self, error: Exception) -> bool:
        """Say whether an error is known to be worth a repetition without a delay; what is learnt counts, and no more.

        Whether an attempt is left is for the caller to say.
        """
        is_os_error = self.quick.get(error.__class__)
        return (
            is_os_error is not None
            and error.__context__ is None
            and error.__cause__ is None
            and not error.__dict__
            and not (is_os_error and error.errno is not None)  # type: ignore[attr-defined]  # it is an OSError
            and ambient_deadline.get() is None
        )

    def learn(self, error: Exception) -> None:
        """Remember that an error was worth a repetition without a delay, where its class tells all there is to it."""
        if not self._is_quick or error.__dict__ or error.__cause__ is not None or error.__context__ is not None:
            return
        if isinstance(error, OSError) and error.errno is not None:
            return
        kind = type(error)
        if len(self.quick) < MOST_CLASSES and self.host.class_tells_all(kind):
            self.quick[kind] = issubclass(kind, OSError)

    def is_unwanted(self, result: Any) -> bool:
        """Say whether the call is to be made again for its result."""
        judge = self.terms.config.retry_on_result
        try:
            return judge is not None and bool(judge(result))
        except Exception as failure:  # noqa: BLE001 - the call has succeeded, whatever a predicate makes of it
            self.report("retry_on_result", failure)
            return False

    def terms_for(self, error: Exception, verdict: Classification) -> Terms:
        """Return the terms that ``retry_policies`` has for an error, or the setting's own."""
        policies = self.host.config.error_handling.retry_policies
        name = configured_name(error, verdict, policies)
        if name is None:
            return self.terms
        terms = self._by_name.get(name)
        if terms is None:
            terms = self._by_name[name] = terms_of(policies[name], self.budgets, self.key, wished=True)
        return terms

    def report(self, what: str, failure: Exception) -> None:
        """Tell the operator that one of the application's own functions has failed."""
        self.host.publish(PluginEvent(plugin="retry", hook=what, fault="raised", detail=type(failure).__name__))


def _is_free(config: RetryConfig) -> bool:
    """Say whether a repetition depends on the class of the error, the attempts and the deadline alone."""
    needs_more = config.retry_if or config.budget or config.before_sleep or config.per_error
    return config.base_delay == 0 and config.max_elapsed is None and not needs_more


def terms_of(config: RetryConfig, budgets: BudgetRegistry | None, key: str, *, wished: bool) -> Terms:
    """Return what a configuration comes to for a key, with its budget where there are any."""
    budget = None
    if config.budget is not None and budgets is not None:
        budget = budgets.obtain(config.budget.name or key, config.budget)
    return Terms.of(config, budget, wished=wished)
