"""The retry plugin's recover hook."""

from __future__ import annotations

from collections import Counter

import attrs
import pytest

from recoup import (
    UNCLASSIFIED,
    Call,
    CircuitOpen,
    Classification,
    Config,
    Decision,
    ErrorCategory,
    ErrorHandlingConfig,
    ErrorSeverity,
    FailureReason,
    Operation,
    OperationKind,
    RetryConfig,
)
from recoup_plugins.retry import RetryPlugin

SLOW = RetryConfig(max_attempts=3, base_delay=10)
PERMANENT = [
    FailureReason.PROGRAMMING,
    FailureReason.AUTHENTICATION,
    FailureReason.PERMISSION,
    FailureReason.INSUFFICIENT_FUNDS,
    FailureReason.ORDER_REJECTED,
    FailureReason.ORDER_NOT_FOUND,
    FailureReason.INVALID_REQUEST,
    FailureReason.DUPLICATE_ORDER,
    FailureReason.REFUSED,
]


class VenueError(Exception):
    pass


class VenueBusy(VenueError):
    pass


def classified(**kwargs) -> Classification:
    fields = {"severity": ErrorSeverity.MEDIUM, "category": ErrorCategory.NETWORK, "retryable": True}
    return Classification(**(fields | kwargs))


def guarded(*policies, kind=OperationKind.READ, deadline=None, **kwargs) -> Call:
    return Call(operation=Operation(kind=kind, deadline=deadline), policies=policies, attempts=1, **kwargs)


@pytest.fixture
def ask(host, make_context):
    """Ask the plugin about an error."""

    def ask(error=None, *, policies=None, **kwargs):
        host.config = Config(error_handling=ErrorHandlingConfig(retry_policies=policies or {}))
        error = error or ConnectionError("reset")
        return RetryPlugin(host).recover(error, make_context(error, **({"classification": classified()} | kwargs)))

    return ask


def test_a_call_is_repeated_until_its_attempts_are_used_up(ask):
    call = guarded(RetryConfig(max_attempts=4, base_delay=2, max_delay=5))

    delays = []
    while (answer := ask(call=call)) is not None:
        assert answer.decision is Decision.RETRY
        assert not answer.verified
        delays.append(answer.delay)
        call.attempts += 1
        call.answers["retry"] += 1

    assert delays == [2, 4, 5]


def test_one_attempt_means_no_repetition(ask):
    assert ask(call=guarded(RetryConfig(max_attempts=1))) is None


def test_repetitions_that_other_plugins_asked_for_eat_no_attempt(ask):
    call = guarded(SLOW, answers=Counter(api_rate_limit=50))
    call.attempts = 51

    assert ask(call=call).delay == 10


def test_errors_that_the_application_handles_count_the_contexts_recoveries(ask):
    delays = [ask(recovery_attempts=n, policies={"default": SLOW}) for n in range(4)]

    assert [answer and answer.delay for answer in delays] == [10, 20, None, None]


class TestPolicy:
    POLICIES = {  # noqa: RUF012
        "VenueError": RetryConfig(base_delay=1),
        "network_errors": RetryConfig(base_delay=2),
        "exchange": RetryConfig(base_delay=3),
        "default": RetryConfig(base_delay=4),
    }

    def test_the_guards_own_comes_first(self, ask):
        assert ask(VenueError(), call=guarded(SLOW), policies=self.POLICIES).delay == 10

    @pytest.mark.parametrize("error", [VenueError(), VenueBusy()])
    def test_then_the_class_name_and_those_of_base_classes(self, ask, error):
        assert ask(error, policies=self.POLICIES).delay == 1

    def test_the_nearest_base_class_wins(self, ask):
        policies = {"Exception": RetryConfig(base_delay=8), "VenueBusy": RetryConfig(base_delay=9)}

        assert ask(VenueBusy(), policies=policies).delay == 9
        assert ask(VenueError(), policies=policies).delay == 8

    @pytest.mark.parametrize(
        ("category", "delay"),
        [(ErrorCategory.NETWORK, 2), (ErrorCategory.EXCHANGE, 3), (ErrorCategory.DATABASE, 4)],
    )
    def test_then_the_category_with_or_without_errors_then_default(self, ask, category, delay):
        assert ask(classification=classified(category=category), policies=self.POLICIES).delay == delay

    def test_policies_for_other_errors_leave_the_default(self, ask):
        assert ask(policies={"database_errors": SLOW}).delay == 1

    @pytest.mark.parametrize("kind", [OperationKind.READ, OperationKind.IDEMPOTENT_WRITE, OperationKind.CANCEL])
    def test_calls_that_may_be_repeated_have_a_default(self, ask, kind):
        assert ask(call=guarded(kind=kind)).delay == 1

    @pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.UNSPECIFIED])
    def test_other_guarded_calls_have_none_unless_configured(self, ask, kind):
        assert ask(call=guarded(kind=kind)) is None
        assert ask(call=guarded(kind=kind), policies={"default": SLOW}).delay == 10

    def test_errors_that_the_application_handles_have_a_default(self, ask):
        assert ask().delay == 1


