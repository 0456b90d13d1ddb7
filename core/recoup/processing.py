"""The way of one error through the hooks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from attrs import evolve

from recoup.classification import Classification, ErrorSeverity, FailureReason
from recoup.context import error_message
from recoup.dispatch.drivers import ALLOWED, is_unverified_retry
from recoup.escalation import Escalations
from recoup.events import EscalationEvent, RateLimitDecision, RecoveryEvent
from recoup.outcome import Decision, Outcome, Recovery
from recoup.strategy import ask_strategy
from recoup.suppression import Suppressions

if TYPE_CHECKING:
    from recoup.clock import Clock
    from recoup.config.models import ErrorHandlingConfig
    from recoup.context import ErrorContext
    from recoup.dispatch.hooks import Hooks
    from recoup.events import SuppressionEvent
    from recoup.patterns import ErrorPatternCache
    from recoup.publisher import Publisher

STRATEGY = "recovery_strategy"
"""Stands as the plugin's name where the strategy that the application passed along answered."""
_NOBODY = Recovery.give_up()
_UNVERIFIED = "it answered with a retry of a side effect whose outcome is unknown, without verification"
_NOBODY_KNOWS = "no plugin could find out whether the side effect happened"
_ASKS_FOR_SILENCE = frozenset({FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE})


