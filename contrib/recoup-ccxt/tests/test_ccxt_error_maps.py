"""Every entry of ccxt's error maps, raised by ccxt itself, against what its class and the venue's words must mean.

The expectations are written down by themselves, in lists of plain words, and know nothing of the classifier's tables.
"""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ccxt
import pytest
from attrs import frozen

from recoup import Classification, ErrorCategory, FailureReason
from recoup_ccxt import CcxtClassifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AGREEMENT = 0.95
"""Of the distinct entries; what disagrees is printed by ``pytest -rP``."""

RETRY, VERIFY, NO = "retry", "verify", "no"
"""For a submit: known not to be executed and may succeed; outcome unknown; known and permanent."""

Expected = tuple[ErrorCategory, str, str]
"""Category, retryability of a submit, scenario."""

EXCHANGE, NETWORK = ErrorCategory.EXCHANGE, ErrorCategory.NETWORK
REJECTED = (EXCHANGE, NO, "order_rejection")
INVALID = (ErrorCategory.VALIDATION, NO, "order_rejection")
UNSUPPORTED = (ErrorCategory.CONFIGURATION, NO, "order_rejection")
FUNDS = (ErrorCategory.BUSINESS_LOGIC, NO, "order_rejection")
NOT_FOUND = (EXCHANGE, NO, "none")
LIMITED = (EXCHANGE, RETRY, "api_rate_limit")
CLOCK = (EXCHANGE, RETRY, "clock")
DOWN = (EXCHANGE, VERIFY, "exchange_maintenance")
UNKNOWN = (EXCHANGE, VERIFY, "order_submission")
TIMED_OUT = (NETWORK, VERIFY, "order_submission")
LOST = (NETWORK, VERIFY, "network_disconnection")

SCENARIO = {
    FailureReason.TIMEOUT: "order_submission",
    FailureReason.SERVER_ERROR: "order_submission",
    FailureReason.BAD_RESPONSE: "order_submission",
    FailureReason.DUPLICATE_ORDER: "order_submission",
    FailureReason.OTHER: "order_submission",
    FailureReason.CONNECTION_LOST: "network_disconnection",
    FailureReason.CONNECTION_FAILED: "network_disconnection",
    FailureReason.RATE_LIMITED: "api_rate_limit",
    FailureReason.BANNED: "api_rate_limit",
    FailureReason.MAINTENANCE: "exchange_maintenance",
    FailureReason.MARKET_CLOSED: "exchange_maintenance",
    FailureReason.CLOCK_SKEW: "clock",
    FailureReason.ORDER_NOT_FOUND: "none",
    FailureReason.AUTHENTICATION: "order_rejection",
    FailureReason.PERMISSION: "order_rejection",
    FailureReason.INSUFFICIENT_FUNDS: "order_rejection",
    FailureReason.ORDER_REJECTED: "order_rejection",
    FailureReason.INVALID_REQUEST: "order_rejection",
}
"""Which scenario takes a submit that failed for a reason."""

BY_CLASS: dict[str, Expected] = {
    "ArgumentsRequired": INVALID,
    "AuthenticationError": REJECTED,
    "BadRequest": INVALID,
    "BadResponse": UNKNOWN,
    "CancelPending": UNKNOWN,
    "DDoSProtection": LIMITED,
    "DuplicateOrderId": UNKNOWN,
    "ExchangeClosedByUser": UNKNOWN,
    "ExchangeError": UNKNOWN,
    "ExchangeNotAvailable": UNKNOWN,
    "InsufficientFunds": FUNDS,
    "InvalidAddress": INVALID,
    "InvalidNonce": CLOCK,
    "InvalidOrder": REJECTED,
    "NetworkError": LOST,
    "NotSupported": UNSUPPORTED,
    "OnMaintenance": DOWN,
    "OperationFailed": UNKNOWN,
    "OperationRejected": REJECTED,
    "OrderNotFound": NOT_FOUND,
    "PermissionDenied": REJECTED,
    "RateLimitExceeded": LIMITED,
    "RequestTimeout": TIMED_OUT,
}
"""By ccxt's class, or the nearest one above it."""

