"""What ccxt's errors mean for a submit: by class, and where the class misleads."""

from __future__ import annotations

import time

import ccxt
import pytest
from ccxt.base import errors
from hypothesis import given
from hypothesis import strategies as st

from recoup import FailureReason, FailureStage
from recoup_ccxt import CcxtClassifier, UnreadableAnswer
from recoup_ccxt.exception_table import CLASSES
from recoup_ccxt.message import Message
from recoup_ccxt.phrases import LONGEST

EVERY_CLASS = [getattr(ccxt, name) for name in errors.__all__ if name != "error_hierarchy"]


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
        (ccxt.DuplicateOrderId, FailureReason.DUPLICATE_ORDER, False, False),
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
        (ccxt.OperationFailed('binance {"code":-1008,"msg":"overloaded"}'), FailureReason.SERVER_ERROR, True, False),
        (
            ccxt.OperationFailed('binance {"code":-1008,"msg":"Request throttled by system-level protection."}'),
            FailureReason.RATE_LIMITED,
            True,
            True,
        ),
        (ccxt.InvalidNonce('binance {"code":-1021,"msg":"x"}'), FailureReason.CLOCK_SKEW, True, True),
        (
            ccxt.ExchangeError(
                'binance {"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."}'
            ),
            FailureReason.CLOCK_SKEW,
            True,
            True,
        ),
        # A number alone gives no leave to send again where ccxt's class gives none.
        (ccxt.ExchangeError('binance {"code":-1021,"msg":"x"}'), FailureReason.OTHER, False, False),
        (ccxt.ExchangeError('binance {"code":-1003,"msg":"x"}'), FailureReason.OTHER, False, False),
        (
            ccxt.ExchangeError('binance {"code":-1003,"msg":"Too many requests"}'),
            FailureReason.RATE_LIMITED,
            True,
            True,
        ),
        (ccxt.DDoSProtection('binance {"code":-1,"msg":"Invalid API-key"}'), FailureReason.AUTHENTICATION, False, True),
        (
            ccxt.DDoSProtection("binance 429 Too Many Requests Invalid API-key, IP, or permissions for action"),
            FailureReason.AUTHENTICATION,
            False,
            True,
        ),
        (ccxt.DDoSProtection('binance {"code":-2015,"msg":"x"}'), FailureReason.AUTHENTICATION, False, True),
        (ccxt.DDoSProtection("binance 429 Too Many {}"), FailureReason.RATE_LIMITED, True, True),
        (ccxt.DDoSProtection("binance 418 I'm a teapot {}"), FailureReason.BANNED, True, True),
        (
            ccxt.InvalidOrder('binance {"code":-2010,"msg":"Duplicate order sent."}'),
            FailureReason.DUPLICATE_ORDER,
            False,
            False,
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
            False,
        ),
        (ccxt.ExchangeNotAvailable("okx POST https://o/x 429 Too Many {}"), FailureReason.RATE_LIMITED, True, True),
        (ccxt.RequestTimeout('okx {"code":"50004","data":[]}'), FailureReason.TIMEOUT, True, False),
        (ccxt.ExchangeError('bybit {"retCode":10016,"retMsg":"x"}'), FailureReason.SERVER_ERROR, True, False),
        (ccxt.InvalidOrder('bybit {"retCode":170146,"retMsg":"x"}'), FailureReason.TIMEOUT, True, False),
        (ccxt.InvalidOrder('bybit {"retCode":110072,"retMsg":"x"}'), FailureReason.DUPLICATE_ORDER, False, False),
        (ccxt.ExchangeError('kraken {"error":["EService:Timeout"]}'), FailureReason.TIMEOUT, True, False),
        (ccxt.ExchangeError('kraken {"error":["EOrder:Margin"]}'), FailureReason.ORDER_REJECTED, False, True),
        (ccxt.ExchangeError('kraken {"error":["EWhatever:New"]}'), FailureReason.OTHER, False, False),
        (ccxt.DDoSProtection('kraken {"error":["EGeneral:Temporary lockout"]}'), FailureReason.BANNED, True, True),
        (ccxt.InvalidOrder('kucoin {"code":"126044","msg":"x"}'), FailureReason.DUPLICATE_ORDER, False, False),
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
            FailureReason.MARKET_CLOSED,
            True,
            False,
        ),
    ],
)
def test_where_the_class_misleads_the_venue_or_the_status_decides(classify, error, reason, retryable, known):
    found = classify(error)
    assert (found.reason, found.retryable, found.outcome_known) == (reason, retryable, known)


@given(st.text())
def test_any_message_can_be_read(text):
    message = Message.of(Exception(text))
    assert message.status is None or 400 <= message.status <= 599
    assert len(message.words()) <= LONGEST


@pytest.mark.parametrize("unit", ["a", "too many ", "timestamp ", "no ", "order id ", "repeated ", '"', "'", "{", "\\"])
def test_hostile_texts_are_read_in_linear_time(classify, unit):
    for kind in (ccxt.ExchangeError, ccxt.RateLimitExceeded, ccxt.InvalidOrder):
        started = time.process_time()
        classify(kind("venue " + unit * 5000))
        assert time.process_time() - started < 0.2


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('luno {"error":"ErrInsufficientFunds","ts":1}', "err insufficient funds 1"),
        ('gate {"label":"INSUFFICIENT_FUNDS"}', "insufficient funds"),
        ('htx {"err-code":"insufficient-funds"}', "insufficient funds"),
        ("x POST https://api/order?recvWindow=5000&timestamp=1 400 Bad Request doesn't fit", "doesnt fit"),
        ("x 503 Service <html>maintenance</html>", "service html maintenance html"),
        ("x <!DOCTYPE html><p>maintenance", ""),
    ],
)
def test_words_hold_what_the_venue_says_without_url_and_keys(message, words):
    assert Message.of(Exception(message)).words() == words


@pytest.mark.parametrize(
    ("message", "stage"),
    [
        ('binance {"code":-2010}', FailureStage.ANSWER_BEGUN),
        ("gate POST https://g/x 502 Bad Gateway", FailureStage.ANSWER_BEGUN),
        ("binance createOrder() requires a price argument", FailureStage.BEFORE_SEND),
        ("venue something", None),
    ],
)
def test_the_message_tells_how_far_the_request_had_come(classify, message, stage):
    assert classify(ccxt.InvalidOrder(message)).stage is stage


def test_codes_that_mean_success_are_no_errors():
    assert Message.of(Exception('okx {"code":"0","data":[{"sCode":"51008"}]}')).codes == ("51008",)


def test_of_errors_that_are_not_ccxts_the_class_tells_all(host):
    plugin = CcxtClassifier(host)
    assert all(plugin.needs_error(kind) for kind in EVERY_CLASS)
    assert not any(plugin.needs_error(kind) for kind in (ConnectionError, ValueError, UnreadableAnswer))
