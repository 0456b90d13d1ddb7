"""What ccxt's errors mean for a submit: by class, and against every error map of five venues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ccxt
import pytest
from ccxt.base import errors
from hypothesis import given
from hypothesis import strategies as st

from recoup import FailureReason
from recoup_ccxt import CcxtClassifier, UnreadableAnswer
from recoup_ccxt.exception_table import CLASSES, ccxt_class
from recoup_ccxt.message import Message
from recoup_ccxt.venue_codes import VENUES as VENUE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERY_CLASS = [getattr(ccxt, name) for name in errors.__all__ if name != "error_hierarchy"]
VENUES = ["binance", "okx", "bybit", "kraken", "kucoin"]


@pytest.fixture
def classify(host, make_context):
    plugin = CcxtClassifier(host)
    return lambda error: plugin.classify(error, make_context(error))


def test_every_name_in_the_table_is_a_class_of_ccxt():
    assert set(CLASSES) <= set(errors.__all__)


@pytest.mark.parametrize("kind", EVERY_CLASS)
def test_every_class_of_ccxt_is_classified(classify, kind):
    found = classify(kind("binance something"))
    assert found is not None
    if issubclass(kind, ccxt.OperationFailed) and found.outcome_known:
        # Only what is refused before execution may be sent again without a look.
        assert kind in {ccxt.DDoSProtection, ccxt.RateLimitExceeded, ccxt.InvalidNonce}


@pytest.mark.parametrize(
    ("kind", "reason", "retryable", "known"),
    [
        (ccxt.AuthenticationError, FailureReason.AUTHENTICATION, False, True),
        (ccxt.PermissionDenied, FailureReason.PERMISSION, False, True),
        (ccxt.AccountNotEnabled, FailureReason.PERMISSION, False, True),
        (ccxt.AccountSuspended, FailureReason.PERMISSION, False, True),
        (ccxt.BadSymbol, FailureReason.INVALID_REQUEST, False, True),
        (ccxt.InsufficientFunds, FailureReason.INSUFFICIENT_FUNDS, False, True),
        (ccxt.InvalidOrder, FailureReason.ORDER_REJECTED, False, True),
        (ccxt.OrderNotFound, FailureReason.ORDER_NOT_FOUND, False, True),
        (ccxt.DuplicateOrderId, FailureReason.DUPLICATE_ORDER, False, True),
        (ccxt.MarketClosed, FailureReason.ORDER_REJECTED, False, True),
        (ccxt.OnMaintenance, FailureReason.MAINTENANCE, True, False),
        (ccxt.InvalidNonce, FailureReason.CLOCK_SKEW, True, True),
        (ccxt.RateLimitExceeded, FailureReason.RATE_LIMITED, True, True),
        (ccxt.RequestTimeout, FailureReason.TIMEOUT, True, False),
        (ccxt.NetworkError, FailureReason.CONNECTION_LOST, True, False),
        (ccxt.ExchangeNotAvailable, FailureReason.SERVER_ERROR, True, False),
        (ccxt.OperationFailed, FailureReason.SERVER_ERROR, True, False),
        (ccxt.BadResponse, FailureReason.BAD_RESPONSE, True, False),
        (ccxt.NullResponse, FailureReason.BAD_RESPONSE, True, False),
        (ccxt.ExchangeError, FailureReason.OTHER, False, False),
    ],
)
def test_class_alone(classify, kind, reason, retryable, known):
    found = classify(kind("venue something"))
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, known)


def test_an_answer_without_an_order_id_leaves_the_outcome_unknown(classify):
    found = classify(UnreadableAnswer("no id"))
    assert (found.reason, found.retryable, found.outcome_known) == (FailureReason.BAD_RESPONSE, True, False)


def test_what_is_not_ccxts_is_left_to_others(classify):
    assert classify(ValueError("x")) is None
    assert classify(type("ExchangeError", (Exception,), {})("x")) is None


def test_subclasses_of_the_application_count_as_their_base(classify):
    assert classify(type("Mine", (ccxt.InvalidOrder,), {})("x")).reason is FailureReason.ORDER_REJECTED


@pytest.mark.parametrize(
    ("error", "reason", "retryable", "known"),
    [
        (ccxt.OperationFailed('binance {"code":-1000,"msg":"x"}'), FailureReason.SERVER_ERROR, True, False),
        (ccxt.ExchangeError('binance {"code":-1001,"msg":"x"}'), FailureReason.SERVER_ERROR, True, False),
        (ccxt.ExchangeError('binance {"code":-1006,"msg":"x"}'), FailureReason.SERVER_ERROR, True, False),
        (ccxt.RequestTimeout('binance {"code":-1007,"msg":"x"}'), FailureReason.TIMEOUT, True, False),
        (ccxt.OperationFailed('binance {"code":-1008,"msg":"x"}'), FailureReason.RATE_LIMITED, True, True),
        (ccxt.BadRequest('binance {"code":-1021,"msg":"x"}'), FailureReason.CLOCK_SKEW, True, True),
        (ccxt.DDoSProtection('binance {"code":-2015,"msg":"x"}'), FailureReason.AUTHENTICATION, False, True),
        (ccxt.DDoSProtection("binance 429 Too Many {}"), FailureReason.RATE_LIMITED, True, True),
        (ccxt.DDoSProtection("binance 418 I'm a teapot {}"), FailureReason.BANNED, True, True),
        (
            ccxt.InvalidOrder('binance {"code":-2010,"msg":"Duplicate order sent."}'),
            FailureReason.DUPLICATE_ORDER,
            False,
            True,
        ),
        (
            ccxt.InvalidOrder('binance {"code":-2010,"msg":"Account has insufficient balance"}'),
            FailureReason.INSUFFICIENT_FUNDS,
            False,
            True,
        ),
        (
            ccxt.InvalidOrder('binance {"code":-2010,"msg":"Stop price would trigger immediately."}'),
            FailureReason.ORDER_REJECTED,
            False,
            True,
        ),
        (ccxt.ExchangeError('binance {"code":-9999,"msg":"never seen"}'), FailureReason.OTHER, False, False),
        (ccxt.ExchangeError('binance {"code":-1121,"msg":"Invalid"}'), FailureReason.ORDER_REJECTED, False, True),
        (
            ccxt.InvalidOrder('okx {"code":"1","data":[{"sCode":"51016","sMsg":"x"}]}'),
            FailureReason.DUPLICATE_ORDER,
            False,
            True,
        ),
        (ccxt.ExchangeNotAvailable("okx POST https://o/x 429 Too Many {}"), FailureReason.RATE_LIMITED, True, True),
        (ccxt.RequestTimeout('okx {"code":"50004","data":[]}'), FailureReason.TIMEOUT, True, False),
        (ccxt.ExchangeError('bybit {"retCode":10016,"retMsg":"x"}'), FailureReason.SERVER_ERROR, True, False),
        (ccxt.InvalidOrder('bybit {"retCode":170146,"retMsg":"x"}'), FailureReason.TIMEOUT, True, False),
        (ccxt.InvalidOrder('bybit {"retCode":110072,"retMsg":"x"}'), FailureReason.DUPLICATE_ORDER, False, True),
        (ccxt.ExchangeError('kraken {"error":["EService:Timeout"]}'), FailureReason.TIMEOUT, True, False),
        (ccxt.ExchangeError('kraken {"error":["EOrder:Margin"]}'), FailureReason.ORDER_REJECTED, False, True),
        (ccxt.ExchangeError('kraken {"error":["EWhatever:New"]}'), FailureReason.OTHER, False, False),
        (ccxt.DDoSProtection('kraken {"error":["EGeneral:Temporary lockout"]}'), FailureReason.BANNED, True, True),
        (ccxt.InvalidOrder('kucoin {"code":"126044","msg":"x"}'), FailureReason.DUPLICATE_ORDER, False, True),
        (ccxt.ExchangeNotAvailable("gate POST https://g/x 502 Bad G <html>"), FailureReason.SERVER_ERROR, True, False),
        (ccxt.ExchangeNotAvailable("gate POST https://g/x 403 Forb <html>"), FailureReason.PERMISSION, False, True),
        (
            ccxt.ExchangeNotAvailable("gate POST https://g/x 503 S <h1>maintenance</h1>"),
            FailureReason.MAINTENANCE,
            True,
            False,
        ),
        (ccxt.OnMaintenance('okx {"code":"50001","data":[]}'), FailureReason.MAINTENANCE, True, False),
        (
            ccxt.OnMaintenance('kraken {"error":["EService:Market in cancel_only mode"]}'),
            FailureReason.MAINTENANCE,
            True,
            True,
        ),
    ],
)
def test_where_the_class_misleads_the_venue_or_the_status_decides(classify, error, reason, retryable, known):
    found = classify(error)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, known)


def entries(mapping: dict) -> Iterator[tuple[str, type[Exception]]]:
    for key, value in mapping.items():
        if isinstance(value, dict):
            yield from entries(value)
        else:
            yield key, value


def body(venue: str, key: str) -> str:
    """The answer in which the venue would use this code or text."""
    if venue == "kraken":
        return f'kraken {{"error":["{key}"]}}'
    name = "retCode" if venue == "bybit" else "code"
    quoted = key if venue in ("binance", "bybit") else f'"{key}"'
    if not key.lstrip("-").isdigit():
        return f'{venue} {{"{name}":"-1","msg":"{key}"}}'
    return f'{venue} {{"{name}":{quoted},"msg":""}}'


RULED_BY_VENUE = {
    FailureReason.DUPLICATE_ORDER,
    FailureReason.RATE_LIMITED,
    FailureReason.TIMEOUT,
    FailureReason.SERVER_ERROR,
    FailureReason.AUTHENTICATION,
    FailureReason.PERMISSION,
    FailureReason.INSUFFICIENT_FUNDS,
    FailureReason.ORDER_NOT_FOUND,
    FailureReason.CLOCK_SKEW,
    FailureReason.BANNED,
    FailureReason.ORDER_REJECTED,
    FailureReason.MAINTENANCE,
}


@pytest.mark.parametrize("venue", VENUES)
def test_every_entry_of_the_venues_own_error_map(classify, venue):
    """Entries agree with their class except where a table says why not, and none in doubt may be sent again."""
    disagreements = []
    count = 0
    for key, kind in entries(getattr(ccxt, venue)().exceptions):
        count += 1
        error = kind(body(venue, key))
        found = classify(error)
        by_class = CLASSES[ccxt_class(error)]
        if (found.reason, found.outcome_known) != (by_class.reason, by_class.outcome_known):
            disagreements.append(f"{venue} {key!r} {kind.__name__}: {by_class.reason} -> {found.reason}")
            assert found.reason in RULED_BY_VENUE or not found.outcome_known
        if found.retryable and found.outcome_known:
            assert found.reason in {
                FailureReason.RATE_LIMITED,
                FailureReason.BANNED,
                FailureReason.MAINTENANCE,
                FailureReason.CLOCK_SKEW,
            }
    print("\n".join(disagreements))  # noqa: T201 - shown by pytest -rP
    assert count > 20


@pytest.mark.parametrize("venue", ccxt.exchanges)
def test_in_every_map_of_ccxt_nothing_in_doubt_may_be_sent_again(classify, venue):
    for key, kind in entries(getattr(ccxt, venue)().exceptions or {}):
        if not (isinstance(kind, type) and issubclass(kind, ccxt.BaseError)):
            continue
        found = classify(kind(body(venue, key)))
        if found.retryable and found.outcome_known:
            refused = (ccxt.DDoSProtection, ccxt.RateLimitExceeded, ccxt.InvalidNonce)
            assert issubclass(kind, refused) or venue in VENUE_TABLES, key


@given(st.text())
def test_any_message_can_be_read(text):
    message = Message.of(Exception(text))
    assert message.status is None or 400 <= message.status <= 599


def test_codes_that_mean_success_are_no_errors():
    assert Message.of(Exception('okx {"code":"0","data":[{"sCode":"51008"}]}')).codes == ("51008",)


def test_of_errors_that_are_not_ccxts_the_class_tells_all(host):
    plugin = CcxtClassifier(host)
    assert all(plugin.needs_error(kind) for kind in EVERY_CLASS)
    assert not any(plugin.needs_error(kind) for kind in (ConnectionError, ValueError, UnreadableAnswer))
