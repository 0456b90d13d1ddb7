"""What the classifier says of the language's own errors, of statuses, chains and groups."""

from __future__ import annotations

import errno
import json
import os
import socket
import ssl
from datetime import timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup import Classification, ErrorCategory, ErrorSeverity, FailureReason, FailureStage
from recoup.errors import CircuitOpen, ConfigError, OrderNotVerifiable, OutcomeUnknown, RecoupError, ServiceDegraded
from recoup.testing import FakeClock
from recoup_plugins.classifier import Classifier
from recoup_plugins.classifier.group import MAX_MEMBERS
from recoup_plugins.classifier.plugin import MAX_TYPES
from recoup_plugins.classifier.retry_after import parse_retry_after


class Answered(Exception):
    """A client's error that is in no table and carries a response."""

    def __init__(self, status: int, headers: dict[str, str] | None = None, text: str = "") -> None:
        super().__init__(f"HTTP {status}")
        self.response = SimpleNamespace(status_code=status, headers=headers or {}, text=text)


@pytest.fixture
def classify(host, make_context):
    plugin = Classifier(host)
    return lambda error: plugin.classify(error, make_context(error))


@pytest.mark.parametrize("error", [TypeError(), KeyError("k"), AttributeError(), IndexError(), ZeroDivisionError()])
def test_a_defect_is_not_retried_and_leaves_open_what_was_sent_before_it(classify, error):
    found = classify(error)
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.PROGRAMMING, False, False)


def test_a_wrong_value_is_a_validation_error(classify):
    assert classify(ValueError("x")).category is ErrorCategory.VALIDATION


def test_no_memory_and_no_disk_are_critical(classify):
    for error in (MemoryError(), OSError(errno.ENOSPC, "full")):
        found = classify(error)
        assert found.severity is ErrorSeverity.CRITICAL
        assert found.reason is FailureReason.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("error", [ConnectionRefusedError(), OSError(errno.ECONNREFUSED, "no"), socket.gaierror(-2)])
def test_what_never_connected_was_never_sent(classify, error):
    found = classify(error)
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.CONNECTION_FAILED, True, True)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionResetError(), FailureReason.CONNECTION_LOST),
        (BrokenPipeError(), FailureReason.CONNECTION_LOST),
        (OSError(errno.ENETUNREACH, "route went away"), FailureReason.CONNECTION_LOST),
        (TimeoutError(), FailureReason.TIMEOUT),
        (OSError(errno.ETIMEDOUT, "slow"), FailureReason.TIMEOUT),
        (EOFError(), FailureReason.CONNECTION_LOST),
        (anyio.EndOfStream(), FailureReason.CONNECTION_LOST),
    ],
)
def test_what_broke_under_way_leaves_the_outcome_unknown(classify, error, reason):
    found = classify(error)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, True, False)


def test_a_failed_certificate_check_sends_nothing_and_heals_by_no_repetition(classify):
    found = classify(ssl.SSLCertVerificationError("self-signed certificate"))
    assert (found.retryable, found.outcome_known) == (False, True)


def test_an_answer_that_is_no_json_leaves_the_outcome_unknown(classify):
    with pytest.raises(ValueError) as caught:
        json.loads("<html>")
    assert classify(caught.value).reason is FailureReason.BAD_RESPONSE
    assert not classify(caught.value).outcome_known


def test_a_missing_file_is_a_matter_of_configuration(classify, tmp_path):
    with pytest.raises(OSError) as caught:
        os.stat(tmp_path / "none")  # noqa: PTH116
    assert classify(caught.value).category is ErrorCategory.CONFIGURATION


@pytest.mark.parametrize("error", [Exception("?"), RuntimeError("?"), OSError("no errno"), RecoupError("?")])
def test_what_it_does_not_know_it_leaves_to_others(classify, error):
    assert classify(error) is None


@pytest.mark.parametrize(
    ("status", "reason", "retryable", "known"),
    [
        (400, FailureReason.INVALID_REQUEST, False, True),
        (401, FailureReason.AUTHENTICATION, False, True),
        (403, FailureReason.PERMISSION, False, True),
        (404, FailureReason.INVALID_REQUEST, False, True),
        (408, FailureReason.TIMEOUT, True, False),
        (409, FailureReason.INVALID_REQUEST, False, False),
        (418, FailureReason.BANNED, True, True),
        (422, FailureReason.INVALID_REQUEST, False, True),
        (425, FailureReason.SERVER_ERROR, True, True),
        (429, FailureReason.RATE_LIMITED, True, True),
        (451, FailureReason.PERMISSION, False, True),
        (500, FailureReason.SERVER_ERROR, True, False),
        (502, FailureReason.SERVER_ERROR, True, False),
        (503, FailureReason.SERVER_ERROR, True, False),
        (504, FailureReason.TIMEOUT, True, False),
        (521, FailureReason.CONNECTION_FAILED, True, True),
    ],
)
def test_status_of_an_unknown_clients_response(classify, status, reason, retryable, known):
    found = classify(Answered(status))
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, known)


@pytest.mark.parametrize("name", ["status_code", "status", "code"])
def test_status_on_the_error_itself_also_where_it_derives_from_a_builtin(classify, name):
    error = type("ApiError", (ValueError,), {name: 429})("slow down")
    assert classify(error).reason is FailureReason.RATE_LIMITED


@pytest.mark.parametrize("value", [200, 4290, "429", True, None])
def test_what_is_no_error_status_counts_as_none(classify, value):
    assert classify(type("ApiError", (Exception,), {"code": value})()) is None