VAGUE = {"BadResponse", "ExchangeError", "ExchangeNotAvailable", "OperationFailed"}
REFUSAL = {"BadRequest", "InvalidOrder", "OperationRejected"}
WORDED = {"BadRequest", "ExchangeError", "InvalidOrder", "OperationFailed", "OperationRejected"}
LIMIT = {"DDoSProtection", "RateLimitExceeded"}
SETTLED = {"CancelPending", "DuplicateOrderId", "InsufficientFunds", "InvalidNonce", "NetworkError"}
SETTLED |= {"OnMaintenance", "OrderNotFound", "RequestTimeout"}
OPEN = set(BY_CLASS) - SETTLED - LIMIT
"""Classes of errors whose outcome is open all the same where the venue says so."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.removeprefix(" ") for word in text.split(";"))


BY_WORDS: list[tuple[set[str], tuple[str, ...], Expected]] = [
    (LIMIT, _words("banned; lockout; temporary block"), LIMITED),
    (LIMIT, _words("busy; queue full"), UNKNOWN),
    (LIMIT, _words("time out"), TIMED_OUT),
    (LIMIT, _words("too many requests; rate limit; too frequent; frequency"), LIMITED),
    (LIMIT, _words("open order; stop order; no more stops; max num; cancel order size; batch; subscri"), REJECTED),
    (LIMIT, _words("accounts; connections; addr count; daily; premium; permission; api key"), REJECTED),
    ({"InvalidNonce"}, _words("must less than; needs to be; request id"), INVALID),
    ({"InvalidNonce"}, _words("session key"), REJECTED),
    ({"InvalidNonce"}, _words("signature already used"), UNKNOWN),
    ({"DuplicateOrderId"}, _words("duplicate ip"), INVALID),
    (OPEN, _words("outside of the recvwindow; outside the recvwindow; outside of the me recvwindow"), CLOCK),
    (
        OPEN,
        _words("ahead of server; timestamp expired; timestamp request expired; request expired; is exceeded from"),
        CLOCK,
    ),
    (
        OPEN,
        _words("timeout; timed out; gateway time out; before the deadline; respond in time; order in time"),
        TIMED_OUT,
    ),
    (OPEN, _words("status unknown; may or may not; unknown error; unknownerror; some general failure"), UNKNOWN),
    (OPEN, _words("internal error; internal server error; internal system error; interal error"), UNKNOWN),
    (OPEN, _words("internal service error; internal failure; internal exception; internal accounts error"), UNKNOWN),
    (OPEN, _words("internal network error; internal module; gateway; server error; service error"), UNKNOWN),
    (
        OPEN,
        _words("service exception; system error; system exception; system is abnormal; system abnormality"),
        UNKNOWN,
    ),
    (OPEN, _words("engine error; database error; rpc fail; unexpected error; unexpected resp"), UNKNOWN),
    (
        OPEN,
        _words("being processed; order is processing; operation processing; system for processing; is processing"),
        UNKNOWN,
    ),
    (OPEN, _words("in flight; partially succe; network error; system busy; system is busy; server is busy"), UNKNOWN),
    (OPEN, _words("overloaded; abnormality; engine failed"), UNKNOWN),
    (OPEN, _words("maintenance mode; under maintenance; for maintenance; is maintenance; maintenane mode"), DOWN),
    (OPEN, _words("cancel only; post only mode; account migration"), DOWN),
    (VAGUE | REFUSAL, _words("duplicate order; duplicate client; duplicated client; duplicate request"), UNKNOWN),
    (VAGUE | REFUSAL, _words("request is duplicate; duplicated order; orderlinkedid is duplicate"), UNKNOWN),
    (
        VAGUE | REFUSAL,
        _words("clientoid duplicate; client order id already; clientid already; orderid already"),
        UNKNOWN,
    ),
    (
        VAGUE | REFUSAL,
        _words("client order index already; client order id is repeated; order link id is repeated"),
        UNKNOWN,
    ),
    (VAGUE | REFUSAL, _words("repeated request; repeated creation; algo id is duplicated"), UNKNOWN),
    (VAGUE | REFUSAL, _words("clienttranid is duplicated; duplicate transferid; already been processed"), UNKNOWN),
    (VAGUE | REFUSAL, _words("repeated repayment; repeated borrowing; client move id; identical external id"), UNKNOWN),
    (VAGUE | REFUSAL, _words("duplicate customized order id; order duplicated"), UNKNOWN),
    (VAGUE | REFUSAL, _words("too many requests; too many new orders; too frequent; order rate limit"), LIMITED),
    (WORDED - {"BadRequest"}, _words("insufficient; not enough balance; not enough margin; cannot afford"), FUNDS),
    (WORDED - {"BadRequest"}, _words("below maintenance margin; below initial margin; is not sufficient"), FUNDS),
    ({"ExchangeNotAvailable"}, _words("market is closed; trading is not enabled; trading halted; inactive"), REJECTED),
    ({"ExchangeNotAvailable"}, _words("trading paused; no trading; not active; already ended; not found"), REJECTED),
    ({"ExchangeNotAvailable"}, _words("no longer available; disabled; yet to open"), REJECTED),
    (WORDED, _words("some errors which are not considered"), UNKNOWN),
    (
        WORDED & VAGUE,
        _words("invalid; illegal; incorrect; wrong; unsupported; unrecognized; mismatch; unmatched"),
        REJECTED,
    ),
    (WORDED & VAGUE, _words(" not ; no ; cannot; can t ; couldn t ; doesn t ; don t ; haven t ; isn t "), REJECTED),
    (WORDED & VAGUE, _words("unable to place; must; should; require; missing; need to; please enable"), REJECTED),
    (
        WORDED & VAGUE,
        _words("exceed; breach; than; too ; min; max; limit; reached; range; precision; format"),
        REJECTED,
    ),
    (
        WORDED & VAGUE,
        _words("reject; only; disabled; closed; suspended; paused; halted; settling; settlement"),
        REJECTED,
    ),
    (
        WORDED & VAGUE,
        _words("expired; already; frozen; banned; locked; is lock; liquidat; blocked; restrict"),
        REJECTED,
    ),
    (
        WORDED & VAGUE,
        _words("empty; either; conflict; collision; parameter error; forbid; prohibit; permission"),
        REJECTED,
    ),
    (WORDED & VAGUE, _words("denied; unauthorized; authenticat; api key; apikey; up to; you have; you can"), REJECTED),
    (WORDED & VAGUE, _words("account is abnormal; risk control; blank; switched off; delisting"), REJECTED),
    (WORDED & VAGUE, _words("have open; open orders exist; status is abnormal; unusual; inactive"), REJECTED),
]
"""By ccxt's classes and words in the venue's answer, which mean more than the class; the first that is found counts."""

BY_STATUS = {"ExchangeError", "ExchangeNotAvailable", "NetworkError", "RequestTimeout"}
"""Classes of which the status of an answer without a body says more."""

STATUS = {
    400: INVALID,
    401: REJECTED,
    403: REJECTED,
    404: INVALID,
    405: INVALID,
    407: REJECTED,
    408: TIMED_OUT,
    410: INVALID,
    418: LIMITED,
    422: INVALID,
    429: LIMITED,
    451: REJECTED,
    504: TIMED_OUT,
    511: REJECTED,
}
"""By the status of an answer without a body; any other leaves the outcome unknown."""


_COMMENTED = re.compile(r"^\s*'((?:[^'\\]|\\.)+)':\s*(\w+),\s*#\s*(\S.*)$", re.MULTILINE)
_QUOTED_TEXT = re.compile(r'"(?:message|msg|retMsg|ret_msg|error_message|err_msg|err-msg|errmsg|detail)":\s*"([^"]+)"')


@frozen
class Entry:
    """One entry of one exchange.

    Attributes:
        venue: ccxt's exchange id.
        scope: the maps around it, such as ``("spot", "exact")``.
        key: the venue's code or text, or an HTTP status.
        kind: the name of the class that ccxt makes of it.
        meaning: what ccxt's source says of it, or ``""``.
    """

    venue: str
    scope: tuple[str, ...]
    key: str
    kind: str
    meaning: str

    @property
    def distinct(self) -> tuple[str, str, str]:
        return self.kind, self.key, self.meaning

    @property
    def said(self) -> str:
        """What the venue says in words: the entry's text or its documented meaning."""
        text = "" if self.key.lstrip("-").isdigit() else self.key
        return " ".join(part for part in (text, self.meaning) if part)

    def error(self, *, worded: bool) -> ccxt.BaseError:
        """Have ccxt raise what it makes of the venue's answer, its message put together as the exchange does.

        Args:
            worded: whether the answer says in words what its code means, as venues mostly do.
        """
        exchange = _exchange(self.venue)
        try:
            if self.scope == ("http",):
                url = f"https://api.{self.venue}.com/order?timestamp=1&recvWindow=5000&signature=0a"
                exchange.handle_http_status_code(int(self.key), "Reason", url, "POST", "")
            feedback = f"{self.venue} {self._body(self.meaning if worded else '')}"
            errors = {self.key: getattr(ccxt, self.kind)}
            if "broad" in self.scope:
                exchange.throw_broadly_matched_exception(errors, self.said, feedback)
            exchange.throw_exactly_matched_exception(errors, self.key, feedback)
        except ccxt.BaseError as error:
            return error
        raise AssertionError(f"ccxt raises nothing for {self}")

    def _body(self, meaning: str) -> str:
        if self.venue in ("kraken", "krakenfutures"):
            return json.dumps({"error": [self.key]})
        if not self.key.lstrip("-").isdigit():
            return json.dumps({"code": "-1", "msg": self.said, "timestamp": 1595711862763})
        code = int(self.key) if self.venue.startswith(("binance", "bybit")) else self.key
        name = "retCode" if self.venue.startswith("bybit") else "code"
        return json.dumps({name: code, "msg": meaning, "ts": 1595711862763, "data": []})


