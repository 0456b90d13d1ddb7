"""Recovery strategies that the application passes along."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from attrs import evolve

from recoup import (
    UNCLASSIFIED,
    Classification,
    Decision,
    ErrorCategory,
    ErrorContext,
    ErrorHandler,
    ErrorSeverity,
    Recovery,
    RecoveryEvent,
    RecoveryStrategy,
    hookimpl,
)
from recoup.testing import FakeClock

pytestmark = pytest.mark.anyio

KNOWN = Classification(severity=ErrorSeverity.MEDIUM, category=ErrorCategory.NETWORK, retryable=True)


class Core:
    """Classifies, shows everything, and records."""

    def __init__(self, verdict: Classification = KNOWN):
        self.verdict = verdict
        self.events: list[Any] = []
        self.asked = 0

    @hookimpl
    def classify(self, error):
        return self.verdict

    @hookimpl
    def sanitize(self, payload):
        return payload

    @hookimpl
    def monitor(self, event):
        if isinstance(event, RecoveryEvent):
            self.events.append(event)

    @hookimpl
    def recover(self, error):
        self.asked += 1
        return Recovery.recovered("by the plugin")


async def answer_of(strategy: Any, *, verdict: Classification = KNOWN, operation: str = "fetch_ticker") -> Any:
    core = Core(verdict)
    handler = ErrorHandler(discover=False, plugins={"core": core}, clock=FakeClock())
    error = ConnectionError("gone")
    context = handler.create_error_context(error, "exchange", operation, order_id="o-1")
    outcome = await handler.process(error, context, strategy)
    return outcome, core, error, context


class Strategy:
    max_attempts = 2

    def __init__(self, answer: Any = "value", can: bool = True):
        self.answer = answer
        self.can = can
        self.given: list[tuple[Exception, dict[str, Any]]] = []

    def can_recover(self, error, context):
        return self.can

    async def recover(self, error, context):
        self.given.append((error, context))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class TestAStrategyObject:
    def test_needs_no_base_class(self):
        assert isinstance(Strategy(), RecoveryStrategy)

    async def test_recovers_with_its_value(self):
        outcome, core, *_ = await answer_of(Strategy("value"))
        assert (outcome.decision, outcome.value, outcome.plugin) == (Decision.RECOVERED, "value", "recovery_strategy")
        assert core.asked == 0

    async def test_is_given_the_raw_context_as_a_dictionary(self):
        _, _, error, context = await answer_of(strategy := Strategy())
        given_error, given = strategy.given[0]
        assert given_error is error
        assert given["order_id"] == "o-1"
        assert given["error"] is error
        assert given.items() >= (context.to_dict(include_sensitive=True) | {"recovery_attempts": 0}).items()

    @pytest.mark.parametrize("strategy", [Strategy(can=False), Strategy(False)])
    async def test_that_can_t_or_did_not_leaves_the_error_to_the_plugins(self, strategy):
        outcome, *_ = await answer_of(strategy)
        assert (outcome.plugin, outcome.value) == ("core", "by the plugin")

    async def test_may_recover_to_none(self):
        outcome, *_ = await answer_of(Strategy(None))
        assert (outcome.decision, outcome.value) == (Decision.RECOVERED, None)

    async def test_may_answer_with_a_recovery(self):
        outcome, *_ = await answer_of(Strategy(Recovery.retry(3.0)))
        assert (outcome.decision, outcome.delay) == (Decision.RETRY, 3.0)

    async def test_is_asked_no_oftener_than_its_max_attempts(self):
        core = Core()
        handler = ErrorHandler(discover=False, plugins={"core": core}, clock=FakeClock())
        error = ConnectionError("gone")
        context = handler.create_error_context(error, "exchange", "fetch_ticker", max_recovery_attempts=5)
        strategy = Strategy()
        plugins = [(await handler.process(error, context, strategy)).plugin for _ in range(3)]
        assert plugins == ["recovery_strategy", "recovery_strategy", "core"]

    async def test_that_raises_is_recorded_and_the_plugins_are_asked(self):
        outcome, core, *_ = await answer_of(Strategy(RuntimeError("no luck")))
        assert outcome.plugin == "core"
        assert outcome.attempts == 2
        assert core.events[0].plugin == "recovery_strategy"
        assert core.events[0].detail == "the recovery strategy failed: RuntimeError: no luck"

    async def test_may_have_a_plain_recover_method(self):
        class Plain(Strategy):
            def recover(self, error, context):
                return "plain"

        outcome, *_ = await answer_of(Plain())
        assert outcome.value == "plain"


async def takes_both(error, context):
    return ("both", error, context)


async def only_context(context):
    return ("context", context)


def swapped(context, error):
    return ("swapped", context, error)


def keywords_only(*, context, error):
    return ("keywords", context, error)


def all_keywords(**given):
    return ("all", given)


def rest(first, *others):
    return ("rest", first, *others)


def context_and_default(context, attempts=3):
    return ("default", context, attempts)


def positional_only(problem, where, /):
    return ("positional", problem, where)


def default_then_context(order=7, context=None):
    return ("skipped", order, context)


class TestAFunction:
    async def test_is_given_what_it_takes(self):
        cases = {
            takes_both: lambda e, c: ("both", e, c),
            only_context: lambda e, c: ("context", c),
            swapped: lambda e, c: ("swapped", c, e),
            keywords_only: lambda e, c: ("keywords", c, e),
            all_keywords: lambda e, c: ("all", {"error": e, "context": c}),
            rest: lambda e, c: ("rest", e, c),
            context_and_default: lambda e, c: ("default", c, 3),
            positional_only: lambda e, c: ("positional", e, c),
            default_then_context: lambda e, c: ("skipped", 7, c),
        }
        for function, expected in cases.items():
            outcome, _, error, context = await answer_of(function)
            assert outcome.plugin == "recovery_strategy", function
            assert outcome.value == expected(error, context)

    async def test_without_parameters_is_called_without(self):
        outcome, *_ = await answer_of(lambda: "nothing needed")
        assert outcome.value == "nothing needed"

    async def test_with_one_or_two_parameters_of_any_name_gets_error_and_context(self):
        one, _, error, _ = await answer_of(lambda e: e)
        assert one.value is error
        two, _, error, context = await answer_of(lambda e, c: (e, c))
        assert two.value == (error, context)

    async def test_a_default_bound_in_a_loop_is_left_alone(self):
        for order in ("o-1", "o-2"):
            outcome, *_ = await answer_of(lambda e, order=order: order)
            assert outcome.value == order

    async def test_a_partial_counts_what_is_left_open(self):
        outcome, _, error, context = await answer_of(partial(lambda client, e, c: (client, e, c), "client"))
        assert outcome.value == ("client", error, context)

    async def test_a_method_is_not_given_its_own_self(self):
        class Desk:
            async def recover(self, error: Exception, context: ErrorContext) -> Any:
                return (self, error, context)

        desk = Desk()
        outcome, _, error, context = await answer_of(desk.recover)
        assert outcome.value == (desk, error, context)

    async def test_a_function_that_shows_no_signature_is_called_without_arguments(self):
        class Opaque:
            @property
            def __signature__(self):
                raise ValueError("no signature found")

            def __call__(self, *args):
                return args

        outcome, *_ = await answer_of(Opaque())
        assert outcome.value == ()

    async def test_false_means_that_it_did_not_recover(self):
        assert (await answer_of(lambda: False))[0].plugin == "core"

    @pytest.mark.parametrize("value", [None, 0, "", [], {}])
    async def test_no_other_falsy_value_does(self, value):
        outcome, *_ = await answer_of(lambda: value)
        assert outcome.decision is Decision.RECOVERED
        assert outcome.value == value

    async def test_a_needed_parameter_that_nobody_can_fill_is_a_recorded_failure(self):
        outcome, core, *_ = await answer_of(lambda e, c, third: None)
        assert outcome.plugin == "core"
        assert "TypeError" in core.events[0].detail

    async def test_something_that_can_t_be_called_is_a_recorded_failure(self):
        outcome, core, *_ = await answer_of(42)
        assert outcome.plugin == "core"
        assert "42 is not a callable object" in core.events[0].detail


class TestTheFirstPromise:
    UNKNOWN = evolve(KNOWN, outcome_known=False)

    async def test_an_unverified_retry_of_a_side_effect_with_unknown_outcome_is_not_taken(self):
        outcome, core, *_ = await answer_of(Strategy(Recovery.retry()), verdict=self.UNKNOWN, operation="create_order")
        assert (outcome.decision, outcome.plugin) == (Decision.UNKNOWN, None)
        assert "without verification" in core.events[0].detail

    async def test_nor_where_nobody_knows_the_error(self):
        outcome, *_ = await answer_of(Recovery.retry, verdict=UNCLASSIFIED, operation="rebalance")
        assert outcome.decision is not Decision.RETRY

    async def test_a_verified_one_is(self):
        outcome, *_ = await answer_of(
            Strategy(Recovery.retry(verified=True)), verdict=self.UNKNOWN, operation="create_order"
        )
        assert (outcome.decision, outcome.plugin) == (Decision.RETRY, "recovery_strategy")

    async def test_a_read_may_be_repeated_anyway(self):
        outcome, *_ = await answer_of(Strategy(Recovery.retry()), verdict=self.UNKNOWN)
        assert outcome.decision is Decision.RETRY
