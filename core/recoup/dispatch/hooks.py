"""The hooks as application code calls them: typed, one method a hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from recoup.dispatch.drivers import RateLimitDriver, RecoverDriver
from recoup.dispatch.unroll import unroll

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recoup.classification import Classification
    from recoup.context import ErrorContext, SanitizeCall
    from recoup.dispatch.implementation import FailureSink, Implementation
    from recoup.events import ErrorEvent, Event, RateLimitDecision
    from recoup.outcome import Recovery
    from recoup.patterns import ErrorPattern


@frozen(eq=False)
class CompiledHooks:
    """The implementations of one moment, compiled. Immutable; calls in flight keep the one that they began with.

    Attributes:
        classify: error, context to classification.
        sanitize: payload, level to payload.
        analyze: event to patterns.
        monitor: event to nothing.
        rate_limit: driver.
        recover: driver.
        classifiers: names of the plugins that classify.
        monitors: names of the plugins that listen.
        observed: whether anybody listens or analyzes.
    """

    classify: ClassifyCall
    sanitize: SanitizeCall
    analyze: AnalyzeCall
    monitor: MonitorCall
    rate_limit: RateLimitDriver
    recover: RecoverDriver
    classifiers: tuple[str, ...]
    monitors: tuple[str, ...]
    observed: bool

    @classmethod
    def build(cls, implementations: Mapping[str, Sequence[Implementation]], failed: FailureSink) -> CompiledHooks:
        """Compile every hook.

        Args:
            implementations: by hook, in the order of the calls.
            failed: where failures are reported.
        """
        return cls(
            classify=unroll("classify", implementations["classify"], failed),
            sanitize=unroll("sanitize", implementations["sanitize"], failed),
            analyze=unroll("analyze", implementations["analyze"], failed),
            monitor=unroll("monitor", implementations["monitor"], failed),
            rate_limit=RateLimitDriver(implementations["rate_limit"], failed),
            recover=RecoverDriver(implementations["recover"], failed),
            classifiers=tuple(item.plugin for item in implementations["classify"]),
            monitors=tuple(item.plugin for item in implementations["monitor"]),
            observed=bool(implementations["monitor"] or implementations["analyze"]),
        )


class ClassifyCall(Protocol):
    """Shape of ``handler.hooks.classify``."""

    def __call__(self, error: Exception, context: ErrorContext) -> Classification:
        """Say what an error is; :data:`recoup.UNCLASSIFIED` where no plugin knows."""
        ...


class RateLimitCall(Protocol):
    """Shape of ``handler.hooks.rate_limit``."""

    async def __call__(self, component: str, operation: str, ip_address: str | None = None) -> RateLimitDecision:
        """Return the strictest decision of all plugins; allowed where none has an opinion."""
        ...


class AnalyzeCall(Protocol):
    """Shape of ``handler.hooks.analyze``."""

    def __call__(self, event: ErrorEvent) -> list[ErrorPattern]:
        """Return the patterns that all plugins found."""
        ...


class MonitorCall(Protocol):
    """Shape of ``handler.hooks.monitor``."""

    def __call__(self, event: Event) -> None:
        """Hand an event to all plugins as it is; :meth:`ErrorHandler.publish` sanitizes its text first."""
        ...


class Hooks:
    """The six hooks, to be called by application code. Thread-safe and task-safe; follows plugins as they come and go.

    Each synchronous hook is the compiled function itself, so that calling it costs what its implementations cost.

    Attributes:
        classify: error, context to a :class:`Classification`; :data:`UNCLASSIFIED` where no plugin knows.
        sanitize: payload, level (MEDIUM by default) to a sanitized copy; ``"[WITHHELD]"`` where no plugin can vouch
            for one. Raises :class:`ValueError` where there is no such level.
        rate_limit: component, operation, ip_address to the strictest :class:`RateLimitDecision`; to be awaited.
        analyze: event to the patterns that all plugins found.
        monitor: event to nothing; hands it on as it is, while :meth:`ErrorHandler.publish` sanitizes its text first.
        compiled: the hooks as they are at this moment.
    """

    __slots__ = ("analyze", "classify", "compiled", "monitor", "rate_limit", "sanitize")

    classify: ClassifyCall
    sanitize: SanitizeCall
    rate_limit: RateLimitCall
    analyze: AnalyzeCall
    monitor: MonitorCall
    compiled: CompiledHooks

    def __init__(self, compiled: CompiledHooks) -> None:
        self.replace(compiled)

    def replace(self, compiled: CompiledHooks) -> None:
        """Take another set of implementations from the next call on."""
        self.compiled = compiled
        self.classify = compiled.classify
        self.sanitize = compiled.sanitize
        self.rate_limit = compiled.rate_limit
        self.analyze = compiled.analyze
        self.monitor = compiled.monitor

    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Return the first plugin's answer, or None.

        ``context`` is classified first, where it is not yet.
        """
        if context.classification is None:
            context.classification = self.classify(error, context)
        answer = await self.compiled.recover(error, context)
        return None if answer is None else answer[1]