def test_a_503_that_says_maintenance_is_maintenance_and_says_nothing_of_the_order(classify):
    found = classify(Answered(503, text="<h1>Scheduled Maintenance</h1>"))
    assert (found.reason, found.outcome_known) == (FailureReason.MAINTENANCE, False)


def test_retry_after_is_read_in_any_case_and_form(classify, host):
    date = format_datetime(host.clock.now() + timedelta(seconds=90), usegmt=True)
    assert classify(Answered(429, {"retry-AFTER": "7"})).retry_after == 7.0
    assert classify(Answered(503, {"Retry-After": date})).retry_after == 90.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0.0), ("-5", 0.0), ("1.5", 1.5), ("soon", None), ("", None), ("1e3", None), ("9" * 500, None)],
)
def test_retry_after_garbage_is_ignored_and_the_past_is_now(text, seconds):
    assert parse_retry_after(text, FakeClock()) == seconds
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", FakeClock()) == 0.0


@given(st.text())
def test_retry_after_never_fails(text):
    wait = parse_retry_after(text, FakeClock())
    assert wait is None or wait >= 0


def raised(error: Exception, cause: Exception | None = None, context: Exception | None = None) -> Exception:
    error.__cause__ = cause
    error.__context__ = context
    error.__suppress_context__ = cause is not None
    return error


def test_an_unknown_wrapper_means_what_it_was_raised_from(classify):
    found = classify(raised(RuntimeError(), cause=raised(Exception(), cause=ConnectionRefusedError())))
    assert (found.reason, found.outcome_known) == (FailureReason.CONNECTION_FAILED, True)


def test_what_was_handled_meanwhile_is_not_believed_about_the_outcome(classify):
    found = classify(raised(RuntimeError(), context=ConnectionRefusedError()))
    assert (found.reason, found.outcome_known) == (FailureReason.CONNECTION_FAILED, False)


def test_a_known_error_is_not_overruled_by_what_was_handled_meanwhile(classify):
    assert classify(raised(KeyError("k"), context=ConnectionResetError())).reason is FailureReason.PROGRAMMING


def test_a_chain_that_bites_its_tail_ends(classify):
    first, second = RuntimeError("a"), RuntimeError("b")
    raised(first, cause=second, context=second)
    raised(second, cause=first, context=first)
    assert classify(first) is None


def test_the_worst_member_speaks_for_a_group(classify):
    found = classify(ExceptionGroup("g", [Answered(429, {"Retry-After": "3"}), MemoryError(), TimeoutError()]))
    assert found.severity is ErrorSeverity.CRITICAL
    assert (found.retryable, found.outcome_known, found.retry_after) == (False, False, 3.0)


def test_a_group_is_retryable_and_known_only_if_every_member_is(classify):
    both = classify(ExceptionGroup("g", [Answered(429), ConnectionRefusedError()]))
    assert (both.retryable, both.outcome_known) == (True, True)
    one = classify(ExceptionGroup("g", [Answered(429), RuntimeError("?")]))
    assert (one.retryable, one.outcome_known) == (False, False)
    assert classify(ExceptionGroup("g", [RuntimeError("?")])) is None


def test_a_group_too_large_to_look_through_leaves_the_outcome_unknown(classify):
    found = classify(ExceptionGroup("g", [ConnectionRefusedError() for _ in range(MAX_MEMBERS + 1)]))
    assert (found.retryable, found.outcome_known) == (False, False)


def test_a_deep_and_wide_group_costs_a_bounded_time(classify):
    error: Exception = ConnectionRefusedError()
    for _ in range(50):
        error = ExceptionGroup("g", [error, error, error])
    assert classify(error) is None


def test_refusals_of_recoup_itself_carry_their_wait(classify):
    found = classify(CircuitOpen("open", key="venue", retry_after=12.5))
    assert found == Classification(
        severity=ErrorSeverity.MEDIUM,
        category=ErrorCategory.SYSTEM,
        retryable=True,
        retry_after=12.5,
        reason=FailureReason.REFUSED,
        stage=FailureStage.BEFORE_SEND,
    )
    assert classify(CircuitOpen("open", key="venue")).retry_after is None


def test_a_side_effect_that_was_not_sent_again_may_have_happened_before(classify):
    found = classify(OutcomeUnknown("it may exist", key="order-1"))
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.REFUSED, False, False)


def test_degraded_service_leaves_open_what_its_cause_left_open(classify):
    degraded = ServiceDegraded("down", key="venue")
    assert classify(degraded).outcome_known
    assert not classify(raised(degraded, cause=TimeoutError())).outcome_known


def test_other_errors_of_recoup(classify):
    assert classify(ConfigError([])).category is ErrorCategory.CONFIGURATION
    assert not classify(OrderNotVerifiable("?")).outcome_known


def test_the_cache_is_bounded_and_forgetting_changes_no_answer(host, make_context):
    plugin = Classifier(host)
    for number in range(MAX_TYPES * 2 + 10):
        error = type(f"E{number}", (ConnectionResetError,), {})()
        assert plugin.classify(error, make_context(error)).reason is FailureReason.CONNECTION_LOST
    assert len(plugin._rules) <= MAX_TYPES


def test_threads_get_the_answers_that_one_gets(host, make_context):
    from concurrent.futures import ThreadPoolExecutor

    plugin = Classifier(host)
    errors = [type(f"T{n}", (base,), {})() for n in range(400) for base in (ConnectionResetError, TypeError)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda error: plugin.classify(error, make_context(error)).reason, errors))
    assert answers == [FailureReason.CONNECTION_LOST, FailureReason.PROGRAMMING] * 400
