"""The handler as the application uses it."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import anyio
import pytest
from attrs import evolve

from recoup import (
    UNCLASSIFIED,
    Classification,
    Config,
    ConfigError,
    Decision,
    ErrorCategory,
    ErrorHandler,
    ErrorHandlingConfig,
    ErrorSeverity,
    Operation,
    OperationKind,
    PluginSettings,
    Recovery,
    RetryConfig,
    SecurityConfig,
    SensitivityLevel,
    StateEvent,
    hookimpl,
)
from recoup.testing import FakeClock

KNOWN = Classification(severity=ErrorSeverity.LOW, category=ErrorCategory.NETWORK, retryable=True)


class ByType:
    @hookimpl
    def classify(self, error):
        if isinstance(error, MemoryError):
            return evolve(KNOWN, severity=ErrorSeverity.CRITICAL, category=ErrorCategory.SYSTEM)
        return KNOWN if isinstance(error, OSError) else None


class Masks:
    def __init__(self):
        self.levels = []

    @hookimpl
    def sanitize(self, payload, level):
        self.levels.append(level)
        return payload.replace("s3cret", "***") if isinstance(payload, str) else payload


class Recorder:
    def __init__(self):
        self.events: list[Any] = []

    @hookimpl
    def monitor(self, event):
        self.events.append(event)


class Answers:
    def __init__(self, recovery: Recovery | None):
        self.recovery = recovery

    @hookimpl
    async def recover(self):
        return self.recovery


def make(config: ErrorHandlingConfig | None = None, **plugins: Any) -> ErrorHandler:
    return ErrorHandler(
        Config(error_handling=config or ErrorHandlingConfig()),
        discover=False,
        plugins={"by_type": ByType(), "masks": Masks(), **plugins},
        clock=FakeClock(),
    )


def context_of(handler: ErrorHandler, error: Exception | None = None, operation: str = "fetch_ticker", **kwargs: Any):
    error = error or ConnectionError("gone")
    return error, handler.create_error_context(error, "exchange", operation, **kwargs)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


class TestConstruction:
    def test_needs_nothing_but_what_is_installed(self, monkeypatch):
        monkeypatch.setattr("recoup.error_handler.installed_plugins", dict)
        handler = ErrorHandler()
        assert handler.config == Config()
        assert handler.plugins.statuses() == []
        assert handler.classify_error(ValueError()) is ErrorSeverity.MEDIUM

    def test_keeps_the_clock_and_the_chance_that_it_is_given(self):
        clock, random = FakeClock(), Random(7)
        handler = ErrorHandler(discover=False, clock=clock, random=random)
        assert handler.clock is clock
        assert handler.random is random

    def test_makes_its_own_chance(self):
        assert isinstance(ErrorHandler(discover=False).random, Random)

    def test_builds_classes_and_takes_objects(self):
        masks = Masks()
        handler = ErrorHandler(discover=False, plugins={"a": ByType, "b": masks})
        assert isinstance(handler.plugins.get("a"), ByType)
        assert handler.plugins.get("b") is masks

    def test_refuses_a_configuration_that_names_an_unknown_plugin(self):
        config = ErrorHandlingConfig(plugins={"by_typo": PluginSettings()})
        with pytest.raises(ConfigError, match=r"error_handling.plugins.by_typo: .*did you mean 'by_type'"):
            make(config)

    def test_leaves_out_what_the_configuration_disables(self):
        handler = make(ErrorHandlingConfig(plugins={"by_type": PluginSettings(enabled=False)}))
        assert handler.classify_error(MemoryError()) is ErrorSeverity.MEDIUM


class TestArguments:
    @pytest.mark.parametrize(
        ("config", "remedy"),
        [
            ({"error_handling": {}}, "got dict; make one with Config.from_dict(values)"),
            ("recoup.yaml", "got str; make one with Config.from_file(path)"),
        ],
    )
    def test_what_is_no_configuration_is_told_how_to_become_one(self, config, remedy):
        with pytest.raises(TypeError) as refused:
            ErrorHandler(config)
        assert str(refused.value) == f"config must be a recoup.Config, {remedy}"

    @pytest.mark.parametrize("plugins", [[object], {1: object}, object])
    def test_plugins_are_given_by_name(self, plugins):
        with pytest.raises(TypeError, match="plugins must map names to plugins, such as "):
            ErrorHandler(plugins=plugins)


class TestTheContext:
    def test_is_classified(self):
        _, context = context_of(make(), MemoryError())
        assert context.severity is ErrorSeverity.CRITICAL
        assert context.classification == evolve(KNOWN, severity=ErrorSeverity.CRITICAL, category=ErrorCategory.SYSTEM)

    def test_of_an_error_that_nobody_knows_counts_as_of_unknown_outcome(self):
        _, context = context_of(make(), ValueError())
        assert context.classification is UNCLASSIFIED

    def test_takes_known_keywords_as_fields_and_the_others_into_details(self):
        _, context = context_of(
            make(), user_id="u", bot_id="b", symbol="BTC/USDT", order_id="o", latency_ms=12, details={"venue": "x"}
        )
        assert (context.user_id, context.bot_id, context.symbol, context.order_id) == ("u", "b", "BTC/USDT", "o")
        assert context.details == {"venue": "x", "latency_ms": 12}

    def test_does_not_share_the_details_that_it_was_given(self):
        details = {"venue": "x"}
        _, context = context_of(make(), details=details)
        context.details["more"] = 1
        assert details == {"venue": "x"}

    def test_takes_details_of_none_for_none(self):
        assert context_of(make(), details=None)[1].details == {}

    def test_takes_its_limit_of_recoveries_from_the_configuration(self):
        handler = make(ErrorHandlingConfig(max_recovery_attempts=7))
        assert context_of(handler)[1].max_recovery_attempts == 7
        assert context_of(handler, max_recovery_attempts=1)[1].max_recovery_attempts == 1

    def test_has_an_id_of_its_own_and_the_clock_s_time(self):
        handler = make()
        contexts = [context_of(handler)[1] for _ in range(100)]
        assert len({context.error_id for context in contexts}) == 100
        assert contexts[0].timestamp == datetime(2026, 1, 1, tzinfo=UTC)

    def test_takes_the_id_the_time_and_the_severity_that_it_is_given(self):
        when = datetime(2025, 5, 5, tzinfo=UTC)
        given = {"error_id": "mine", "timestamp": when, "severity": ErrorSeverity.LOW}
        _, context = context_of(make(), MemoryError(), **given)
        assert (context.error_id, context.timestamp, context.severity) == ("mine", when, ErrorSeverity.LOW)
        assert context.details == {}
        assert context.classification == evolve(KNOWN, severity=ErrorSeverity.LOW, category=ErrorCategory.SYSTEM)

    @pytest.mark.anyio
    async def test_keeps_the_severity_that_it_is_given_when_it_is_handled(self):
        handler = make()
        error, context = context_of(handler, MemoryError(), severity=ErrorSeverity.LOW)
        outcome = await handler.process(error, context)
        assert (context.severity, outcome.classification.severity) == (ErrorSeverity.LOW, ErrorSeverity.LOW)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("error_id", ""),
            ("error_id", 5),
            ("timestamp", 1),
            ("timestamp", None),
            ("timestamp", datetime(2025, 5, 5)),
            ("severity", "high"),
        ],
    )
    def test_refuses_values_that_are_none(self, field, value):
        with pytest.raises(TypeError, match=f"{field} must be"):
            context_of(make(), **{field: value})

    def test_has_a_sanitized_stack_trace_of_a_raised_error(self):
        handler = make()
        _, context = context_of(handler, raised(ValueError()))
        assert context.stack_trace is not None
        assert "in raised" in context.stack_trace
        assert handler.plugins.get("masks").levels == [SensitivityLevel.HIGH]

    def test_has_none_of_an_error_that_was_never_raised(self):
        assert context_of(make())[1].stack_trace is None

    def test_can_t_show_a_stack_trace_that_nobody_sanitizes(self):
        handler = ErrorHandler(discover=False)
        assert context_of(handler, raised(ValueError()))[1].stack_trace == "[WITHHELD]"

    def test_sanitizes_through_the_handler_that_made_it(self):
        _, context = context_of(make(), ConnectionError("key s3cret"))
        assert context.to_dict(include_sensitive=True)["error_message"] == "key s3cret"
        assert context.to_dict()["component"] == "exchange"


@pytest.mark.anyio
class TestHandleError:
    @pytest.mark.parametrize(
        ("answer", "handled"),
        [
            (Recovery.recovered(1), True),
            (Recovery.retry(), True),
            (Recovery.give_up(), False),
            (Recovery.unknown(), False),
            (None, False),
        ],
    )
    async def test_says_whether_the_caller_may_go_on(self, answer, handled):
        handler = make(helper=Answers(answer))
        assert await handler.handle_error(*context_of(handler)) is handled

    async def test_waits_until_the_call_may_be_repeated(self):
        handler = make(helper=Answers(Recovery.retry(30.0)))
        await handler.handle_error(*context_of(handler))
        assert handler.clock.sleeps == [30.0]

    async def test_process_leaves_the_wait_to_the_caller(self):
        handler = make(helper=Answers(Recovery.retry(30.0)))
        assert (await handler.process(*context_of(handler))).delay == 30.0
        assert handler.clock.sleeps == []

    async def test_takes_a_strategy_before_the_plugins(self):
        handler = make(helper=Answers(Recovery.give_up()))
        assert await handler.handle_error(*context_of(handler), lambda: True)
        assert not await handler.handle_error(*context_of(handler), lambda: False)

    async def test_a_batch_is_answered_in_its_order(self):
        class OnlyReads:
            def __init__(self, host):
                self.host = host

            @hookimpl
            async def recover(self, context):
                await self.host.clock.sleep(context.details["delay"])
                return Recovery.retry() if context.operation.startswith("fetch") else None

        handler = make(helper=OnlyReads)
        batch = [
            context_of(handler, operation=f"{verb}_x", delay=delay)
            for verb, delay in [("fetch", 3), ("create", 2), ("fetch", 1)]
        ]
        assert await handler.handle_errors(iter(batch)) == [True, False, True]

    async def test_a_batch_is_handled_concurrently(self):
        class Meets:
            def __init__(self):
                self.arrived = 0
                self.all_here = anyio.Event()

            @hookimpl
            async def recover(self):
                self.arrived += 1
                if self.arrived == 3:
                    self.all_here.set()
                await self.all_here.wait()
                return Recovery.retry()

        handler = make(helper=Meets())
        with anyio.fail_after(5):
            assert await handler.handle_errors([context_of(handler) for _ in range(3)]) == [True] * 3

    async def test_an_empty_batch_has_no_answers(self):
        assert await make().handle_errors([]) == []

    async def test_a_failing_plugin_changes_nothing_for_the_rest(self):
        class Broken:
            @hookimpl(tryfirst=True)
            def classify(self):
                raise ValueError("classify")

            @hookimpl(tryfirst=True)
            async def recover(self):
                raise ValueError("recover")

            @hookimpl
            def rate_limit(self):
                raise ValueError("rate_limit")

            @hookimpl
            def monitor(self):
                raise ValueError("monitor")

            @hookimpl
            def analyze(self):
                raise ValueError("analyze")

        recorder = Recorder()
        handler = make(broken=Broken, helper=Answers(Recovery.retry()), recorder=recorder)
        outcome = await handler.process(*context_of(handler))
        assert (outcome.decision, outcome.classification) == (Decision.RETRY, KNOWN)
        hooks = {event.hook for event in recorder.events if event.kind == "plugin"}
        assert hooks == {"classify", "recover", "rate_limit", "monitor", "analyze"}

    async def test_works_before_start_and_after_close(self):
        handler = make(helper=Answers(Recovery.retry()))
        assert await handler.handle_error(*context_of(handler))
        async with handler:
            pass
        assert await handler.handle_error(*context_of(handler))


class TestRetryPolicies:
    HANDLER = make(
        ErrorHandlingConfig(
            retry_policies={
                "network_errors": RetryConfig(max_attempts=5, base_delay=1, max_delay=60),
                "system": RetryConfig(max_attempts=1),
                "TimeoutError": RetryConfig(max_attempts=9),
                "default": RetryConfig(max_attempts=2, jitter=True),
            }
        )
    )

    @pytest.mark.parametrize(
        ("error_type", "attempts"),
        [
            ("network_errors", 5),
            ("network", 5),
            ("ConnectionError", 5),
            ("TimeoutError", 9),
            ("system", 1),
            ("system_errors", 1),
            ("MemoryError", 1),
            ("ValueError", 2),
            ("KeyboardInterrupt", 2),
            ("UnicodeDecodeError", 2),
            ("print", 2),
            ("", 2),
            ("no such thing", 2),
        ],
    )
    def test_are_found_by_name_category_or_default(self, error_type, attempts):
        assert self.HANDLER.get_retry_policy(error_type)["max_attempts"] == attempts

    def test_are_plain_values(self):
        assert self.HANDLER.get_retry_policy("ValueError") == {
            "max_attempts": 2,
            "base_delay": 1.0,
            "max_delay": 60.0,
            "backoff_strategy": "exponential",
            "exponential_base": 2.0,
            "jitter": True,
        }

    def test_without_any_are_the_defaults(self):
        assert make().get_retry_policy("ConnectionError")["max_attempts"] == RetryConfig().max_attempts


class TestCircuitStatus:
    def test_is_gathered_from_every_plugin_that_keeps_circuits(self):
        class Breakers:
            def __init__(self, status):
                self.status = status

            def circuit_breaker_status(self):
                if isinstance(self.status, Exception):
                    raise self.status
                return self.status

        handler = make(
            one=Breakers({"a": "open"}),
            two=Breakers({"b": "closed"}),
            raises=Breakers(ValueError("no")),
            wrong=Breakers(None),
        )
        assert handler.get_circuit_breaker_status() == {"a": "open", "b": "closed"}
        failures = {status.name: status.failures for status in handler.plugins.statuses()}
        assert (failures["raises"], failures["wrong"]) == (1, 1)

    def test_without_any_is_empty(self):
        assert make().get_circuit_breaker_status() == {}


class TestAsHost:
    def test_sanitizes_at_the_configured_level(self):
        handler = make(ErrorHandlingConfig(security=SecurityConfig(sanitization_level=SensitivityLevel.CRITICAL)))
        assert handler.sanitize("key s3cret") == "key ***"
        assert handler.plugins.get("masks").levels == [SensitivityLevel.CRITICAL]

    def test_publishes_sanitized_text(self):
        handler = make(recorder=(recorder := Recorder()))
        handler.publish(StateEvent(subject="venue s3cret", old="up", new="down"))
        assert recorder.events == [StateEvent(subject="venue ***", old="up", new="down")]

    @pytest.mark.anyio
    async def test_makes_guarded_calls(self):
        class Once:
            @hookimpl
            def recover(self, context):
                return Recovery.retry() if context.call.attempts == 1 else None

        handler = make(once=Once)
        seen = []

        async def lookup(order_id):
            seen.append(order_id)
            if len(seen) == 1:
                raise ConnectionError
            return "found"

        operation = Operation(kind=OperationKind.READ)
        assert await handler.call(lookup, "o-1", component="orders", operation=operation) == "found"
        assert await handler.call(lambda: "plain", component="orders", operation=operation) == "plain"
        assert seen == ["o-1", "o-1"]

    def test_a_plugin_that_publishes_while_it_is_built_is_not_an_error(self):
        class Eager:
            def __init__(self, host):
                host.publish(StateEvent(subject="eager", old="", new="built"))

        assert make(eager=Eager).plugins.get("eager") is not None
