"""The way of one error: classified, limited, recovered, observed, escalated."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from recoup import (
    Classification,
    Config,
    Decision,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorPattern,
    ErrorSeverity,
    EscalationEvent,
    RateLimitDecision,
    Recovery,
    RecoveryEvent,
    SecurityConfig,
    SeverityConfig,
    SuppressionEvent,
    hookimpl,
)
from recoup.suppression import SUMMARY_SECONDS, SUPPRESSED_KEYS
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio

KNOWN = Classification(severity=ErrorSeverity.MEDIUM, category=ErrorCategory.NETWORK, retryable=True)
UNKNOWN = evolve(KNOWN, outcome_known=False)


class Classifies:
    def __init__(self, answer: Classification = KNOWN):
        self.answer = answer
        self.asked = 0

    @hookimpl
    def classify(self, error):
        self.asked += 1
        return self.answer


class Plain:
    @hookimpl
    def sanitize(self, payload):
        return payload


class Recorder:
    def __init__(self):
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


class Limits:
    def __init__(self, *decisions: RateLimitDecision):
        self.decisions = list(decisions)
        self.asked = []

    @hookimpl
    def rate_limit(self, component, operation, ip_address):
        self.asked.append((component, operation, ip_address))
        return self.decisions.pop(0) if self.decisions else None


class Recovers:
    def __init__(self, *answers: Recovery | None):
        self.answers = list(answers)
        self.asked = 0

    @hookimpl
    async def recover(self, error, context):
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


REFUSED = RateLimitDecision(allowed=False, retry_after=7.0, reason="100 a minute")


def make(config: ErrorHandlingConfig | None = None, *, verdict: Classification = KNOWN, **plugins: Any) -> ErrorHandler:
    known = {"classifier": Classifies(verdict), "plain": Plain(), "recorder": Recorder()}
    return ErrorHandler(
        Config(error_handling=config or ErrorHandlingConfig()),
        discover=False,
        plugins=known | plugins,
        clock=FakeClock(),
    )


def seen(handler: ErrorHandler) -> Recorder:
    recorder: Recorder = handler.plugins.get("recorder")
    return recorder


def failed(handler: ErrorHandler, operation: str = "fetch_ticker", **kwargs: Any):
    error = ConnectionError("gone")
    return error, handler.create_error_context(error, "exchange", operation, **kwargs)


class TestTheOutcome:
    async def test_names_who_decided_what(self):
        handler = make(helper=Recovers(Recovery.recovered("adopted", detail="found it", verified=True)))
        error, context = failed(handler)
        outcome = await handler.process(error, context)
        assert (outcome.decision, outcome.plugin, outcome.value) == (Decision.RECOVERED, "helper", "adopted")
        assert (outcome.verified, outcome.detail, outcome.attempts) == (True, "found it", 1)
        assert outcome.error_id == context.error_id
        assert outcome.classification is KNOWN
        assert outcome.handled

    async def test_lets_an_error_through_that_nobody_recovers(self):
        outcome = await (handler := make()).process(*failed(handler))
        assert (outcome.decision, outcome.plugin, outcome.handled, outcome.attempts) == (Decision.RAISE, None, False, 0)
        assert not seen(handler).of(RecoveryEvent)

    async def test_tells_the_time_that_handling_took(self):
        class Slow:
            def __init__(self, host):
                self.host = host

            @hookimpl
            async def recover(self, error, context):
                await self.host.clock.sleep(2.5)
                return Recovery.retry(4)

        handler = make(slow=Slow)
        outcome = await handler.process(*failed(handler))
        assert outcome.elapsed == 2.5
        assert outcome.delay == 4.0
        assert type(outcome.delay) is float

    async def test_counts_attempts_over_the_life_of_a_context_and_then_asks_nobody(self):
        handler = make(helper=(helper := Recovers(Recovery.retry())))
        error, context = failed(handler, max_recovery_attempts=2)
        decisions = [(await handler.process(error, context)).decision for _ in range(4)]
        assert decisions == [Decision.RETRY, Decision.RETRY, Decision.RAISE, Decision.RAISE]
        assert helper.asked == 2
        assert "all 2 recoveries" in (await handler.process(error, context)).detail

    async def test_another_error_in_the_same_context_is_classified_anew(self):
        handler = make()
        classifier = handler.plugins.get("classifier")
        error, context = failed(handler)
        await handler.process(error, context)
        assert classifier.asked == 1
        other = ValueError("other")
        await handler.process(other, context)
        assert classifier.asked == 2
        assert context.error is other


class TestObservers:
    async def test_see_the_error_before_the_recovery(self):
        handler = make(helper=Recovers(Recovery.retry(1.5, detail="soon")))
        await handler.process(*failed(handler))
        assert [event.kind for event in seen(handler).events] == ["error", "recovery"]
        recovery = seen(handler).events[1]
        assert (recovery.plugin, recovery.delay, recovery.detail, recovery.attempts) == ("helper", 1.5, "soon", 1)

    async def test_patterns_are_kept_by_the_handler(self):
        class Analyst:
            @hookimpl
            def analyze(self, event):
                at = event.timestamp
                return [
                    ErrorPattern(
                        "p-1",
                        "frequency",
                        event.component,
                        event.error_type,
                        60.0,
                        "high",
                        at,
                        at,
                        1,
                        0.9,
                        "many",
                        "look",
                    )
                ]

        handler = make(analyst=Analyst)
        await handler.process(*failed(handler))
        assert handler.get_patterns()["p-1"].component == "exchange"

    async def test_nobody_listening_costs_no_event(self):
        class Bomb:
            @hookimpl
            def sanitize(self, payload):
                raise AssertionError("there is nobody to sanitize for")

        handler = ErrorHandler(discover=False, plugins={"classifier": Classifies(), "bomb": Bomb}, clock=FakeClock())
        context = handler._bare_context(error := ValueError("x"), "exchange", "fetch_ticker")
        assert not (await handler.process(error, context)).handled
        assert handler.plugins.statuses()[0].failures == 0


class TestRateLimits:
    async def test_a_refused_error_is_neither_recovered_nor_observed(self):
        handler = make(limits=Limits(REFUSED), helper=(helper := Recovers(Recovery.retry())))
        outcome = await handler.process(*failed(handler))
        assert (outcome.decision, outcome.limited, outcome.detail) == (Decision.RAISE, REFUSED, "100 a minute")
        assert helper.asked == 0
        assert seen(handler).events == []

    async def test_a_limit_without_reason_still_says_why(self):
        handler = make(limits=Limits(RateLimitDecision(allowed=False)))
        assert (await handler.process(*failed(handler))).detail == "refused by a rate limit"

    async def test_what_was_suppressed_is_summed_up_with_the_next_error_let_through(self):
        handler = make(limits=Limits(REFUSED, REFUSED, REFUSED))
        for _ in range(3):
            await handler.process(*failed(handler))
        await handler.process(*failed(handler, "fetch_balance"))
        assert not seen(handler).of(SuppressionEvent)
        await handler.process(*failed(handler))
        (summary,) = seen(handler).of(SuppressionEvent)
        assert (summary.component, summary.operation, summary.count) == ("exchange", "fetch_ticker", 3)
        await handler.process(*failed(handler))
        assert len(seen(handler).of(SuppressionEvent)) == 1

    async def test_a_sum_waits_a_minute_at_most_for_an_error_of_its_own_to_be_let_through(self):
        handler = make(limits=Limits(REFUSED, REFUSED))
        for _ in range(2):
            await handler.process(*failed(handler))
        handler.clock.advance(SUMMARY_SECONDS)
        await handler.process(*failed(handler, "fetch_balance"))
        (summary,) = seen(handler).of(SuppressionEvent)
        assert (summary.operation, summary.count, summary.reason) == ("fetch_ticker", 2, "100 a minute")

    async def test_a_storm_of_which_nothing_is_let_through_is_summed_up_every_minute(self):
        handler = make(limits=Limits(*[REFUSED] * 240))
        for _ in range(240):
            await handler.process(*failed(handler))
            handler.clock.advance(1.0)
        assert [event.count for event in seen(handler).of(SuppressionEvent)] == [61, 61, 61]

    async def test_what_was_suppressed_is_summed_up_at_the_latest_on_close(self):
        handler = make(limits=Limits(REFUSED, REFUSED))
        async with handler:
            await handler.process(*failed(handler))
            await handler.process(*failed(handler))
        assert [event.count for event in seen(handler).of(SuppressionEvent)] == [2]

    async def test_a_storm_over_many_names_takes_bounded_memory_and_loses_no_count(self):
        names = SUPPRESSED_KEYS + 500
        handler = make(limits=Limits(*[REFUSED] * names))
        error = ConnectionError("x")
        for number in range(names):
            await handler.process(error, handler.create_error_context(error, "exchange", f"fetch_{number}"))
        assert len(handler._processor._suppressions) == SUPPRESSED_KEYS + 1
        await handler.close()
        summaries = seen(handler).of(SuppressionEvent)
        assert sum(event.count for event in summaries) == names
        assert [event.count for event in summaries if event.operation == "(others)"] == [500]

    async def test_a_side_effect_with_unknown_outcome_is_recovered_all_the_same(self):
        handler = make(verdict=UNKNOWN, limits=Limits(REFUSED), helper=(helper := Recovers(Recovery.unknown())))
        outcome = await handler.process(*failed(handler, "create_order"))
        assert helper.asked == 1
        assert outcome.decision is Decision.UNKNOWN
        assert outcome.limited is REFUSED

    async def test_a_read_with_unknown_outcome_may_be_suppressed(self):
        handler = make(verdict=UNKNOWN, limits=Limits(REFUSED), helper=(helper := Recovers(Recovery.retry())))
        await handler.process(*failed(handler, "fetch_order"))
        assert helper.asked == 0

    async def test_a_critical_error_is_escalated_although_suppressed(self):
        handler = make(verdict=evolve(KNOWN, severity=ErrorSeverity.CRITICAL), limits=Limits(REFUSED))
        outcome = await handler.process(*failed(handler))
        assert outcome.escalated
        assert [event.kind for event in seen(handler).events] == ["escalation"]

    async def test_a_high_error_that_is_suppressed_is_not(self):
        handler = make(verdict=evolve(KNOWN, severity=ErrorSeverity.HIGH), limits=Limits(REFUSED))
        assert not (await handler.process(*failed(handler))).escalated

    async def test_rate_limiting_false_asks_no_limiter(self):
        config = ErrorHandlingConfig(security=SecurityConfig(rate_limiting=False))
        handler = make(config, limits=(limits := Limits(REFUSED)))
        assert (await handler.process(*failed(handler))).limited is None
        assert limits.asked == []

    async def test_limiters_are_told_component_and_operation(self):
        handler = make(limits=(limits := Limits()))
        await handler.process(*failed(handler))
        assert limits.asked == [("exchange", "fetch_ticker", None)]


def severe(severity: ErrorSeverity) -> Classification:
    return evolve(KNOWN, severity=severity)


class TestEscalation:
    CONFIG = ErrorHandlingConfig(
        severity_levels={
            ErrorSeverity.CRITICAL: SeverityConfig(escalate=True, notify=("discord", "sms")),
            ErrorSeverity.HIGH: SeverityConfig(escalate=True, notify=("email",)),
            ErrorSeverity.MEDIUM: SeverityConfig(escalate=False, notify=("log",)),
        }
    )

    @pytest.mark.parametrize(
        ("severity", "answer", "escalated"),
        [
            (ErrorSeverity.CRITICAL, None, True),
            (ErrorSeverity.CRITICAL, Recovery.recovered(1), True),
            (ErrorSeverity.CRITICAL, Recovery.retry(), True),
            (ErrorSeverity.HIGH, None, True),
            (ErrorSeverity.HIGH, Recovery.give_up(), True),
            (ErrorSeverity.HIGH, Recovery.recovered(1), False),
            (ErrorSeverity.HIGH, Recovery.retry(), False),
            (ErrorSeverity.MEDIUM, None, False),
            (ErrorSeverity.LOW, None, False),
            (ErrorSeverity.LOW, Recovery.unknown(), True),
            (ErrorSeverity.MEDIUM, Recovery.unknown(), True),
        ],
    )
    async def test_goes_out_for(self, severity, answer, escalated):
        handler = make(self.CONFIG, verdict=severe(severity), helper=Recovers(answer))
        outcome = await handler.process(*failed(handler))
        assert outcome.escalated is escalated
        assert bool(seen(handler).of(EscalationEvent)) is escalated

    async def test_hands_the_channels_of_the_configuration_to_monitor(self):
        handler = make(self.CONFIG, verdict=severe(ErrorSeverity.CRITICAL))
        _, context = failed(handler)
        await handler.process(context.error, context)
        (event,) = seen(handler).of(EscalationEvent)
        assert event.notify == ("discord", "sms")
        assert (event.severity, event.component, event.operation) == (
            ErrorSeverity.CRITICAL,
            "exchange",
            "fetch_ticker",
        )
        assert event.error_id == context.error_id
        assert event.reason == "ConnectionError: gone"

    async def test_gives_the_recovery_s_own_reason_where_there_is_one(self):
        handler = make(self.CONFIG, helper=Recovers(Recovery.unknown("the venue does not answer")))
        await handler.process(*failed(handler))
        (event,) = seen(handler).of(EscalationEvent)
        assert (event.reason, event.notify) == ("the venue does not answer", ("log",))

    async def test_of_an_unknown_outcome_needs_no_configured_severity(self):
        handler = make(self.CONFIG, verdict=severe(ErrorSeverity.LOW), helper=Recovers(Recovery.unknown("?")))
        await handler.process(*failed(handler))
        assert seen(handler).of(EscalationEvent)[0].notify == ()

    async def test_can_be_switched_off_for_critical_errors(self):
        config = ErrorHandlingConfig(severity_levels={ErrorSeverity.CRITICAL: SeverityConfig(escalate=False)})
        handler = make(config, verdict=severe(ErrorSeverity.CRITICAL))
        assert not (await handler.process(*failed(handler))).escalated

    async def test_critical_and_high_escalate_without_any_configuration(self):
        for severity in (ErrorSeverity.CRITICAL, ErrorSeverity.HIGH):
            assert (await (handler := make(verdict=severe(severity))).process(*failed(handler))).escalated
