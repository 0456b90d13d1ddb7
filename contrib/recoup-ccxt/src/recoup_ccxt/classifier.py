"""The ``ccxt_classifier`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from recoup import Classification, ErrorContext, FailureReason, hookimpl
from recoup_ccxt import verdicts
from recoup_ccxt.errors import UnreadableAnswer
from recoup_ccxt.exception_table import CLASSES, STATUSES, ccxt_class
from recoup_ccxt.message import Message
from recoup_ccxt.transport import Stage, stage_of
from recoup_ccxt.venue import CcxtVenue
from recoup_ccxt.venue_codes import DUPLICATES, VENUES, VenueCodes
from recoup_ccxt.waiting import asked_wait

if TYPE_CHECKING:
    from recoup.host import Host

_UNINFORMED = VenueCodes()
_DECIDED_BY_STATUS = frozenset({418, 429})
_STATUS_CLASSES = frozenset({"ExchangeNotAvailable", "ExchangeError", "NetworkError", "RequestTimeout"})
_MAY_BE_DUPLICATE = frozenset({"ExchangeError", "InvalidOrder", "BadRequest", "OperationRejected"})
_WITH_WAIT = frozenset(
    {FailureReason.RATE_LIMITED, FailureReason.BANNED, FailureReason.MAINTENANCE, FailureReason.SERVER_ERROR}
)


class CcxtClassifier:
    """Says what ccxt's errors mean for the order that was sent. Thread-safe and task-safe; does not import ccxt.

    In doubt an error leaves the outcome unknown. ccxt's class decides unless the transport, the HTTP status or the
    venue's own code says more.
    """

    def __init__(self, host: Host) -> None:
        self._clock = host.clock

    @hookimpl
    def classify(self, error: Exception, context: ErrorContext) -> Classification | None:
        """Answer for ccxt's own errors and those of this distribution."""
        if isinstance(error, UnreadableAnswer):
            return verdicts.UNREADABLE
        name = ccxt_class(error)
        if name is None:
            return None
        message = Message.of(error)
        found = _judge(error, name, message)
        if found.reason not in _WITH_WAIT:
            return found
        wait = asked_wait(error, message, _venue(context), self._clock)
        return found if wait is None else evolve(found, retry_after=wait)

    def needs_error(self, kind: type[Exception]) -> bool:
        """Say whether errors of exactly this class have to be looked into: all of ccxt's, whose message tells more."""
        return any(base.__module__.partition(".")[0] == "ccxt" for base in kind.__mro__)


def _judge(error: Exception, name: str, message: Message) -> Classification:
    if message.bare:
        return _by_transport(error, name)
    if message.status in _DECIDED_BY_STATUS:
        return STATUSES[message.status]
    codes = VENUES.get(message.venue, _UNINFORMED)
    return _by_code(codes, name, message) or _by_class(codes, name, message)


def _by_transport(error: Exception, name: str) -> Classification:
    stage = stage_of(error)
    if stage is Stage.CERTIFICATE:
        return verdicts.CERTIFICATE_REFUSED
    if stage is Stage.NEVER_SENT:
        return verdicts.NOT_SENT
    if name == "ExchangeError":
        # A body that broke off, or an HTTP status that ccxt has no class for.
        status = getattr(getattr(error.__cause__, "response", None), "status_code", None)
        if stage is Stage.UNDER_WAY or status is None:
            return verdicts.UNREADABLE
        return STATUSES.get(status, verdicts.SERVER_ERROR)
    if name == "ExchangeNotAvailable":
        return verdicts.CONNECTION_LOST
    return CLASSES[name]


def _by_code(codes: VenueCodes, name: str, message: Message) -> Classification | None:
    for text, found in codes.texts.items():
        if text in message.text:
            return found
    for code in message.codes:
        if code in codes.codes:
            return codes.codes[code]
    if name in _MAY_BE_DUPLICATE:
        lowered = message.text.lower()
        if any(phrase in lowered for phrase in DUPLICATES):
            return verdicts.DUPLICATE
    return None


def _by_class(codes: VenueCodes, name: str, message: Message) -> Classification:
    if name in _STATUS_CLASSES and message.status is not None:
        if message.status == 503 and "maintenance" in message.text.lower():  # noqa: PLR2004 - RFC 9110 §15.6.4
            return verdicts.MAINTENANCE
        return STATUSES.get(message.status, CLASSES[name])
    if name == "ExchangeError" and _is_refusal(codes, message):
        return verdicts.REJECTED
    return CLASSES[name]


def _is_refusal(codes: VenueCodes, message: Message) -> bool:
    return any(int(code) in span for code in message.codes for span in codes.refused) or any(
        text in message.text for text in codes.refusals
    )


def _venue(context: ErrorContext) -> CcxtVenue | None:
    if context.call is None:
        return None
    operation = context.call.operation
    for port in (operation.venue, operation.orders):
        if isinstance(port, CcxtVenue):
            return port
    return None