class TestUnknownOutcome:
    @pytest.mark.parametrize("kind", [OperationKind.SUBMIT, OperationKind.AMEND, OperationKind.UNSPECIFIED])
    def test_a_side_effect_is_never_repeated(self, ask, kind):
        explicit = RetryConfig(exceptions=(ConnectionError,))

        assert ask(call=guarded(explicit, kind=kind), classification=classified(outcome_known=False)) is None

    def test_a_read_is_repeated(self, ask):
        assert ask(call=guarded(), classification=classified(outcome_known=False)) is not None

    def test_an_error_that_the_application_handles_goes_by_the_operations_name(self, ask):
        unknown = classified(outcome_known=False)

        assert ask(classification=unknown, operation="create_order") is None
        assert ask(classification=unknown, operation="fetch_order") is not None


class TestPermanentFailures:
    @pytest.mark.parametrize("reason", PERMANENT)
    def test_they_are_not_repeated(self, ask, reason):
        permanent = classified(retryable=False, reason=reason)

        assert ask(classification=permanent) is None
        assert ask(classification=permanent, call=guarded(SLOW)) is None

    @pytest.mark.parametrize(
        "category", [ErrorCategory.VALIDATION, ErrorCategory.CONFIGURATION, ErrorCategory.BUSINESS_LOGIC]
    )
    def test_nor_are_those_known_by_category(self, ask, category):
        assert ask(call=guarded(SLOW), classification=classified(retryable=False, category=category)) is None

    def test_a_guard_that_names_the_exception_insists(self, ask):
        permanent = classified(retryable=False, reason=FailureReason.PROGRAMMING)
        call = guarded(attrs.evolve(SLOW, exceptions=(LookupError,)))

        assert ask(KeyError("k"), call=call, classification=permanent).delay == 10
        assert ask(TypeError(), call=call, classification=permanent) is None

    @pytest.mark.parametrize("unknown", [UNCLASSIFIED, None])
    def test_a_guard_with_a_policy_repeats_what_nobody_knows(self, ask, unknown):
        assert ask(VenueError(), call=guarded(SLOW), classification=unknown).delay == 10

    def test_a_refusal_is_not_repeated_even_where_nobody_classifies_it_unless_it_is_named(self, ask):
        refusal = CircuitOpen("open", key="venue", retry_after=5)
        named = attrs.evolve(SLOW, exceptions=(CircuitOpen,))

        assert ask(refusal, call=guarded(SLOW), classification=UNCLASSIFIED) is None
        assert ask(refusal, call=guarded(named), classification=UNCLASSIFIED).delay == 10

    def test_without_a_policy_of_the_guard_what_nobody_knows_is_not_repeated(self, ask):
        assert ask(VenueError(), call=guarded(), classification=UNCLASSIFIED) is None
        assert ask(VenueError(), call=guarded(), classification=UNCLASSIFIED, policies={"default": SLOW}) is None


def test_only_the_exceptions_of_the_policy_are_repeated(ask):
    call = guarded(RetryConfig(exceptions=(VenueError,)))

    assert ask(VenueBusy(), call=call) is not None
    assert ask(ConnectionError(), call=call) is None


class TestDelay:
    def test_the_time_that_the_other_side_asked_for_counts_even_above_the_maximum(self, ask):
        call = guarded(RetryConfig(base_delay=1, max_delay=5))

        assert ask(call=call, classification=classified(retry_after=90)).delay == 90
        assert ask(call=call, classification=classified(retry_after=0)).delay == 0

    def test_jitter_is_drawn_from_the_hosts_random(self, ask, host):
        call = guarded(RetryConfig(base_delay=8, jitter=True))

        drawn = [ask(call=call).delay for _ in range(5)]
        host.random.seed(0)

        assert drawn == [ask(call=call).delay for _ in range(5)]
        assert len(set(drawn)) == 5
        assert all(0 <= delay <= 8 for delay in drawn)

    @pytest.mark.parametrize(("elapsed", "answered"), [(0, True), (19.9, True), (20, False), (25, False), (40, False)])
    def test_no_wait_that_would_outlast_the_deadline(self, ask, host, elapsed, answered):
        call = guarded(SLOW, deadline=30)
        host.clock.advance(elapsed)

        assert (ask(call=call) is not None) is answered

    def test_the_deadline_holds_against_the_other_sides_wish_too(self, ask):
        call = guarded(SLOW, deadline=30)

        assert ask(call=call, classification=classified(retry_after=31)) is None


def test_a_guard_that_takes_no_repetition_is_not_offered_one(ask, host):
    before = host.random.getstate()

    assert ask(call=guarded(RetryConfig(jitter=True), may_repeat=False)) is None
    assert host.random.getstate() == before


def test_it_serves_retry_policies():
    assert RetryPlugin.serves == (RetryConfig,)