class Processor:
    """Takes an error through classify, rate_limit, recover and the observers. Thread-safe and task-safe."""

    def __init__(
        self,
        config: ErrorHandlingConfig,
        clock: Clock,
        hooks: Hooks,
        publisher: Publisher,
        patterns: ErrorPatternCache,
    ) -> None:
        self._config = config
        self._clock = clock
        self._hooks = hooks
        self._publisher = publisher
        self._patterns = patterns
        self._suppressions = Suppressions(clock)
        self.escalations = Escalations(config, clock, publisher.publish)

    async def process(self, error: Exception, context: ErrorContext, strategy: Any = None) -> Outcome:
        """Handle one error; see :meth:`recoup.ErrorHandler.process`."""
        started = self._clock.monotonic()
        classification = self._classify(error, context)
        limit = await self._limit(context)
        is_suppressed = self._suppresses(context, classification, limit)
        if is_suppressed and context.call is None:
            return self._given_up(context, classification, limit, started)
        if not is_suppressed:
            self._observe(context, classification)
        plugin, recovery = await self._recover(error, context, strategy)
        if recovery.decision is Decision.RAISE and context.in_doubt:
            # Whoever gave up does not know what became of it.
            recovery = evolve(recovery, decision=Decision.UNKNOWN, detail=recovery.detail or _NOBODY_KNOWS)
        if plugin is not None:
            context.recovery_attempts += 1
            if context.call is not None:
                context.call.answers[plugin] += 1
                context.call.last_answer = plugin
        outcome = Outcome(
            error_id=context.error_id,
            decision=recovery.decision,
            classification=classification,
            plugin=plugin,
            value=recovery.value,
            delay=float(recovery.delay),
            verified=recovery.verified,
            attempts=context.recovery_attempts,
            elapsed=self._clock.monotonic() - started,
            limited=None if limit.allowed else limit,
            detail=recovery.detail,
        )
        if plugin is not None and not is_suppressed:
            self._publish_recovery(context, outcome)
        return self._escalate(context, outcome)

    def flush(self) -> None:
        """Say what was suppressed and not yet said."""
        self._tell(self._suppressions.all())

    def escalate(self, component: str, operation: str, reason: str, matter: str | None = None) -> None:
        """Tell a human of something that is no error in the ordinary sense; see :meth:`ErrorHandler.escalate`."""
        event = EscalationEvent(
            error_id=os.urandom(16).hex(),
            severity=ErrorSeverity.HIGH,
            component=component,
            operation=operation,
            reason=reason,
        )
        self.escalations.tell(event, reason if matter is None else matter)

    def _classify(self, error: Exception, context: ErrorContext) -> Classification:
        if context.classification is None or error is not context.error:
            context.error = error
            context.classification = self._hooks.classify(error, context)
            context.severity = context.classification.severity
        return context.classification

    async def _limit(self, context: ErrorContext) -> RateLimitDecision:
        if not self._config.security.rate_limiting:
            return ALLOWED
        return await self._hooks.rate_limit(context.component, context.operation, None)

    def _suppresses(self, context: ErrorContext, classification: Classification, limit: RateLimitDecision) -> bool:
        """Say whether an error is one too many to be shown, and count it if it is."""
        if limit.allowed or not _may_be_suppressed(context, classification):
            return False
        self._suppressions.add(context.component, context.operation, limit.reason)
        self._tell(self._suppressions.due())
        return True

    def _given_up(
        self, context: ErrorContext, classification: Classification, limit: RateLimitDecision, started: float
    ) -> Outcome:
        """Return the outcome of an error that is not handled, since there are too many.

        Only for errors that the application handles by itself. A guarded call is recovered all the same, without a
        word: breakers and budgets keep its repetitions within bounds, and to give it up would add to the storm.
        """
        outcome = Outcome(
            error_id=context.error_id,
            decision=Decision.RAISE,
            classification=classification,
            attempts=context.recovery_attempts,
            elapsed=self._clock.monotonic() - started,
            limited=limit,
            detail=limit.reason or "refused by a rate limit",
        )
        # A storm of harmless errors must not hide the one that a human has to know of.
        return self._escalate(context, outcome) if context.severity is ErrorSeverity.CRITICAL else outcome

    def _observe(self, context: ErrorContext, classification: Classification) -> None:
        self._tell(self._suppressions.due(context.component, context.operation))
        compiled = self._hooks.compiled
        if not compiled.observed or (context.call is not None and context.call.quiet):
            return
        event = self._publisher.error_event(context, classification)
        compiled.monitor(event)
        for pattern in compiled.analyze(event):
            self._patterns.add_pattern(pattern)

    def _tell(self, sums: list[SuppressionEvent]) -> None:
        for event in sums:
            self._publisher.publish(event)

    async def _recover(self, error: Exception, context: ErrorContext, strategy: Any) -> tuple[str | None, Recovery]:
        if context.call is None and context.recovery_attempts >= context.max_recovery_attempts:
            return None, Recovery.give_up(f"all {context.max_recovery_attempts} recoveries of this error are spent")
        if strategy is not None:
            recovery = await self._ask(strategy, error, context)
            if recovery is not None:
                return STRATEGY, recovery
        answer = await self._hooks.compiled.recover(error, context)
        return answer if answer is not None else (None, _NOBODY)

    async def _ask(self, strategy: Any, error: Exception, context: ErrorContext) -> Recovery | None:
        try:
            recovery = await ask_strategy(strategy, error, context)
            if recovery is not None and is_unverified_retry(recovery, context):
                raise ValueError(_UNVERIFIED)  # noqa: TRY301 - a wrong answer is a failure of the strategy
            return recovery  # noqa: TRY300 - what is checked belongs to the strategy's answer
        except Exception as failure:  # noqa: BLE001 - recorded; the plugins are asked instead
            context.recovery_attempts += 1
            detail = f"the recovery strategy failed: {type(failure).__name__}: {error_message(failure)}"
            self._publisher.publish(
                RecoveryEvent(
                    error_id=context.error_id,
                    component=context.component,
                    operation=context.operation,
                    decision=Decision.RAISE,
                    plugin=STRATEGY,
                    attempts=context.recovery_attempts,
                    detail=detail,
                )
            )
            return None

    def _publish_recovery(self, context: ErrorContext, outcome: Outcome) -> None:
        if context.call is not None and context.call.quiet:
            return
        self._publisher.publish(
            RecoveryEvent(
                error_id=context.error_id,
                component=context.component,
                operation=context.operation,
                decision=outcome.decision,
                plugin=outcome.plugin,
                attempts=outcome.attempts,
                delay=outcome.delay,
                verified=outcome.verified,
                elapsed=outcome.elapsed,
                detail=outcome.detail,
            )
        )

    def _escalate(self, context: ErrorContext, outcome: Outcome) -> Outcome:
        """Tell a human what recovery could not settle, and every critical error."""
        severity = context.severity
        if context.call is not None and not context.call.escalates:
            return outcome
        settings = self._config.severity_levels.get(severity)
        unknown = outcome.decision is Decision.UNKNOWN
        wanted = settings is not None and settings.escalate
        if not (unknown or (wanted and (severity is ErrorSeverity.CRITICAL or not outcome.handled))):
            return outcome
        reason = outcome.detail or f"{type(context.error).__name__}: {error_message(context.error)}"
        event = EscalationEvent(
            error_id=context.error_id,
            severity=severity,
            component=context.component,
            operation=context.operation,
            reason=reason,
        )
        order = context.order_id or context.error_id if unknown else ""
        self.escalations.tell(event, type(context.error).__name__, order)
        return evolve(outcome, escalated=True)


def _may_be_suppressed(context: ErrorContext, classification: Classification) -> bool:
    """Say whether an error may go unseen, and unhandled where no guard does it, when there are too many of them.

    Not while a side effect hangs in the balance, nor where the other side asks for silence: not to hear that would
    turn a storm of errors into a ban.
    """
    return context.may_send_again and classification.reason not in _ASKS_FOR_SILENCE
