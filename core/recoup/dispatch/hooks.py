"""The hooks as application code calls them: typed, one method a hook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from recoup.classification import UNCLASSIFIED, Classification, SensitivityLevel
from recoup.dispatch.drivers import RateLimitDriver, RecoverDriver
from recoup.dispatch.unroll import unroll

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from recoup.context import ErrorContext
    from recoup.dispatch.implementation import FailureSink, Implementation
    from recoup.events import ErrorEvent, Event, RateLimitDecision
    from recoup.outcome import Recovery
    from recoup.patterns import ErrorPattern


@frozen(eq=False)
class CompiledHooks:
    """The implementations of one moment, compiled. Immutable; calls in flight keep the one that they began with.

    Attributes:
        classify: error, context to classification or None.
        sanitize: payload, level to payload.
        analyze: event to patterns.
        monitor: event to nothing.
        rate_limit: driver.
        recover: driver.
        monitors: names of the plugins that listen.
        observed: whether anybody listens or analyzes.
    """

    classify: Callable[[Exception, ErrorContext], Classification | None]
    sanitize: Callable[[Any, SensitivityLevel], Any]
    analyze: Callable[[ErrorEvent], list[ErrorPattern]]
    monitor: Callable[[Event], None]
    rate_limit: RateLimitDriver
    recover: RecoverDriver
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
            monitors=tuple(item.plugin for item in implementations["monitor"]),
            observed=bool(implementations["monitor"] or implementations["analyze"]),
        )


class Hooks:
    """The six hooks as methods. Thread-safe and task-safe; follows plugins as they come and go."""

    __slots__ = ("_compiled",)

    def __init__(self, compiled: CompiledHooks) -> None:
        self._compiled = compiled

    @property
    def compiled(self) -> CompiledHooks:
        """The hooks as they are at this moment."""
        return self._compiled

    def replace(self, compiled: CompiledHooks) -> None:
        """Take another set of implementations from the next call on."""
        self._compiled = compiled

    def classify(self, error: Exception, context: ErrorContext) -> Classification:
        """Say what an error is; :data:`recoup.UNCLASSIFIED` where no plugin knows."""
        return self._compiled.classify(error, context) or UNCLASSIFIED

    def sanitize(self, payload: Any, level: SensitivityLevel | str = SensitivityLevel.MEDIUM) -> Any:
        """Return a sanitized copy; ``"[WITHHELD]"`` where no plugin can vouch for one.

        Raises:
            ValueError: there is no such level.
        """
        if payload is None:
            return None
        if level.__class__ is not SensitivityLevel:
            level = SensitivityLevel(level.upper())
        return self._compiled.sanitize(payload, level)

    async def rate_limit(self, component: str, operation: str, ip_address: str | None = None) -> RateLimitDecision:
        """Return the strictest decision of all plugins; allowed where none has an opinion."""
        return await self._compiled.rate_limit(component, operation, ip_address)

    async def recover(self, error: Exception, context: ErrorContext) -> Recovery | None:
        """Return the first plugin's answer, or None.

        ``context`` is classified first, where it is not yet.
        """
        if context.classification is None:
            context.classification = self.classify(error, context)
        answer = await self._compiled.recover(error, context)
        return None if answer is None else answer[1]

    def analyze(self, event: ErrorEvent) -> list[ErrorPattern]:
        """Return the patterns that all plugins found."""
        return self._compiled.analyze(event)

    def monitor(self, event: Event) -> None:
        """Hand an event to all plugins as it is; :meth:`ErrorHandler.publish` sanitizes its text first."""
        self._compiled.monitor(event)