@cache
def _exchange(venue: str) -> Any:
    return getattr(ccxt, venue)()


def every_entry() -> list[Entry]:
    """Return the entries of every exchange that ccxt has; what ccxt itself could not raise is left out."""
    found = []
    for venue in ccxt.exchanges:
        exchange = _exchange(venue)
        meanings = _meanings(Path(inspect.getfile(type(exchange))).read_text(encoding="utf-8"))
        for scope, key, value in _walk(exchange.exceptions or {}, ()):
            kind, meaning = _kind(value)
            if kind is not None:
                found.append(Entry(venue, scope, key, kind, meaning or meanings.get((key, kind), "")))
        found += [Entry(venue, ("http",), key, kind.__name__, "") for key, kind in exchange.httpExceptions.items()]
    return found


def _walk(entries: Mapping[str, Any], scope: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    for key, value in entries.items():
        if isinstance(value, dict):
            yield from _walk(value, (*scope, key))
        else:
            yield scope, key, value


def _kind(value: Any) -> tuple[str | None, str]:
    """Read an entry's value: a class, a class with its text, or a text alone, which no error comes of."""
    if isinstance(value, list):
        return value[0].__name__, value[1]
    return getattr(value, "__name__", None), ""


def _meanings(source: str) -> dict[tuple[str, str], str]:
    found = {}
    for key, kind, comment in _COMMENTED.findall(source):
        quoted = _QUOTED_TEXT.search(comment)
        text = quoted[1] if quoted else comment
        if not text.startswith(("{", "override", "https:")):
            found[key, kind] = text
    return found


def expected(entry: Entry) -> Expected:
    kind = next(base.__name__ for base in getattr(ccxt, entry.kind).__mro__ if base.__name__ in BY_CLASS)
    if entry.scope == ("http",):
        return STATUS.get(int(entry.key), UNKNOWN) if kind in BY_STATUS else BY_CLASS[kind]
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", entry.said)
    for text in (entry.said, split):
        plain = " " + re.sub(r"[^a-z0-9]+", " ", text.lower()) + " "
        for kinds, words, meaning in BY_WORDS:
            if kind in kinds and any(word in plain for word in words):
                return meaning
    return BY_CLASS[kind]


def answer(found: Classification) -> Expected:
    retry = VERIFY if not found.outcome_known else RETRY if found.retryable else NO
    return found.category, retry, SCENARIO[found.reason]


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return every_entry()


@pytest.fixture
def judged(host, make_context, entries):
    plugin = CcxtClassifier(host)

    def judge(*, worded: bool) -> dict[Entry, Expected]:
        found = {}
        for entry in {entry.distinct: entry for entry in entries}.values():
            error = entry.error(worded=worded)
            classification = plugin.classify(error, make_context(error))
            assert classification is not None, entry
            found[entry] = answer(classification)
        return found

    return judge


def test_the_maps_are_all_there(entries):
    assert len(entries) > 11_000
    assert len({entry.venue for entry in entries}) > 95
    assert sum(entry.meaning != "" for entry in entries) > 5_000


@pytest.mark.parametrize("worded", [True, False], ids=["with the venue's words", "by code alone"])
def test_category_retryability_and_scenario_agree(judged, worded):
    found = judged(worded=worded)
    disagreements = [
        f"{entry.venue} {entry.kind} {entry.key!r} {entry.meaning!r}: expected {expected(entry)}, got {got}"
        for entry, got in found.items()
        if got != expected(entry)
    ]
    print(*disagreements, sep="\n")  # noqa: T201 - shown by pytest -rP
    assert len(disagreements) <= (1 - AGREEMENT) * len(found)


@pytest.mark.parametrize("worded", [True, False], ids=["with the venue's words", "by code alone"])
def test_never_retry_where_it_must_be_verify_or_no(judged, worded):
    wrong = [
        (entry, got) for entry, got in judged(worded=worded).items() if got[1] == RETRY and expected(entry)[1] != RETRY
    ]
    assert wrong == []
